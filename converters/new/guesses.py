"""Guesses, each with the reason that a person judges it by: task, layout, picture, preprocessing.

A guess is always said to be one. Sizes are (height, width) in pixels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from converters.new.findings import Network, Shape, Tensor

CHANNELS: Mapping[int, str] = {1: "GRAY", 3: "RGB"}
USUAL_SIZE = 224
LEAST_SIDE = 8  # pixels; what is smaller is a feature map, not a picture
FLOATS = ("float32", "float16", "float64")

TASKS: tuple[tuple[str, str], ...] = (
    ("license_plate_recognition", "lpr|plate"),
    ("face_recognition", "arcface|facenet|sphereface|face.?reco|face.?reid|insight"),
    ("face_landmarks", "landmark|facemesh|face.?mesh|pfld"),
    ("face_detection", "face|yunet|retina.?face|scrfd|ultraface|mtcnn"),
    ("hand_pose", "hand|palm"),
    ("head_pose", "head.?pose|hopenet|whenet|6drepnet"),
    ("gaze_estimation", "gaze"),
    ("person_reidentification", "reid|osnet"),
    ("pose_estimation", "pose|movenet|hrnet|blazepose|openpose|centerpose"),
    ("matting", "matting|modnet|rvm"),
    ("saliency_segmentation", "u2net|salien|basnet|isnet"),
    ("instance_segmentation", "yolact|mask.?rcnn|instance|yolo.*seg"),
    ("semantic_segmentation", "seg|deeplab|unet|bisenet|fcn|road|lraspp"),
    ("object_detection", "yolo|ssd|detect|nanodet|damo|efficientdet|centernet|rcnn|fcos|retinanet"),
    ("super_resolution", "super.?res|srcnn|espcn|esrgan|edsr|fsrcnn|x2|x4|swinir|rcan"),
    ("depth_estimation", "depth|midas|monodepth|dpt"),
    ("stereo_matching", "stereo|hitnet|crestereo"),
    ("optical_flow", "flow(?!er)|raft"),
    ("denoising", "denois|dncnn|nafnet"),
    ("deblurring", "deblur|blur"),
    ("image_restoration", "dehaze|derain|restor"),
    ("image_enhancement", "low.?light|enhanc|retinex|zero.?dce"),
    ("inpainting", "inpaint"),
    ("colorization", "colori"),
    ("style_transfer", "style|cartoon|animegan|pix2pix"),
    ("image_generation", "gan|diffusion|vae"),
    ("lane_detection", "lane"),
    ("text_detection", "text.?det|craft|dbnet|east"),
    ("text_recognition", "crnn|text.?reco|ocr.?rec"),
    ("ocr", "ocr"),
    ("keyword_spotting", "keyword|kws|speech.?command|wake"),
    ("voice_activity_detection", "vad"),
    ("speech_recognition", "asr|whisper|wav2vec|quartznet|citrinet|deepspeech"),
    ("speech_enhancement", "dtln|rnnoise|noise.?suppress"),
    ("audio_classification", "yamnet|vggish|audio|sound"),
    ("anomaly_detection", "anomal|autoencoder"),
    ("action_recognition", "action|movinet|i3d|x3d|slowfast"),
    ("text_embedding", "sentence|embed"),
    ("text_classification", "bert|sentiment"),
    ("image_classification", "resnet|mobilenet|efficientnet|classif|vgg|densenet|inception|"
     "squeezenet|shufflenet|alexnet|googlenet|imagenet|mnist|cifar|regnet|convnext|vit|ghostnet"),
)  # fmt: skip
"""Task -> words in names; the first that fits counts."""


class Guess(NamedTuple):
    """What is proposed, and why; a person decides."""

    value: Any
    reason: str


class Recipe(NamedTuple):
    """Preprocessing that networks of a name have in common."""

    words: str  # pattern of names
    frameworks: tuple[str, ...]  # empty: any
    steps: tuple[Mapping[str, Any], ...]  # behind the resizing
    color: str = "RGB"
    resize: str = "resize"
    says: str = ""


IMAGENET = ({"scale": 255}, {"mean": [0.485, 0.456, 0.406]}, {"std": [0.229, 0.224, 0.225]})
SYMMETRIC = ({"scale": 127.5}, {"add": -1})
FROM_TENSORFLOW = ("tensorflow_frozen", "saved_model", "keras", "tflite")

PREPROCESSING = (
    Recipe("yolox", (), (), "BGR", "letterbox", "YOLOX takes 0..255 in BGR, letterboxed"),
    Recipe("yolo", (), ({"scale": 255},), "RGB", "letterbox", "YOLOs take 0..1, letterboxed"),
    Recipe("ultraface|rfb.?320", (), ({"add": -127}, {"multiply": 0.0078125}), "RGB", "resize",
           "UltraFace takes (x - 127) / 128"),
    Recipe("yunet", (), (), "BGR", "resize", "YuNet takes 0..255 in BGR"),
    Recipe("mobilenet|inception|nasnet|xception", FROM_TENSORFLOW, SYMMETRIC, "RGB", "resize",
           "networks of TensorFlow of this name take -1..1"),
    Recipe("resnet|mobilenet|vgg|densenet|efficientnet|squeezenet|shufflenet|regnet|convnext|vit"
           "|deeplab|fcn|u2net", ("onnx", "pytorch"), IMAGENET, "RGB", "resize",
           "networks of PyTorch of this name take ImageNet's mean and standard deviation"),
)  # fmt: skip
"""The first whose name and framework fit counts."""


def task_of(name: str) -> Guess:
    """What a model is for, from its name."""
    for task, words in TASKS:
        match = re.search(words, name, re.I)
        if match:
            return Guess(task, f"guessed from {match.group()!r} in the name")
    return Guess("other", "what is it for? Nothing in the name says it")


def id_of(name: str) -> str:
    """An id for the recipe, from a file's or repository's name."""
    stem = name.split("/")[-1]
    stem = re.sub(r"\.(tar\.\w+|git|[A-Za-z]\w{1,10})$", "", stem)
    made = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")
    return made or "model"


def layout_of(tensor: Tensor, *, channels_first: bool) -> Guess:
    """What the axes of an input are, from their sizes and the habits of its framework."""
    shape = tensor.shape or ()
    if tensor.dtype not in (*FLOATS, "uint8", "int8"):
        return Guess("as-is", "")
    first, last = LAYOUTS.get(len(shape), ("as-is", "as-is"))
    if len(shape) < 3:
        return Guess("as-is", "")
    at_first, at_last = shape[1] in CHANNELS, shape[-1] in CHANNELS
    if len(shape) == 4 and at_first != at_last:
        return Guess(first if at_first else last, "")
    habit = first if channels_first else last
    if len(shape) == 4 and at_first and at_last:
        return Guess(habit, "both ends may be channels; this is its framework's habit")
    if len(shape) == 3:
        reason = f"are there channels? Then {first} or {last}; as-is keeps the axes in their order"
        return Guess("as-is", reason)
    return Guess(habit, "its framework's habit; the sizes do not say it")


LAYOUTS: Mapping[int, tuple[str, str]] = {
    3: ("NCW", "NWC"),
    4: ("NCHW", "NHWC"),
    5: ("NCDHW", "NDHWC"),
}
"""Number of axes -> layouts with the channels first and last."""


def is_picture(shape: Sequence[int | None], layout: str) -> bool:
    """Whether an input of that shape may be a picture."""
    if layout not in ("NCHW", "NHWC") or shape[layout.index("C")] not in CHANNELS:
        return False
    sides = [shape[layout.index(axis)] for axis in "HW"]
    return all(side is None or side >= LEAST_SIDE for side in sides)


def size_in(name: str) -> tuple[int, int] | None:
    """Height and width that a name states: net_480x640, net_320."""
    pair = re.search(r"(?<!\d)(\d{2,4})[x_](\d{2,4})(?!\d)", name)
    if pair and all(LEAST_SIDE < int(n) <= 4096 for n in pair.groups()):
        return int(pair[1]), int(pair[2])
    for number in re.findall(r"(?<!\d)(\d{3})(?!\d)", name):
        if int(number) % 16 == 0:
            return int(number), int(number)
    return None


def sizes_of(shape: Shape, layout: str, name: str) -> Guess:
    """Height and width of a picture input."""
    height, width = (shape[layout.index(axis)] for axis in "HW")
    if height is not None and width is not None:
        return Guess((height, width), "")
    named = size_in(name)
    size = named or (height or width or USUAL_SIZE, width or height or USUAL_SIZE)
    origin = "guessed from the name" if named else "a usual size"
    return Guess(size, f"the file leaves height and width open; this is {origin}")


def preprocessing_of(network: Network, tensor: Tensor, name: str, channels: int) -> Guess:
    """How a picture becomes this input: a `Recipe`."""
    if tensor.dtype == "uint8":
        return Guess(Recipe("", (), (), CHANNELS[channels]), "bytes as they are; RGB or BGR?")
    if tensor.quantised is not None:
        scale, zero = tensor.quantised
        steps = ({"add": -zero}, {"multiply": scale})
        found = Recipe("", (), steps, CHANNELS[channels])
        return Guess(found, "from its quantisation, if its bytes are pixels; RGB or BGR?")
    if channels == 1:
        return Guess(Recipe("", (), ({"scale": 255},), "GRAY"), "0..1, or another range?")
    if "ultralytics" in " ".join(network.metadata.values()).lower():
        found = Recipe("", (), ({"scale": 255},), "RGB", "letterbox")
        return Guess(found, "the file says Ultralytics: 0..1 in RGB, letterboxed")
    for each in PREPROCESSING:
        fits = not each.frameworks or network.framework in each.frameworks
        if fits and re.search(each.words, name, re.I):
            return Guess(each, f"{each.says}; is this one of them?")
    if network.framework == "caffe":
        return Guess(Recipe("", (), (), "BGR"), "Caffe's habit is BGR, 0..255 minus a mean: which?")
    return Guess(Recipe("", (), ({"scale": 255},)), "0..1 in RGB, or mean and std, or BGR?")
