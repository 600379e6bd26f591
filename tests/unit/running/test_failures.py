from heavytail.running.failures import failed_jobs, job_name

LOG = "results/logs/prune_cell/a/wanda/0.6/gt/seed-0.log"
NAME = "prune_cell a/wanda/0.6/gt/seed-0"


def error(job: int, *lines: str) -> str:
    body = "".join(f"    {line}\n" for line in [f"jobid: {job}", *lines])
    return f"[a date]\nError in rule prune_cell:\n    message: None\n{body}[a date]\n"


def told(report: str, free: int = 2**30, **logs: str) -> list[str]:
    def read(path: str) -> str:
        if path not in logs:
            raise FileNotFoundError(path)
        return logs[path]

    return failed_jobs(report, read, lambda _path: free)


def test_a_name_is_the_rule_and_its_subject():
    assert job_name(LOG) == NAME
    assert job_name("results/logs/collect_cells.log") == "collect_cells"


def test_the_last_line_of_a_failed_jobs_log_is_the_reason():
    report = error(4, "input: a", f"log: {LOG} (check log file(s) for error details)")
    line = f"{NAME}: not finite (log: {LOG})"
    assert told(report * 2, **{LOG: f"Traceback\nValueError: not finite\n{line}\n"}) == [line]


def test_an_executor_s_own_log_is_not_the_job_s():
    line = f"{NAME}: not finite (log: {LOG})"
    report = error(4, f"log: {LOG}, .snakemake/slurm_logs/4.log (check log file(s))")
    assert told(report, **{LOG: f"{line}\n"}) == [line]


def test_a_killed_job_and_one_without_a_log_file_say_so():
    report = error(4, f"log: {LOG} (check)")
    line = f"{NAME}: ended without a reason, as a killed job does (log: {LOG})"
    assert told(report, **{LOG: "block 1 of 8\n"}) == [line]
    assert told(report) == [line]


def test_a_full_disk_is_told_where_it_took_no_log():
    report = error(4, f"log: {LOG} (check)")
    line = f"{NAME}: ended without a reason, as on a full disk: 4096 bytes are left (log: {LOG})"
    assert told(report, 4096, **{LOG: ""}) == [line]
    reason = f"{NAME}: [Errno 28] No space left on device (log: {LOG})"
    assert told(report, 4096, **{LOG: reason}) == [reason]


def test_a_job_that_worked_when_it_was_tried_again_did_not_fail():
    report = error(4, f"log: {LOG} (check)") + "Finished jobid: 4 (Rule: prune_cell)\n"
    assert told(report) == []
    assert told(error(4) + "nothing of a log here\n") == []
