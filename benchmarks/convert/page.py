"""The page docs/benchmarks.md: a table, what was measured how, and what follows from it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.convert.measure import OURS, WRONG, Latency, Row
from benchmarks.convert.process import Usage
from benchmarks.convert.verdict import losses, pairs, summary

HEAD = (
    "model | by | ONNX to IR, s | to TFLite, s | peak MB | ops | transposes | kB | error "
    "| 1 thread, ms | 2 threads, ms"
)

INTRODUCTION = """\
# The converter, measured

Our converter beside onnx2tf, on the same networks in the same run. The command below made this
page; it is not edited by hand.

| | |
|---|---|
| date | {date} |
| machine | {machine}; load {load} while measuring |
| ours | {ours} |
| peer | {peer} |
| command | `{command}` |
"""

METHOD = """\
## How it is measured

- Every conversion is one fresh process, its start and its imports included: the command that a user
  would type. Seconds are those of the clock; in brackets, of the processor. The peak is the
  resident memory of the largest process.
- Ours goes from ONNX to IR (Model Optimizer) and from IR to TFLite; the comparison counts both.
  The peer goes from ONNX to TFLite at once; it runs onnxsim first and writes a float16 file too, as
  it does by default. All networks are simplified already.
- Operators, transposes and the bytes that these move are counted in the `.tflite` file.
- The error is that of the worst output: the mean over {samples} inputs of max |a - b| / max |b|,
  where b is ONNX Runtime's. The inputs of a network that the zoo has verified are the samples of
  that, and the same with noise; others are random. Names tell the outputs apart; of the orders of
  axes that fit the shape, the one with the least error is taken. A file with an error beyond
  {wrong} computes something else: it is listed, and not compared.
- Latency is that under tflite-runtime with its default delegate, in rounds in which the files take
  turns: the fastest round, in brackets the quartiles with the median between them. Rounds in which
  threads waited for a processor are left out; where too few remain, all are shown, marked ~, and
  not compared. The fastest rounds are compared, since other work on the machine only ever adds.
- What TensorFlow takes anyway is the processor time of a fresh process that imports it and converts
  the SavedModel that we wrote, and does nothing else. Layouts are the least of three assignments.
- Equal means: counts that are the same; sizes within 1%; memory, CPU and latencies within 5%,
  seconds within 10%; errors within 25%, or both below 1e-6, which is rounding.

The numbers belong to this machine and its load; only the ratios of one run mean anything.
"""


def page(rows: Sequence[Row], facts: Mapping[str, str], missing: str = "") -> str:
    """The whole page; `missing` says why there is no peer."""
    parts = [INTRODUCTION.format_map(facts)]
    if missing:
        parts.append(f"The peer was not measured: {missing}\n")
    parts += ["\n".join(table(rows)) + "\n"]
    parts += ["\n".join(conclusion(rows, by)) + "\n" for by in contenders(rows)]
    parts += ["\n".join(own_share(rows)) + "\n"]
    if remarks := list(noted(rows)):
        parts.append("## What failed, and what is odd\n\n" + "\n".join(remarks) + "\n")
    return "\n".join([*parts, METHOD.format_map({**facts, "wrong": WRONG})])


def contenders(rows: Sequence[Row]) -> list[str]:
    """The peers of a run."""
    return list(dict.fromkeys(row.by for row in rows if row.by != OURS))


def table(rows: Sequence[Row]) -> Iterator[str]:
    """A line per network and converter."""
    yield f"| {HEAD} |"
    yield "|---|---|" + "---:|" * (HEAD.count("|") - 1)
    yield from (f"| {' | '.join(cells(row))} |" for row in rows)


def cells(row: Row) -> list[str]:
    """One line of the table; a dash for what there is none of."""
    moved = f" ({row.transposed / 1e3:.1f} kB)" if row.transposed else ""
    return [
        row.model,
        row.by,
        spent(row.ir),
        "failed" if row.reason else spent(row.usage),
        shown(row.peak and row.peak / 1e6, "{:.0f}"),
        shown(row.ops, "{}"),
        shown(row.transposes, "{}") + moved,
        shown(row.size and row.size / 1e3, "{:.1f}"),
        shown(row.error, "{:.1e}"),
        *(spread(row.latency.get(threads)) for threads in ("1", "2")),
    ]


def shown(value: float | int | None, form: str) -> str:
    """A number, or a dash."""
    return "-" if value is None else form.format(value)


def spent(usage: Usage | None) -> str:
    """Seconds of the clock, in brackets of the processor."""
    return f"{usage.seconds:.1f} ({usage.cpu:.1f})" if usage else "-"


def spread(taken: Latency | None) -> str:
    """The least, in brackets the quartiles; marked where the machine was busy."""
    if not taken:
        return "-"
    quartiles = " / ".join(f"{each:.3g}" for each in statistics.quantiles(taken.rounds, n=4))
    return f"{'' if taken.is_calm else '~ '}{min(taken.rounds):.3g} ({quartiles})"


def conclusion(rows: Sequence[Row], peer: str) -> Iterator[str]:
    """How often ours is better than one peer, and where it is worse."""
    yield f"## Ours against {peer}\n"
    all_of = {by: [row for row in rows if row.by == by] for by in (OURS, peer)}
    right = {by: sum(row.is_right for row in each) for by, each in all_of.items()}
    counts = (f"{right[by]} of {len(all_of[by])} {by}" for by in (OURS, peer))
    yield (
        f"Files that run and answer as the source does: {', '.join(counts)}. Compared are the "
        f"{len(pairs(rows, peer))} networks for which both are.\n"
    )
    yield "| | ours better | equal | worse | median ratio, ours to theirs |"
    yield "|---|---:|---:|---:|---:|"
    yield from (f"| {' | '.join(map(str, line))} |" for line in summary(rows, peer))
    worse = list(losses(rows, peer))
    yield "\nWhere the peer is better:\n" if worse else "\nThe peer is better nowhere."
    yield from (f"- {line}" for line in worse)


def own_share(rows: Sequence[Row]) -> Iterator[str]:
    """What our conversion takes beside what TensorFlow takes anyway."""
    yield "## From IR to TFLite: ours, and TensorFlow's own\n"
    yield "| model | nodes | layouts, s | CPU, s | TensorFlow anyway, s | ratio |"
    yield "|---|---:|---:|---:|---:|---:|"
    told = [row for row in rows if row.share is not None]
    for row in told:
        taken = [shown(row.usage and row.usage.cpu, "{:.1f}"), shown(row.floor, "{:.1f}")]
        begin = [row.model, shown(row.nodes, "{}"), shown(row.layouts, "{:.2f}")]
        yield f"| {' | '.join([*begin, *taken, shown(row.share, '{:.2f}')])} |"
    if told:
        middle = statistics.median(row.share or 0.0 for row in told)
        yield f"\nThe median ratio is {middle:.2f}."


def noted(rows: Sequence[Row]) -> Iterator[str]:
    """What has a reason or a note."""
    for row in rows:
        if row.reason or row.note:
            yield f"- {row.model}, {row.by}: {row.reason or row.note}"
