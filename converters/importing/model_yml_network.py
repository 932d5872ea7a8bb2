"""How a model.yml loads its network: which file, which code, which inputs, outputs and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from converters.importing.draft import Draft, NoDraftError

LAYOUTS = ("NCHW", "NHWC", "NCW", "NWC", "NCDHW", "NDHWC")
DOWNLOADED, CONVERTED = "$dl_dir/", "$conv_dir/"
NUMBERS = re.compile(r"(?:([^\[\],]*)\[([^\]]*)\])")
RAW = re.compile(r"https://raw\.githubusercontent\.com/([^/]+/[^/]+)/([0-9a-f]{40})/(.+)")

Arguments = Mapping[str, list[str]]


def describe(data: Mapping[str, Any], made: Draft) -> None:
    """Put load, inputs, outputs and ir into the recipe of a model.yml."""
    arguments = arguments_of(data.get("model_optimizer_args", ()))
    made.recipe["load"] = {}
    FRAMEWORKS.get(str(data["framework"]), _unknown)(data, arguments, made)
    made.recipe["inputs"] = [_input(info, arguments, made) for info in data["input_info"]]
    outputs = _outputs(data, arguments)
    if outputs:
        made.recipe["outputs"] = outputs
    if made.recipe["load"]["framework"] == "tensorflow_frozen" and not outputs:
        made.decide("load", "the outputs: name the nodes in load.outputs and in outputs")
    _numbers(arguments, made)
    for name in sorted(set(arguments) - EXPRESSED):
        made.lose("an argument of Model Optimizer", f"{name} {' '.join(arguments[name])}".strip())


EXPRESSED = {
    "input_model", "saved_model_dir", "output", "reverse_input_channels", "mean_values",
    "scale_values", "scale", "input_shape", "input",
}  # fmt: skip
"""Arguments of Model Optimizer that a recipe has words for."""


def arguments_of(written: Any) -> dict[str, list[str]]:
    """`--name=value` texts by name."""
    found: dict[str, list[str]] = {}
    for argument in written:
        name, _, value = str(argument).removeprefix("--").partition("=")
        found.setdefault(name, []).extend([value] if value else [])
    return found


# Frameworks -------------------------------------------------------------------------------------


def _unknown(data: Mapping[str, Any], _arguments: Arguments, made: Draft) -> None:
    raise NoDraftError(f"the framework {data['framework']}", subject=made.origin)


def _onnx(_data: Mapping[str, Any], arguments: Arguments, made: Draft) -> None:
    model = _place(_one(arguments, "input_model"), made)
    made.recipe["load"] = {"framework": "onnx", "model": model}


def _tensorflow(_data: Mapping[str, Any], arguments: Arguments, made: Draft) -> None:
    """A frozen graph, a SavedModel, a Keras file; checkpoints are none of these."""
    folder = _one(arguments, "saved_model_dir")
    if folder:
        made.recipe["load"] = {"framework": "saved_model", "model": _place(folder, made)}
        return
    file = _one(arguments, "input_model")
    if not file or "input_meta_graph" in arguments:
        raise NoDraftError(
            "a TensorFlow checkpoint, which must be frozen first (input_meta_graph)",
            subject=made.origin,
        )
    framework = "keras" if file.endswith((".h5", ".hdf5")) else "tensorflow_frozen"
    made.recipe["load"] = {"framework": framework, "model": _place(file, made)}


def _pytorch(data: Mapping[str, Any], _arguments: Arguments, made: Draft) -> None:
    """Weights, and code: from a repository where all files are one's, else to be written."""
    given = arguments_of(data.get("conversion_to_onnx_args", ()))
    weights = _weights(given, made)
    code = _repository(data, given, made)
    load: dict[str, Any] = {"framework": "pytorch"}
    load |= code or {"file": "network.py"}
    load["factory"] = _one(given, "model-name")
    if weights:
        load["weights"] = weights
    parameters = [p for p in given.get("model-param", ()) if p and "$" not in p]
    if parameters:
        load["arguments"] = dict(_parameter(text) for text in parameters)
    made.recipe["load"] = load
    made.decide("load", "state_dict and strip_prefix: look into the checkpoint")
    if not code:
        made.recipe["status"] = "broken"
        made.recipe["reason"] = "network.py is still to be written"
    made.recipe = _in_order(made.recipe)
    for name in ("conversion-param", "inputs-dtype"):
        for value in given.get(name, ()):
            made.lose("an argument of the exporter", f"{name}={value}")


