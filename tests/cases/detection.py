"""The last layers of detectors."""

import numpy as np

from tests.cases import case, image

PRIORS, CLASSES = 12, 4
RNG = np.random.default_rng(5)


def priors(images=1, varied=True, pixels=False):
    corner, size = (
        RNG.uniform(0, 0.6, (images, PRIORS, 2)),
        RNG.uniform(0.1, 0.4, (images, PRIORS, 2)),
    )
    boxes = np.concatenate([corner, corner + size], -1) * (16 if pixels else 1)
    if pixels:
        boxes = np.concatenate([np.zeros((images, PRIORS, 1)), boxes], -1)
    rows = boxes.reshape(images, 1, -1)
    changes = np.full_like(rows, 0.1)
    return np.concatenate([rows, changes] if varied else [rows], 1).astype(np.float32)


def output(images=1, each=1, given=None, refined=False, **words):
    score = {"low": 0, "high": 1}
    coarse = [image(images, PRIORS * 2, **score), image(images, PRIORS * 4)] if refined else []
    attributes = {
        "background_label_id": 0,
        "top_k": 8,
        "variance_encoded_in_target": False,
        "keep_top_k": [10],
        "code_type": "caffe.PriorBoxParameter.CENTER_SIZE",
        "share_location": True,
        "nms_threshold": 0.4,
        "confidence_threshold": 0.3,
        "clip_after_nms": False,
        "clip_before_nms": False,
        "decrease_label_id": False,
        "normalized": True,
        "input_height": 1,
        "input_width": 1,
        "objectness_score": 0.0,
        **words,
    }
    return case(
        "DetectionOutput",
        image(images, PRIORS * 4 * each),
        image(images, PRIORS * CLASSES, **score),
        priors() if given is None else given,
        *coarse,
        opset="opset8",
        tolerance=1e-4,
        **attributes,
    )


def proposals(size=(64, 80, 1), **words):
    attributes = {
        "base_size": 16,
        "pre_nms_topn": 50,
        "post_nms_topn": 20,
        "nms_thresh": 0.5,
        "feat_stride": 16,
        "min_size": 12,
        "ratio": [0.5, 1.0, 2.0],
        "scale": [1.0, 1.5],
        "clip_before_nms": True,
        "clip_after_nms": False,
        "normalize": False,
        "box_size_scale": 1.0,
        "box_coordinate_scale": 1.0,
        "framework": "",
        **words,
    }
    return case(
        "Proposal",
        image(1, 12, 4, 5, low=0, high=1),
        image(1, 24, 4, 5, low=-0.5, high=0.5),
        np.float32(size),
        opset="opset4",
        ports=2,
        tolerance=1e-3,
        **attributes,
    )


CORNERS = "caffe.PriorBoxParameter.CORNER"
CASES = [
    output(),
    output(2, keep_top_k=[40]),
    output(2, top_k=-1, keep_top_k=[5], given=priors(2)),
    output(each=CLASSES, share_location=False),
    output(code_type=CORNERS, clip_before_nms=True),
    output(variance_encoded_in_target=True, given=priors(varied=False), clip_after_nms=True),
    output(given=priors(pixels=True), normalized=False, input_height=16, input_width=16),
    output(background_label_id=-1, confidence_threshold=0.9, keep_top_k=[3]),
    output(decrease_label_id=True, nms_threshold=0.2),
    output(refined=True, objectness_score=0.4),
    proposals(),
    proposals(clip_before_nms=False, clip_after_nms=True, normalize=True),
    proposals(framework="tensorflow", box_size_scale=5.0, box_coordinate_scale=10.0),
    proposals((64, 80, 1, 2), min_size=3, pre_nms_topn=100, nms_thresh=0.3),
]
