"""The evidence on one artefact: what was measured, beside what is accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from converters.datasets.interface import artifact_inputs
from converters.datasets.preprocess import Array
from converters.datasets.samples import Sample
from converters.errors import ZooError
from converters.recipes.recipe import Sampling, Variant
from converters.verify import invariants, limits
from converters.verify.archive import Tables, entries_of, of_kind
from converters.verify.endings import Ending
from converters.verify.limits import Check
from converters.verify.measures import Difference, closest, difference
from converters.verify.metrics import metric_named, output_of, value_of_sample
from converters.verify.runners import Runner


class Evidence(NamedTuple):
    """What verify found out about an artefact."""

    differences: Mapping[str, Difference]
    checks: list[Check]
    metric: Mapping[str, Any] | None

    @property
    def is_passed(self) -> bool:
        """Whether every limit is held."""
        return all(check.is_held for check in self.checks)


def answers(variant: Variant, runner: Runner, tables: Tables) -> list[dict[str, Array]]:
    """The artefact's outputs for every verification sample."""
    return [ran(variant, runner, entry) for entry in entries_of(tables, "input")]


def ran(variant: Variant, runner: Runner, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """What an artefact makes of a source's inputs."""
    if runner.run is None:
        raise ValueError("an artefact that is only looked into cannot be run")
    return runner.run(dict(inputs) if runner.takes_source else artifact_inputs(variant, inputs))


def compared(
    answered: list[dict[str, Array]],
    tables: Tables,
    bounds: Mapping[str, float],
    told: Mapping[str, tuple[Ending, str]],
) -> tuple[dict[str, Difference], list[Check]]:
    """Each output of the source beside the artefact's, and the checks on it.

    `told` is what an output ends in and its semantics, for the invariants.
    """
    expected = of_kind(tables, "output")
    missing = sorted(set(expected) ^ set(answered[0]))
    if missing:
        raise ZooError(
            f"source and artefact do not both have {', '.join(missing)}",
            subject="outputs",
            remedy="list the outputs in the recipe; names must be those of the source",
        )
    differences: dict[str, Difference] = {}
    checks: list[Check] = []
    for name, values in expected.items():
        own = [entry[name] for entry in answered]
        wrong = next((entry.shape for entry in own if entry.shape != values.shape[1:]), None)
        if wrong is not None:
            note = f"has shape {list(wrong)}, the source's is {list(values.shape[1:])}"
            checks.append(Check("shape", None, None, name, note))
            continue
        actual = np.stack(own)
        differences[name] = difference(actual, values)
        found = limits.checks_of_output(name, differences[name], bounds)
        checks += [_with_hint(check, actual, expected, name) for check in found]
        if differences[name].is_finite and name in told:
            checks += invariants.checks(name, (actual, values), told[name], bounds)
    return differences, checks


def told_of(variant: Variant, runner: Runner) -> dict[str, tuple[Ending, str]]:
    """What each output ends in, as far as its file tells, and what the recipe says that it is."""
    semantics = {output.public_name: output.semantics for output in variant.outputs}
    names = {*semantics, *runner.endings}
    return {n: (runner.endings.get(n, Ending("", 0)), semantics.get(n, "")) for n in names}


def _with_hint(check: Check, actual: Array, expected: Mapping[str, Array], name: str) -> Check:
    """Says when an output holds what another one should: names were swapped on the way."""
    other = None if check.is_held or check.note else closest(actual, dict(expected), name)
    note = f"its values are those of the source's {other}: were the names swapped?"
    return check._replace(note=note) if other else check


def evaluated(
    variant: Variant, runner: Runner, drawn: Iterable[Sample], source: Mapping[str, Any]
) -> dict[str, Any]:
    """The task metric of the artefact, beside the source's own.

    `source` holds the metric's facts, and the source's outputs as `outputs` where it needs them.
    """
    sampling = variant.evaluation
    if sampling is None:
        raise ValueError("only recipes with an evaluation are evaluated")
    by_source = metric_named(sampling.metric).by_source
    values = []
    for i, sample in enumerate(drawn):
        found = ran(variant, runner, sample.inputs)
        target = source["outputs"][i][0] if by_source else sample.target
        output = output_of(sampling, found)
        values.append(value_of_sample(sampling.metric, output, target, sampling.options))
    value = metric_named(sampling.metric).over_all(values)
    return {
        "name": sampling.metric,
        "output": sampling.output,
        "count": len(values),
        "value": value,
        "source": source["value"],
        "drop": metric_named(sampling.metric).drop(value, source["value"]),
    }


def source_metric(sampling: Sampling, facts: Mapping[str, Any], tables: Tables) -> dict[str, Any]:
    """What the reference run noted of the source's metric."""
    if "metric" not in facts:
        raise ZooError(
            "the reference was made without an evaluation",
            subject="reference",
            remedy="make the reference again",
        )
    kept = of_kind(tables, "evaluation")
    return {
        **facts["metric"],
        "outputs": kept.get(sampling.output, next(iter(kept.values()), None)),
    }


def collected(
    differences: Mapping[str, Difference],
    checks: list[Check],
    runner: Runner,
    metric: Mapping[str, Any] | None,
    bounds: Mapping[str, float],
) -> Evidence:
    """All of it, with the limits on the artefact as a whole."""
    values = {
        "bytes": float(runner.bytes),
        "transposes": None if runner.transposes is None else float(runner.transposes.number),
        "transpose_bytes": None if runner.transposes is None else float(runner.transposes.moved),
        "metric_drop": None if metric is None else metric["drop"],
    }
    return Evidence(differences, [*checks, *limits.checks_of_artifact(values, bounds)], metric)


def record(artifact: str, evidence: Evidence, runner: Runner) -> dict[str, Any]:
    """The evidence as JSON data."""
    data = {
        "artifact": artifact,
        "bytes": runner.bytes,
        "outputs": {name: found.record() for name, found in evidence.differences.items()},
        "worst": worst(evidence.differences),
        "operators": dict(sorted(runner.operators.items())),
        "transposes": runner.transposes.record() if runner.transposes else None,
        "runtime": dict(runner.runtime),
        "limits": [check.record() for check in evidence.checks],
        "passed": evidence.is_passed,
    }
    optional = {"metric": evidence.metric, "note": runner.note}
    return {**data, **{key: value for key, value in optional.items() if value}}


def worst(differences: Mapping[str, Difference]) -> dict[str, Any]:
    """For each measure the output that is furthest from the source's."""
    found: dict[str, Any] = {}
    for measure in limits.OF_OUTPUTS if differences else ():
        sign = -1 if measure in limits.AT_LEAST else 1
        values = {name: getattr(d, measure) for name, d in differences.items()}
        name = max(values, key=lambda name: _badness(sign * values[name]))
        found[measure] = {"output": name, "value": differences[name].record()[measure]}
    return found


def _badness(value: float) -> float:
    return np.inf if np.isnan(value) else value
