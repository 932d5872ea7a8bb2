"""Open Model Zoo's model.yml: files with size and sha384, arguments of Model Optimizer, inputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from converters.importing import model_yml_network as network
from converters.importing.draft import Draft, NoDraftError, key_of
from converters.new.guesses import id_of

NAME = "model.yml"
LARGEST = 2_000_000  # bytes

TASKS: Mapping[str, str] = {
    "action_recognition": "action_recognition",
    "background_matting": "matting",
    "classification": "image_classification",
    "colorization": "colorization",
    "detection": "object_detection",
    "face_recognition": "face_recognition",
    "feature_extraction": "feature_extraction",
    "head_pose_estimation": "head_pose",
    "human_pose_estimation": "pose_estimation",
    "image_inpainting": "inpainting",
    "image_processing": "image_restoration",
    "image_translation": "image_generation",
    "instance_segmentation": "instance_segmentation",
    "monocular_depth_estimation": "depth_estimation",
    "noise_suppression": "speech_enhancement",
    "optical_character_recognition": "text_recognition",
    "place_recognition": "image_retrieval",
    "salient_object_detection": "saliency_segmentation",
    "semantic_segmentation": "semantic_segmentation",
    "sound_classification": "audio_classification",
    "speech_recognition": "speech_recognition",
    "style_transfer": "style_transfer",
    "text_prediction": "language_model",
    "time_series": "time_series",
}
"""Its kinds of tasks that have a name here; the others are `other`, for a person to decide."""

KNOWN_LICENSES: Mapping[str, str] = {
    "openvinotoolkit/open_model_zoo": "Apache-2.0",
    "opencv/open_model_zoo": "Apache-2.0",
    "opencv/openvino_training_extensions": "Apache-2.0",
    "opencv/training_toolbox_tensorflow": "Apache-2.0",
    "tensorflow/models": "Apache-2.0",
    "tensorflow/tensorflow": "Apache-2.0",
    "tensorflow/tpu": "Apache-2.0",
    "google/automl": "Apache-2.0",
    "rwightman/pytorch-image-models": "Apache-2.0",
    "rwightman/gen-efficientnet-pytorch": "Apache-2.0",
    "onnx/models": "Apache-2.0",
    "pytorch/vision": "BSD-3-Clause",
    "Megvii-BaseDetection/YOLOX": "Apache-2.0",
    "RangiLyu/nanodet": "Apache-2.0",
    "facebookresearch/detr": "Apache-2.0",
    "facebookresearch/pycls": "MIT",
    "Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB": "MIT",
    "davidsandberg/facenet": "MIT",
    "dbolya/yolact": "MIT",
    "david8862/keras-YOLOv3-model-set": "MIT",
    "mozilla/DeepSpeech": "MPL-2.0",
    "deepmind/kinetics-i3d": "Apache-2.0",
    "NVIDIA/NeMo": "Apache-2.0",
}
"""Repositories whose licence is known without reading it again; a person confirms it."""

KEYS = {
    "description", "task_type", "files", "postprocessing", "framework", "license", "quantized",
    "conversion_to_onnx_args", "model_optimizer_args", "input_info", "model_info", "layout",
    "launcher_specific_model_path",
}  # fmt: skip
"""Its fields that are known here."""


def draft(file: Path) -> Draft:
    """The recipe that a model.yml comes to."""
    data = read(file)
    made = Draft(id_of_folder(file.parent.name), f"{file.parent.name}/{NAME}")
    for key in sorted(set(data) - KEYS):
        made.lose("a field that is not known", key)
    if data["framework"] == "dldt":
        raise NoDraftError(
            "only OpenVINO IR is published, which is a result of this chain and no source",
            subject=made.origin,
            remedy="look for the training framework's file at the authors'",
        )
    made.recipe.update(schema=1, id=made.id, name=file.parent.name, task=_task(data, made))
    made.recipe["license"] = _license(str(data["license"]), made)
    made.recipe["sources"] = dict(_sources(data, made))
    network.describe(data, made)
    made.recipe["data"] = {"noise": {"kind": "random"}}
    made.recipe["verification"] = {"data": "noise"}
    made.decide("data", "samples like its real inputs; noise proves the structure alone")
    if data.get("model_info"):
        made.lose("labels and thresholds for demos (model_info)")
    return made


def id_of_folder(name: str) -> str:
    """An id that keeps the other zoo's name, as far as ids go."""
    plain = re.sub(r"[^a-z0-9_.-]+", "_", name.lower()).lstrip("_.-")
    return plain or id_of(name)


