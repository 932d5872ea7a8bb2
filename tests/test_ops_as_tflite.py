"""Ops of detectors and decoders as TFLite without Flex: what a phone can run of them."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
from ai_edge_litert.interpreter import Interpreter

from converters.ir_to_tf.convert import Options, convert, to_tflite
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.signature import keywords
from tests.cases import all_cases
from tests.test_ops import model_of

KINDS = """
    DetectionOutput Proposal NonMaxSuppression ROIAlign ROIPooling PSROIPooling Unique NonZero
    GatherTree SearchSorted CTCLoss CTCGreedyDecoder TopK AdaptiveMaxPool BitwiseAnd Einsum Erf LRN
"""
CASES = {case.type: case for case in reversed(all_cases()) if case.type in KINDS.split()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(CASES))
def test_it_runs_without_flex(kind):
    case = CASES[kind]
    model, given = model_of(case)
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    wanted = list(ov.Core().compile_model(model, "CPU", hints)(given).values())
    graph = graph_of(model)
    ports = {node.name: "as_written" for node in graph.inputs}
    converted = convert(graph, Options(ports, {node.name: "as_written" for node in graph.outputs}))
    run = Interpreter(model_content=to_tflite(converted)).get_signature_runner()
    made = run(**dict(zip(keywords(converted.inputs), given, strict=True)))
    for port, expected in zip(converted.outputs, wanted, strict=True):
        np.testing.assert_allclose(made[port.name], expected, rtol=1e-3, atol=1e-3)