FRAMEWORKS: Mapping[str, Callable[[Mapping[str, Any], Arguments, Draft], None]] = {
    "onnx": _onnx,
    "tf": _tensorflow,
    "pytorch": _pytorch,
}


def _in_order(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """status and reason stand behind the task."""
    first = ("schema", "id", "name", "task", "status", "reason")
    return {k: recipe[k] for k in (*first, *(k for k in recipe if k not in first)) if k in recipe}


def _weights(given: Arguments, made: Draft) -> str:
    """The checkpoint: an argument of the exporter, or of the code that makes the network."""
    stated = _one(given, "weights")
    if stated:
        return _place(stated, made)
    for text in given.get("model-param", ()):
        found = re.search(r"\$dl_dir/([^\"']+)", text)
        if found and found[1].endswith((".pth", ".pt", ".tar", ".ckpt", ".bin", ".pkl")):
            return _place(DOWNLOADED + found[1], made)
    archives = [key for key, source in made.recipe["sources"].items() if "unpack" not in source]
    return archives[0] if len(archives) == 1 else ""


def _repository(data: Mapping[str, Any], given: Arguments, made: Draft) -> dict[str, Any] | None:
    """Module and repository, if every file of the code is of one commit, as it stands there."""
    module = _one(given, "import-module")
    if any("$config_dir" in path for path in given.get("model-path", ())):
        made.lose("a wrapper around the authors' code, written for that zoo", f"{module}.py")
        return None
    code = [file for file in data["files"] if str(file["name"]).endswith(".py")]
    found = [RAW.fullmatch(_address(file)) for file in code]
    if not code:
        made.lose("code that comes from a package", module)
        return None
    homes = {(match[1], match[2]) for match in found if match}
    if len(homes) != 1 or not all(found):
        made.lose("code put together from several places", module)
        return None
    last = module.rsplit(".", 1)[-1]
    places = [unquote(match[3]) for match in found if match]
    named = [place for place in places if place.endswith((f"/{last}.py", f"/{last}/__init__.py"))]
    if not named:
        made.lose("code under other names than in its repository", module)
        return None
    ((repository, commit),) = homes
    url = f"https://github.com/{repository}"
    made.recipe["sources"]["code"] = {"kind": "git", "url": url, "revision": commit}
    path = named[0].removesuffix("/__init__.py").removesuffix(".py")
    made.decide("load", f"where imports begin: {module} is {named[0]} in the repository")
    return {"module": path.replace("/", "."), "path": ["code"]}


def _address(file: Mapping[str, Any]) -> str:
    """Where a file of code was published first."""
    original = str(file.get("original_source") or "")
    plain = original.replace("https://github.com/", "https://raw.githubusercontent.com/")
    return plain.replace("/raw/", "/").replace("/blob/", "/") if original else str(file["source"])


def _parameter(text: str) -> tuple[str, Any]:
    """`name=value`, the value a number or a word; nothing is evaluated."""
    name, _, value = text.partition("=")
    plain = value.strip().strip("rfb").strip("\"'") if value[:1] in "rfb\"'" else value.strip()
    words: Mapping[str, Any] = {"True": True, "False": False}
    if plain in words:
        return name, words[plain]
    if re.fullmatch(r"-?\d{1,15}", plain):
        return name, int(plain)
    return name, float(plain) if re.fullmatch(r"-?\d+\.\d+", plain) else plain


def _one(arguments: Arguments, name: str) -> str:
    return next(iter(arguments.get(name, ())), "")


def _place(written: str, made: Draft) -> str:
    """A path below the downloads, as a source or a path in an archive."""
    sources = made.recipe["sources"]
    path = written.removeprefix(DOWNLOADED).removeprefix(CONVERTED)
    if written.startswith(CONVERTED):
        made.lose("a step of conversion by that zoo's own script (pre-convert.py)", path)
    for key, source in sources.items():
        name = source.get("filename") or source.get("url", "").rsplit("/", 1)[-1]
        if name == path.rsplit("/", 1)[-1] and not source.get("unpack"):
            return str(key)
    archives = [key for key, source in sources.items() if source.get("unpack")]
    if len(archives) == 1:
        return f"{archives[0]}/{path}"
    made.decide("load", f"the file: there it is {path}")
    if not sources:
        raise NoDraftError("no file but code and texts", subject=made.origin)
    return f"{next(iter(archives or sources))}"


# Inputs and outputs -----------------------------------------------------------------------------


def _input(info: Mapping[str, Any], arguments: Arguments, made: Draft) -> dict[str, Any]:
    shape = [int(size) if int(size) > 0 else 1 for size in info.get("shape", ())]
    if not shape or any(int(size) < 1 for size in info.get("shape", ())):
        made.decide("inputs", f"the shape of {info['name']}: the file leaves it open")
    layout = str(info.get("layout"))
    known = layout if layout in LAYOUTS and len(layout) == len(shape) else "as-is"
    found: dict[str, Any] = {"name": str(info["name"]), "shape": shape or [1], "layout": known}
    if known == "as-is" and layout not in ("None", "NC", "N"):
        made.decide("inputs", f"the axes of {info['name']}: there they are {layout}")
    channels = shape[layout.index("C")] if known in ("NCHW", "NHWC") else 0
    if channels == 3:
        found["color"] = _color(arguments)
    if channels == 1:
        found["color"] = "GRAY"
    if channels in (1, 3):
        found["preprocess"] = list(_steps(info, arguments, shape, known))
        made.decide(
            "inputs", f"the preprocessing of {info['name']}: Model Optimizer's arguments say this"
        )
    return found


def _color(arguments: Arguments) -> str:
    """That zoo's networks take BGR in the end: those that were not turned took it before."""
    return "RGB" if "reverse_input_channels" in arguments else "BGR"


def _steps(
    info: Mapping[str, Any], arguments: Arguments, shape: list[int], layout: str
) -> Iterator[dict[str, Any]]:
    yield {"resize": [shape[layout.index("H")], shape[layout.index("W")]]}
    mean = values_of(arguments, "mean_values", str(info["name"]))
    scale = values_of(arguments, "scale_values", str(info["name"]))
    scale = scale or values_of(arguments, "scale", "")
    if mean:
        yield {"mean": mean}
    if scale:
        yield {"std": scale}


def values_of(arguments: Arguments, option: str, name: str) -> Any:
    """The numbers per channel of one input: `[1,2,3]`, `data[1,2,3]` or `1`."""
    for text in arguments.get(option, ()):
        if re.fullmatch(r"[\d.]+", text):
            return float(text)
        for owner, numbers in NUMBERS.findall(text):
            if owner.strip(" ,()") in ("", name):
                values = [float(n) for n in numbers.split(",") if n.strip()]
                return values[0] if len(set(values)) == 1 else values
    return None


def _numbers(arguments: Arguments, made: Draft) -> None:
    """What that zoo builds into the converted network, built in here, too."""
    ir: dict[str, Any] = {}
    for option, field in (("mean_values", "mean"), ("scale_values", "scale"), ("scale", "scale")):
        table = {}
        for spec in made.recipe["inputs"]:
            value = values_of(arguments, option, spec["name"])
            if value is not None and "preprocess" in spec:
                table[spec["name"]] = value
        if table:
            ir[field] = table
        elif option in arguments:
            made.lose("numbers for an input that is no picture", f"{option} {arguments[option]}")
    colors = {spec.get("color", "GRAY") for spec in made.recipe["inputs"]}
    if "reverse_input_channels" in arguments and colors != {"GRAY"}:
        ir["reverse_channels"] = True
    if ir:
        made.recipe["ir"] = ir


def _outputs(data: Mapping[str, Any], arguments: Arguments) -> list[dict[str, Any]]:
    given = arguments_of(data.get("conversion_to_onnx_args", ()))
    stated = _one(given, "output-names") or _one(arguments, "output")
    names = [name.strip() for name in stated.split(",") if name.strip()]
    return [{"name": name.removesuffix(":0")} for name in dict.fromkeys(names)]
