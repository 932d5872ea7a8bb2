"""The page docs/startup.md: what starting costs, what is done about it, how it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.startup.measure import Build

INTRODUCTION = """\
# What starting costs

A job of a small network does little but start: it imports TensorFlow, torch or OpenVINO, works for
a tenth of a second, and ends. This page is made by the command below.

| | |
|---|---|
| date | {date} |
| machine | {machine}; load {load} while measuring |
| versions | {ours} |
| command | `{command}` |
"""

METHOD = """\
## What is done about it

- **The store is asked first** (`converters/job.py`). A job that finds its result there imports
  nothing heavy.
- **Nothing is imported that no stage needs** (`converters/imports.py`): TensorFlow without Keras,
  onnxsim without torch, OpenVINO without the package that reports its use. A test holds every stage
  to a table of the heavy packages that it may load (`tests/test_imports.py`).
- **Bytecode**: `make env` compiles all packages when it installs them.
- **Workers** (`converters/workers/`): for each family of packages one server, which imports them
  once and forks for every job. The first job that wants a family starts its server; the servers
  end with the build, however it ends. A child is used for one job only, and is what the job's own
  process would have been: folder, variables, standard files, exit code, signals. It makes the same
  bytes; the command above compares all packages of both builds.

| family | jobs | what it has imported |
|---|---|---|
| torch | export; reference of PyTorch networks | torch, onnx |
| tensorflow | tf, quantize, formats; verify of a SavedModel; mo and reference of TensorFlow's \
formats | \
TensorFlow without Keras, OpenVINO, SciPy |
| runtimes | simplify, mo, verify, reference of the rest; the check of a TFLite file | OpenVINO, \
Model Optimizer, onnx, tflite-runtime |

TensorFlow and tflite-runtime cannot share a process; ONNX Runtime starts a thread when it is
imported, which no fork would have, so the jobs import it themselves. Everything else is imported
before the first fork and nothing has run by then: a test counts the threads of each family.

A job does its work in its own process where there is no worker: with `ZOO_WORKERS=0`, on a
cluster's node, when a stage is run by hand, or when a server died. No result depends on it.

One job for several artefacts would save little more: with workers, a further TFLite file of one
SavedModel costs the conversion, the check and {client:.2f} s for the process that asks the store.
So [one job per artefact](adr/0003-one-job-per-artefact.md) stays.

What to know: Snakemake's `benchmark:` files count the process that it started. With workers, their
columns of memory and CPU are those of the client; the seconds are right. While a build runs, the
three servers hold about 160, 130 and 55 MB of their own (torch, tensorflow, runtimes); children
share these pages. A server that has nothing to do for {idle:.0f} minutes ends.

## How it is measured

- The zoo is made up: {models} different networks of two convolutions, {artifacts} artefacts each,
  with calibration and verification on generated pictures. It is built twice from nothing, without a
  store, in one run: first with a process per stage (`ZOO_WORKERS=0`), then with workers.
- CPU seconds are those of all processes: Snakemake, jobs, servers, their children. The measuring
  process adopts orphans (`PR_SET_CHILD_SUBREAPER`) and waits for every one, so that the kernel
  counts servers too.
- The process per stage is today's, with all of the above but the workers.
"""


def page(
    builds: Mapping[str, Build], imports: Mapping[str, float], facts: Mapping[str, str]
) -> str:
    """The whole page."""
    numbers = {
        "client": imports["one job that finds its result in the store"],
        "idle": float(facts["idle"]) / 60,
    }
    parts = [
        INTRODUCTION.format_map(facts),
        "## A zoo from nothing\n",
        "\n".join(table(builds, int(facts["models"]))) + "\n",
        conclusion(builds) + "\n",
        "## An interpreter that imports\n",
        "\n".join(import_table(imports)) + "\n",
        METHOD.format_map({**facts, **numbers}),
    ]
    return "\n".join(parts)


def table(builds: Mapping[str, Build], models: int) -> Iterator[str]:
    """A line per way to build."""
    yield f"| {models} models, {_jobs(builds)} jobs | CPU s | user | system | per model | clock s |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, build in builds.items():
        usage = build.usage
        cells = (usage.cpu, usage.user, usage.system)
        numbers = " | ".join(f"{value:.0f}" for value in cells)
        yield f"| {name} | {numbers} | {usage.cpu / models:.1f} | {usage.wall:.0f} |"


def conclusion(builds: Mapping[str, Build]) -> str:
    """The ratio, and whether both made the same."""
    alone, shared = builds.values()
    ratio = shared.usage.cpu / alone.usage.cpu
    same = alone.digests == shared.digests
    count = len(shared.digests)
    words = "all packages are equal, byte for byte" if same else "THE PACKAGES DIFFER"
    return f"Workers take {ratio:.2f} of the CPU seconds; {words} ({count} compared)."


def import_table(imports: Mapping[str, float]) -> Iterator[str]:
    """A line per import."""
    yield "| a new process | CPU s |"
    yield "|---|---:|"
    for name, seconds in imports.items():
        yield f"| {name} | {seconds:.2f} |"


def _jobs(builds: Mapping[str, Build]) -> int:
    return max(build.jobs for build in builds.values())
