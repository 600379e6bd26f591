"""A Slurm cluster of two nodes on this machine, and how it disturbs a run; needs root, packages."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.project import ENVIRONMENT, Project

PROFILE = "profiles/slurm/profile.v9+.yaml"
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm")
# A node has two cores, and this cluster answers at once.
HERE = ("--max-threads", "2", "--seconds-between-status-checks", "2")
# Of a dense model's perplexity, the first time: less than it takes.
LITTLE = "350 if attempt == 1 and wildcards.cell == 'dense' else 2000"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
# Slurm takes SLURM_* out of a job's environment: jobs look for the configuration here alone.
SYSTEM_CONF = Path("/etc/slurm/slurm.conf")
CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=26817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
MpiDefault=none
ReturnToService=2
MinJobAge=3600
SchedulerParameters=bf_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
GresTypes=gpu
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=UNLIMITED State=UP
"""
NODE = """
NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=8000 Gres=gpu:2
"""

# A process and its children see a folder of their own at a place, and a cache of their own.
APART = """
mount --bind "$1" "$2" && mkdir -p "$HOME/.cache" && mount -t tmpfs cache "$HOME/.cache" && shift 2
exec "$@"
"""


def missing() -> str | None:
    """Why no cluster can be started here, None if one can."""
    if os.geteuid():
        return "not root"
    absent = [name for name in PROGRAMS if not shutil.which(name, path=f"{os.defpath}:/usr/sbin")]
    if absent:
        return f"no {', '.join(absent)} (Debian: slurmctld slurmd slurm-client munge)"
    return f"{SYSTEM_CONF} exists: a Slurm of the machine's own" if SYSTEM_CONF.exists() else None


def run(*command: str | Path) -> str:
    """The output of a command that must succeed."""
    words = list(map(str, command))
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Cluster:
    """Two nodes, n1 and n2, of two cores and two pretended GPUs each, without accounting.

    If a folder is named as `apart`, each node has a copy of its own at that place, and
    sees neither the other's nor the folder itself.
    """

    def __init__(self, apart: Path | None = None):
        self.apart = apart

    def on_node(self, name: str) -> Path:
        """Where the folder of a node really lies."""
        return self.folder / f"disk-{name}"

    def __enter__(self):
        # Munge's socket wants every folder above it to be passable, which pytest's are not.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.folder.chmod(0o755)
        host = socket.gethostname().split(".")[0]
        nodes = [NODE.format(name=f"n{n}", host=host, port=26820 + n) for n in (1, 2)]
        conf = self.folder / "slurm.conf"
        conf.write_text(CONF.format(host=host, folder=self.folder) + "".join(nodes))
        # Devices that exist everywhere: Slurm counts them and nobody computes on them.
        gpus = "".join(f"NodeName=n[1-2] Name=gpu File=/dev/{d}\n" for d in ("null", "zero"))
        (self.folder / "gres.conf").write_text(gpus)
        for name in ("state", "spool-n1", "spool-n2"):
            (self.folder / name).mkdir()
        SYSTEM_CONF.parent.mkdir(exist_ok=True)
        SYSTEM_CONF.symlink_to(conf)
        try:
            self._start(conf)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, conf: Path) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = {name: self.folder / f"munge.{name}" for name in ("socket", "pid", "log", "seed")}
        run(
            *("/usr/sbin/munged", "--key-file", key, "--socket", files["socket"]),
            *("--pid-file", files["pid"], "--log-file", files["log"], "--seed-file", files["seed"]),
        )
        run("/usr/sbin/slurmctld", "-f", conf)
        for node in ("n1", "n2"):
            daemon = ("/usr/sbin/slurmd", "-f", conf, "-N", node)
            if self.apart:
                shutil.copytree(self.apart, self.on_node(node))
                places = self.on_node(node), self.apart
                own = ("unshare", "--mount", "sh", "-c", APART, "sh", *places)
                daemon = (*own, *daemon)
            run(*daemon)
        self.wait(lambda: len(run("sinfo", "-hN", "-t", "idle", "-o", "%N").split()) == 2)

    def __exit__(self, *_):
        if (self.folder / "slurmctld.pid").exists():
            # Jobs outlive the daemons.
            run("scancel", "--user", str(os.getuid()))
            self.wait(lambda: not run("squeue", "-h", "-t", "pending,running,completing"))
        for pid in (self.folder / f"{name}.pid" for name in ("n1", "n2", "slurmctld", "munge")):
            if pid.exists():
                os.kill(int(pid.read_text()), signal.SIGTERM)
                self.wait(lambda pid=pid: not pid.exists(), seconds=20)
        SYSTEM_CONF.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self, happened, seconds: float = 300):
        """What `happened` returns, once it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := happened():
                return found
            time.sleep(0.2)
        raise TimeoutError(f"still waiting after {seconds} s:\n{run('squeue')}")

    def jobs(self, rule: str, *states: str) -> list[str]:
        """Ids of the jobs of a rule in these states, in the order of their submission."""
        lines = run("squeue", "-h", "-S", "i", "-t", ",".join(states), "-o", "%i %k").splitlines()
        return [line.split()[0] for line in lines if f"rule_{rule}" in line]

    def logs(self) -> str:
        """What the nodes have to say."""
        return "".join((self.folder / f"{node}.log").read_text() for node in ("n1", "n2"))


def told(job: str) -> dict[str, str]:
    """What Slurm knows of a job, ended ones for an hour."""
    return dict(re.findall(r"(\w+)=(\S*)", run("scontrol", "show", "job", job)))


def run_and_disturb(project: Project, cluster: Cluster, seconds: float = 400) -> str:
    """Run a matrix to its end on a cluster that kills a job, drains a node and is short of memory.

    What Snakemake says goes to the file `out`. Fails the test when the run does, or takes longer.

    Returns:
        the killed job's id.
    """
    project.edit(PROFILE, "status-checks: 20", "status-checks: 2")
    with open(project.folder / PROFILE, "a") as profile:
        profile.write(f'set-resources: {{evaluate_perplexity: {{mem_mb: "{LITTLE}"}}}}\n')
    with (
        open(project.folder / "out", "w") as out,
        subprocess.Popen(
            [*SNAKEMAKE, *HERE],
            cwd=project.folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
        ) as process,
    ):
        try:
            killed = cluster.wait(lambda: cluster.jobs("prune_cell", "running"))[0]
            run("scancel", killed)
            run("scontrol", "update", "nodename=n2", "state=drain", "reason=test")
            process.wait(seconds)
        finally:
            process.kill()
    assert process.returncode == 0, (project.folder / "out").read_text()[-4000:]
    return killed
