"""An executor that starts each job as Kubernetes does, in a folder of this machine.

The folder is empty, below that of the variable PODS. The job has the sources of the workflow as
Snakemake puts them into the store, and no variable but those that Snakemake hands to executors.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

# As the plugin for Kubernetes has it, but for the installation of the storage plugins.
common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=True,
    job_deploy_sources=True,
    pass_default_storage_provider_args=True,
    pass_default_resources_args=True,
    pass_envvar_declarations_to_cmd=False,
    auto_deploy_default_storage_provider=False,
    init_seconds_before_status_checks=1,
)


class Executor(RemoteExecutor):
    """Starts jobs as processes, and asks whether they live."""

    def run_job(self, job) -> None:
        """Start a job in a folder of its own."""
        folder = Path(tempfile.mkdtemp(prefix=f"{job.name}-", dir=os.environ["PODS"]))
        process = subprocess.Popen(
            ["sh", "-c", self.format_job_exec(job)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)} | self.envvars(),
            stdout=folder.with_suffix(".log").open("w"),
            stderr=subprocess.STDOUT,
        )
        job_info = SubmittedJobInfo(job, external_jobid=str(process.pid), aux={"pod": process})
        self.report_job_submission(job_info)

    async def check_active_jobs(self, active_jobs):
        """Report the jobs that ended; yields the others."""
        for job_info in active_jobs:
            code = job_info.aux["pod"].poll()
            if code is None:
                yield job_info
            elif code:
                self.report_job_error(job_info)
            else:
                self.report_job_success(job_info)

    def cancel_jobs(self, active_jobs) -> None:
        """Kill jobs."""
        for job_info in active_jobs:
            job_info.aux["pod"].kill()
