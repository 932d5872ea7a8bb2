"""A Slurm cluster on this machine alone: a controller and some nodes, in a folder of a test.

Needs root and Debian's `slurm-wlm` and `munge`; no service manager, no accounts, no cgroups. All
daemons stay in the foreground as children of the test, and are ended with it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

CONFIG = Path("/etc/slurm/slurm.conf")
"""Where jobs look for it: Snakemake's plugin takes SLURM_CONF away from them."""

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "srun")

TEMPLATE = """\
ClusterName=zoo
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.sock
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
ReturnToService=2
MailProg=/bin/true
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
SlurmdSpoolDir={folder}/spool/%n
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MinJobAge=3600
KillWait=5
SlurmdTimeout=6
JobRequeue=0
{nodes}
PartitionName=zoo Nodes=ALL Default=YES MaxTime=UNLIMITED State=UP
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=8000"


def missing() -> str:
    """Why no cluster can be started here; empty if one can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=search_path()) is None]
    if absent:
        return f"Slurm is not installed: no {', '.join(absent)} (Debian: slurm-wlm and munge)"
    if os.geteuid() != 0:
        return "only root can start Slurm's daemons for a test"
    if CONFIG.exists() or CONFIG.is_symlink():
        return f"this machine has a Slurm of its own: {CONFIG}"
    return ""


def search_path() -> str:
    """Debian's daemons lie where users do not look."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def wait_until(what: Callable[[], bool], seconds: float, why: str) -> None:
    """Wait; the time is a bound for failures, never an expectation."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(why)
        time.sleep(0.2)


class Cluster:
    """A running cluster; a context manager that leaves nothing behind."""

    def __init__(self, folder: Path, nodes: Sequence[str]) -> None:
        self.folder, self.nodes = folder, tuple(nodes)
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Cluster:
        try:
            self._configure()
            self._start("munged", *self._munge())
            wait_until((self.folder / "run/munge.sock").exists, 30, "munged does not answer")
            self._start("slurmctld", "slurmctld", "-D", "-c")
            for node in self.nodes:
                self._start(node, "slurmd", "-D", "-N", node)
            wait_until(lambda: self.idle() == set(self.nodes), 60, "the nodes do not answer")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            self._end_steps(self.jobs(node) if "slurmctld" in self.daemons else [])
        for daemon in reversed(list(self.daemons.values())):
            daemon.terminate()
        for daemon in self.daemons.values():
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons.clear()
        if CONFIG.is_symlink() and CONFIG.readlink() == self.folder / "slurm.conf":
            CONFIG.unlink()

    def _configure(self) -> None:
        for name in ("run", "log", "state", "munge", *(f"spool/{node}" for node in self.nodes)):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "munge").chmod(0o700)
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        host, ports = socket.gethostname().split(".")[0], free_ports(1 + len(self.nodes))
        pairs = zip(self.nodes, ports[1:], strict=True)
        lines = "\n".join(NODE.format(name=name, host=host, port=port) for name, port in pairs)
        text = TEMPLATE.format(host=host, folder=self.folder, ports=ports, nodes=lines)
        (self.folder / "slurm.conf").write_text(text)
        CONFIG.parent.mkdir(exist_ok=True)
        CONFIG.symlink_to(self.folder / "slurm.conf")

    def _munge(self) -> list[str]:
        places = {
            "key-file": "munge/key",
            "socket": "run/munge.sock",
            "pid-file": "run/munged.pid",
            "log-file": "log/munged.log",
            "seed-file": "munge/seed",
        }
        options = [f"--{name}={self.folder / place}" for name, place in places.items()]
        return ["munged", "--foreground", "--force", *options]

    def _start(self, name: str, program: str, *words: str) -> None:
        log = (self.folder / "log" / f"{name}.out").open("wb")
        path = shutil.which(program, path=search_path())
        command = [str(path), *words]
        self.daemons[name] = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()

    def ask(self, *command: str) -> list[str]:
        """The lines that a command of Slurm answers."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.stdout.split("\n")[:-1]

    def idle(self) -> set[str]:
        """The nodes that wait for work."""
        return set(self.ask("sinfo", "-h", "-N", "-t", "idle", "-o", "%N"))

    def jobs(self, node: str) -> list[str]:
        """The ids of the jobs that run on a node."""
        return self.ask("squeue", "-h", "-t", "running", "-w", node, "-o", "%A")

    def kill(self, node: str) -> list[str]:
        """The node loses power: its daemon and all that it had started; the ids of its jobs."""
        jobs = self.jobs(node)
        self.daemons[node].send_signal(signal.SIGKILL)
        self.daemons.pop(node).wait()
        self._end_steps(jobs)
        return jobs

    def _end_steps(self, jobs: Sequence[str]) -> None:
        """Kill the processes of jobs: each step's guard, which names its job, and all below it."""
        titles = tuple(f"slurmstepd: [{job}." for job in jobs)
        guards = [p for p in psutil.process_iter(["cmdline"]) if title(p).startswith(titles)]
        for process in [each for guard in guards for each in (guard, *descendants(guard))]:
            if process.is_running():
                process.kill()


def title(process: psutil.Process) -> str:
    """What a process calls itself."""
    return " ".join(process.info["cmdline"] or ())


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """All processes below one that may be gone already."""
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