def read(file: Path) -> dict[str, Any]:
    """The data of a model.yml, as far as it is one."""
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError(f"is larger than {LARGEST} bytes")
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise NoDraftError("cannot be read", subject=f"{file}: {error}") from error
    wanted = ("task_type", "files", "framework", "license", "input_info")
    if not isinstance(data, dict) or any(key not in data for key in wanted):
        raise NoDraftError("is no model.yml", subject=str(file), remedy=f"it has {wanted}")
    return data


def _task(data: Mapping[str, Any], made: Draft) -> str:
    kind = str(data["task_type"])
    if kind not in TASKS:
        made.decide("task", f"the task: there it is {kind}")
    return TASKS.get(kind, "other")


def _license(url: str, made: Draft) -> dict[str, Any]:
    steps = re.sub(r"^https?://(raw\.githubusercontent|github)\.com/", "", url).split("/")
    spdx = KNOWN_LICENSES.get("/".join(steps[:2]), "unknown")
    made.decide(
        "license",
        "the licence: read the text at the url; does it cover the weights?"
        if spdx == "unknown"
        else f"the licence: {'/'.join(steps[:2])} is known to be {spdx}; the weights, too?",
    )
    stated = {"spdx": spdx, "url": url, "redistribute": "unknown"}
    return {**stated, "evidence": "model.yml names this url."}


# Sources ----------------------------------------------------------------------------------------


def _sources(data: Mapping[str, Any], made: Draft) -> Iterator[tuple[str, dict[str, Any]]]:
    """The files that are no code; code comes from its repository, see `model_yml_network`."""
    unpacked = set(_postprocessed(data, made))
    taken: dict[str, Any] = {}
    for file in data["files"]:
        name = str(file["name"])
        if name.endswith((".py", ".txt", ".md", ".json", ".yml", ".yaml", ".cfg")):
            continue
        key = key_of(name, taken)
        taken[key] = _source(file, name, made)
        if name in unpacked:
            taken[key]["unpack"] = True
        yield key, taken[key]


def _source(file: Mapping[str, Any], name: str, made: Draft) -> dict[str, Any]:
    place = file["source"]
    source: dict[str, Any]
    if isinstance(place, Mapping):
        source = {"kind": "gdrive", "id": str(place.get("id", ""))}
    else:
        source = {"kind": "url", "url": str(place)}
    checksum = str(file.get("checksum", ""))
    if re.fullmatch(r"[0-9a-f]{96}", checksum):
        source["sha384"] = checksum
    else:
        made.lose("a checksum of another kind", name)
    source["size"] = int(file["size"])
    if str(file.get("original_source", "")).startswith("http"):
        source["mirrors"] = [str(file["original_source"])]
    last = name.rsplit("/", 1)[-1]
    if str(place).rsplit("/", 1)[-1] != last:
        source["filename"] = last
    return source


def _postprocessed(data: Mapping[str, Any], made: Draft) -> Iterator[str]:
    """The archives that are unpacked; other steps are lost."""
    for step in data.get("postprocessing", ()):
        if step.get("$type") == "unpack_archive":
            yield str(step["file"])
        else:
            POSTPROCESSING.get(str(step.get("$type")), _unknown_step)(step, made)


def _unknown_step(step: Mapping[str, Any], made: Draft) -> None:
    made.lose("a step after the download that is not known", str(step.get("$type")))


def _replacement(step: Mapping[str, Any], made: Draft) -> None:
    made.lose("code that is edited by regular expressions (regex_replace)", str(step.get("file")))


POSTPROCESSING: Mapping[str, Callable[[Mapping[str, Any], Draft], None]] = {
    "regex_replace": _replacement
}
