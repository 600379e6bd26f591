import logging

from snakemake_interface_logger_plugins.common import LogEvent

from heavytail.running import failures
from heavytail.running.failures import FailedJobs, job_name

LOG = "results/logs/prune_cell/a/wanda/0.6/gt/seed-0.log"
NAME = "prune_cell a/wanda/0.6/gt/seed-0"


def start(job: int) -> dict:
    return {"event": LogEvent.JOB_INFO, "jobid": job, "log": [LOG], "indent": False}


def error(job: int, *logs: str, indent: bool = False) -> dict:
    return {"event": LogEvent.JOB_ERROR, "jobid": job, "log": list(logs), "indent": indent}


def logs_of(*events: dict) -> list[str]:
    listener = FailedJobs()
    for event in events:
        listener.handle(logging.makeLogRecord({"msg": "as it is printed", **event}))
    return list(listener.logs.values())


def told(*events: dict, free: int = 2**30, **logs: str) -> list[str]:
    def read(path: str) -> str:
        if path not in logs:
            raise FileNotFoundError(path)
        return logs[path]

    return failures.reasons(logs_of(*events), read, lambda _path: free)


def test_a_name_is_the_rule_and_its_subject():
    assert job_name(LOG) == NAME
    assert job_name("results/logs/collect_cells.log") == "collect_cells"


def test_the_last_line_of_a_failed_jobs_log_is_the_reason():
    line = f"{NAME}: not finite (log: {LOG})"
    text = f"Traceback\nValueError: not finite\n{line}\n"
    assert told(start(4), error(4, LOG), start(4), error(4, LOG), **{LOG: text}) == [line]


def test_a_stored_log_has_the_same_name():
    stored = f"s3://bucket/{LOG}"
    line = f"{NAME}: not finite (log: {LOG})"
    assert told(error(4, f"{stored} (send to storage)"), **{stored: f"{line}\n"}) == [line]


def test_an_executor_s_own_log_is_not_the_job_s():
    line = f"{NAME}: not finite (log: {LOG})"
    assert told(error(4, LOG, ".snakemake/slurm_logs/4.log"), **{LOG: f"{line}\n"}) == [line]


def test_a_killed_job_and_one_without_a_log_file_say_so():
    line = f"{NAME}: ended without a reason, as a killed job does (log: {LOG})"
    assert told(error(4, LOG), **{LOG: "block 1 of 8\n"}) == [line]
    assert told(error(4, LOG)) == [line]


def test_a_full_disk_is_told_where_it_took_no_log():
    line = f"{NAME}: ended without a reason, as on a full disk: 4096 bytes are left (log: {LOG})"
    assert told(error(4, LOG), free=4096, **{LOG: ""}) == [line]
    reason = f"{NAME}: [Errno 28] No space left on device (log: {LOG})"
    assert told(error(4, LOG), free=4096, **{LOG: reason}) == [reason]


def test_a_job_that_worked_when_it_was_tried_again_did_not_fail():
    assert told(start(4), error(4, LOG), start(4)) == []
    # That another one starts makes nothing good.
    assert logs_of(start(4), error(4, LOG), start(5)) == [LOG]
    assert logs_of(error(4)) == []


def test_jobs_are_told_in_the_order_in_which_they_failed():
    assert logs_of(start(7), start(2), error(7, "a"), error(2, "b")) == ["a", "b"]


def test_of_a_group_that_failed_no_job_is_known_to_have_failed():
    assert logs_of(error(4, LOG, indent=True)) == []


def test_other_records_change_nothing():
    assert logs_of(error(4, LOG), {}, {"event": LogEvent.SHELLCMD, "cmd": "true"}) == [LOG]


def test_a_record_without_what_it_should_have_stops_no_run(capsys):
    assert logs_of({"event": LogEvent.JOB_ERROR}, error(4, LOG)) == [LOG]
    assert "AttributeError" in capsys.readouterr().err
