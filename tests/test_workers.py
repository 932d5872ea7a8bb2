"""Workers: a job in a forked child is the job that a process of its own would have been."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from converters.workers import build_id, client, families, places, wire

ROOT = Path(__file__).resolve().parent.parent

CLIENT = """
import sys
from converters.workers import run_command_in_worker
family, entry, *argv = sys.argv[1:]
print("before")
code = run_command_in_worker(family, entry, argv)
sys.exit(99 if code is None else code)
"""
NO_WORKER = 99

JOBS = '''
import json, os, signal, subprocess, sys, time
from pathlib import Path

def tell(argv):
    """All that a process finds when it starts."""
    umask = os.umask(0)
    print(json.dumps({
        "argv": argv, "sys.argv": sys.argv[1:], "cwd": os.getcwd(), "umask": umask,
        "stdin": sys.stdin.read(), "environ": dict(os.environ), "hash": hash("zoo"),
        "pid": os.getpid(), "server": os.getppid(), "files": sorted(os.listdir("/proc/self/fd")),
        "path": sys.path[0], "modules": [n for n in sys.modules if n.startswith("converters")],
    }))
    print("aside", file=sys.stderr)
    return int(argv[0]) if argv else 0

def leave(argv):
    sys.exit(argv[0])

def fall(argv):
    raise RuntimeError("fell")

def die(argv):
    os.kill(os.getpid(), int(argv[0]))

def write(argv):
    """Writes for ever, itself and a process that it started."""
    for name in argv[:2]:
        Path(name).touch()
    loop = "import sys,time\\nwhile True: open(sys.argv[1],'a').write('x'); time.sleep(0.01)"
    subprocess.Popen([sys.executable, "-c", loop, argv[1]])
    while True:
        with open(argv[0], "a") as file:
            file.write("x")
        time.sleep(0.01)

def gentle(argv):
    """Ends in its own way when it is asked to."""
    def end(number, _):
        print("asked", number, flush=True)
        os._exit(5)
    signal.signal(signal.SIGTERM, end)
    Path(argv[0]).touch()
    time.sleep(60)

def inside(argv):
    """A job inside a job; what it sets itself asks for no other server."""
    from converters.aside import run_aside
    os.environ["OMP_NUM_THREADS"] = "3"
    ended = run_aside("none", "jobs", ["one", "two"])
    print(json.dumps([*ended, os.getppid()]))
    return 0

def main(argv):
    print(*argv, os.getppid())
    print("aside", file=sys.stderr)
    return 4

def remember(argv):
    """What one job leaves in its process, no other may find."""
    left = getattr(sys, "left", 0)
    sys.left = left + 1
    return left
'''


def interruptible() -> None:
    """What is started in the background of a shell ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Build:
    """A process that plays the build, and jobs that belong to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "jobs.py").write_text(JOBS)
        self.process = subprocess.Popen(["sleep", "600"])
        self.id = build_id(self.process.pid)
        self.environ = {
            **{k: v for k, v in os.environ.items() if k != "ZOO_WORKERS"},
            "PYTHONPATH": f"{ROOT}:{folder}",
            "XDG_RUNTIME_DIR": str(folder),
            "ZOO_BUILD": self.id,
            "OPENBLAS_NUM_THREADS": "1",
        }
        self.sockets = folder / f"zoo-{os.getuid()}-{self.id}"

    def start(self, job: str, *argv: object, family: str = "none", **environ: str):
        words = [sys.executable, "-c", CLIENT, family, f"jobs:{job}", *map(str, argv)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            preexec_fn=interruptible,
        )

    def run(self, job: str, *argv: object, given: str = "", **environ: str):
        process = self.start(job, *argv, **environ)
        out, err = process.communicate(given, timeout=120)
        return process.returncode, out, err

    def told(self, *argv: object, **environ: str) -> dict:
        code, out, err = self.run("tell", *argv, **environ)
        assert code == 0, err
        return json.loads(out.splitlines()[-1])

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def build():
    # short: a socket's path has at most 107 bytes, and the folders of tests side by side are long
    with tempfile.TemporaryDirectory(prefix="w", dir="/tmp", ignore_cleanup_errors=True) as folder:
        made = Build(Path(folder))
        yield made
        made.end()
        wait_until(lambda: not made.sockets.exists())


def wait_until(condition, seconds=60.0):
    for _ in range(int(seconds * 50)):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def is_running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def stands_still(path: Path) -> bool:
    before = path.stat().st_size
    time.sleep(0.2)
    return path.stat().st_size == before


# What a job finds ---------------------------------------------------------------------------------


def test_a_job_finds_what_its_own_process_would_have_found(build):
    code, out, err = build.run("tell", 0, "--name", "ü", given="asked", SEVERAL="words", TZ="UTC")
    first, second = out.splitlines()
    found = json.loads(second)
    assert (code, first, err) == (0, "before", "aside\n")
    assert found["argv"] == found["sys.argv"] == ["0", "--name", "ü"]
    assert found["stdin"] == "asked"
    assert Path(found["cwd"]) == Path(found["path"]) == build.folder.resolve()
    assert found["environ"].pop("ZOO_WORKERS_KIND")
    expected = {**build.environ, "SEVERAL": "words", "TZ": "UTC"}
    found["environ"].pop("LC_CTYPE", None)  # Python itself sets it where there is no locale
    assert found["environ"] == expected
    assert found["pid"] != found["server"]
    assert all(name.startswith("converters.workers") for name in found["modules"][1:])


def test_what_packages_set_when_they_are_imported_is_set(build):
    """Model Optimizer sets a variable at its import that it reads when it runs."""
    code, out, err = build.run("tell", 0, family="runtimes", LD_LIBRARY_PATH="/own")
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["environ"]["LD_LIBRARY_PATH"] == "/own"
    code, out, err = build.run("tell", 0, family="runtimes")
    assert "LD_LIBRARY_PATH" in json.loads(out.splitlines()[-1])["environ"]


def test_the_mask_for_new_files_is_the_jobs(build):
    before = os.umask(0o027)
    try:
        assert build.told()["umask"] == 0o027
    finally:
        os.umask(before)


def test_a_child_keeps_no_files_of_others(build):
    waiting = build.start("gentle", build.folder / "there")
    wait_until((build.folder / "there").exists)
    # standard files, its own connection, and the folder that is being listed
    assert len(build.told()["files"]) == 5
    waiting.terminate()
    waiting.communicate()


def test_what_is_read_at_the_start_gets_a_server_that_read_it(build):
    first = build.told(PYTHONHASHSEED="1")
    again = build.told(PYTHONHASHSEED="1", OTHER="x")
    second = build.told(PYTHONHASHSEED="2")
    assert first["server"] == again["server"] != second["server"]
    cold = "print(hash('zoo'))"
    for seed, found in (("1", first), ("2", second)):
        environ = {**build.environ, "PYTHONHASHSEED": seed}
        said = subprocess.run([sys.executable, "-c", cold], env=environ, stdout=subprocess.PIPE)
        assert int(said.stdout) == found["hash"]


def test_no_child_is_used_twice(build):
    assert [build.run("remember")[0] for _ in range(3)] == [0, 0, 0]


def test_jobs_at_once_share_one_server(build):
    jobs = [build.start("tell") for _ in range(8)]
    found = [json.loads(job.communicate("", timeout=120)[0].splitlines()[-1]) for job in jobs]
    assert len({each["server"] for each in found}) == 1
    assert len({each["pid"] for each in found}) == 8


def test_a_job_may_have_a_job_done(build):
    code, out, err = build.run("inside")
    ended, said, aside, server = json.loads(out.splitlines()[-1])
    assert (code, err, ended, aside) == (0, "", 4, "aside\n")
    assert said == f"one two {server}\n"


# How a job ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "argument", "code", "said"),
    [
        ("tell", 3, 3, "aside"),
        ("leave", "in words", 1, "in words"),
        ("fall", "", 70, "RuntimeError: fell"),
        ("die", int(signal.SIGKILL), 128 + signal.SIGKILL, ""),
        ("die", int(signal.SIGSEGV), 128 + signal.SIGSEGV, ""),
        ("absent", "", 70, "AttributeError"),
    ],
)
def test_the_end_of_a_child_is_the_end_of_its_job(build, job, argument, code, said):
    found, _, err = build.run(job, argument)
    assert found == code
    assert said in err
    # and the server serves on
    assert build.run("tell", 0)[0] == 0


def test_signals_reach_the_child(build):
    client_process = build.start("gentle", build.folder / "there")
    wait_until((build.folder / "there").exists)
    client_process.terminate()
    out, _ = client_process.communicate(timeout=60)
    assert client_process.returncode == 5
    assert "asked 15" in out


def test_an_interrupt_ends_the_child_and_is_told(build):
    client_process = build.start("write", build.folder / "a", build.folder / "b")
    wait_until(lambda: (build.folder / "b").exists() and (build.folder / "b").stat().st_size)
    client_process.send_signal(signal.SIGINT)
    _, err = client_process.communicate(timeout=60)
    assert client_process.returncode == 128 + signal.SIGINT
    assert "KeyboardInterrupt" in err
    wait_until(lambda: stands_still(build.folder / "a") and stands_still(build.folder / "b"))


def test_a_killed_client_takes_child_and_grandchild_with_it(build):
    client_process = build.start("write", build.folder / "a", build.folder / "b")
    wait_until(lambda: (build.folder / "b").exists() and (build.folder / "b").stat().st_size)
    client_process.kill()
    client_process.communicate()
    wait_until(lambda: stands_still(build.folder / "a") and stands_still(build.folder / "b"))
    assert build.run("tell", 0)[0] == 0


def test_a_killed_server_takes_its_children_and_the_job_is_done_elsewhere(build):
    server = build.told()["server"]
    client_process = build.start("write", build.folder / "a", build.folder / "b")
    wait_until(lambda: (build.folder / "b").exists() and (build.folder / "b").stat().st_size)
    os.kill(server, signal.SIGKILL)
    client_process.communicate(timeout=60)
    assert client_process.returncode == NO_WORKER
    wait_until(lambda: stands_still(build.folder / "a") and stands_still(build.folder / "b"))
    # its socket is still there; the next job starts another server in its place
    assert build.told()["server"] != server


def test_all_ends_with_the_build(build):
    server = build.told()["server"]
    client_process = build.start("write", build.folder / "a", build.folder / "b")
    wait_until(lambda: (build.folder / "b").exists() and (build.folder / "b").stat().st_size)
    build.end()
    client_process.communicate(timeout=60)
    assert client_process.returncode == client.LOST
    wait_until(lambda: not is_running(server) and not build.sockets.exists())
    wait_until(lambda: stands_still(build.folder / "a") and stands_still(build.folder / "b"))


def test_a_server_without_work_ends_and_another_follows(build):
    first = build.told(ZOO_WORKERS_IDLE="0.1")["server"]
    wait_until(lambda: not is_running(first))
    assert build.told(ZOO_WORKERS_IDLE="60")["server"] != first


# Where there is no worker -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environ",
    [{"ZOO_WORKERS": "0"}, {"ZOO_BUILD": ""}, {"ZOO_BUILD": "1-1"}, {"ZOO_BUILD": "no-sense"}],
    ids=str,
)
def test_a_job_without_a_build_does_its_work_itself(build, environ):
    assert build.run("tell", 0, **environ)[0] == NO_WORKER
    assert not build.sockets.exists()


def test_an_unsafe_folder_is_not_used(build, monkeypatch):
    build.sockets.mkdir(mode=0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(build.folder))
    assert not places._is_ours(build.sockets)
    build.sockets.rmdir()
    (build.folder / "elsewhere").mkdir(mode=0o700)
    build.sockets.symlink_to(build.folder / "elsewhere")
    assert not places._is_ours(build.sockets)
    build.sockets.unlink()


def test_folders_of_builds_that_are_gone_are_swept(build):
    gone = build.folder / f"zoo-{os.getuid()}-1-1"
    other = build.folder / f"zoo-{os.getuid()}-my-pictures"
    gone.mkdir()
    other.mkdir()
    assert build.run("tell", 0)[0] == 0
    assert not gone.exists() and other.exists()


def test_only_the_same_user_is_served(monkeypatch):
    with contextlib.ExitStack() as stack:
        here, there = (stack.enter_context(each) for each in socket.socketpair())
        assert wire.is_own(here)
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        assert not wire.is_own(there)


def test_nonsense_does_not_hurt_the_server(build):
    server = build.told()["server"]
    (path,) = build.sockets.glob("*.sock")
    for message in (b"", b"\x00", b"\x00\x00\x00\x02{}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(path))
            connection.sendall(message)
    assert build.told()["server"] == server


# Families -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "argv", "framework", "family"),
    [
        ("export", [], "pytorch", "torch"),
        ("verify", ["--artifact", "int8"], "pytorch", "runtimes"),
        ("verify", ["--artifact", "saved_model"], "onnx", "tensorflow"),
        ("reference", [], "keras", "tensorflow"),
        ("mo", [], "pytorch", "runtimes"),
        ("mo", [], "saved_model", "tensorflow"),
        ("reference", [], "onnx", "runtimes"),
        ("report", [], "pytorch", None),
    ],
)
def test_a_job_asks_for_the_family_that_it_imports(stage, argv, framework, family):
    assert families.family_of(stage, argv, framework) == family


@pytest.mark.parametrize("family", [name for name in families.FAMILIES if name != "none"])
def test_a_server_has_one_thread_and_refuses_no_import(family):
    """A fork copies one thread: a lock that another one held would never be opened."""
    code = (
        "import os, sys; from converters.workers import families as f;"
        "refused = f.preload(f.FAMILIES[sys.argv[1]]);"
        "print(refused, len(os.listdir('/proc/self/task')))"
    )
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, family],
        cwd=ROOT,
        env={**os.environ, **threads},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout == "[] 1\n"
