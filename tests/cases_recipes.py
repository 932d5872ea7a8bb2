"""Recipes for test_recipes.py: a good one, and what each of many mistakes in it is told."""

from __future__ import annotations

from typing import NamedTuple

SHA = "79409b63bf019d6c7ca6903883a8635d5723c25406f74903751bd7459462a53b"

GOOD = f"""\
schema: 1
id: good
name: A sound recipe
task: saliency_segmentation
license: {{spdx: MIT, redistribute: allowed}}
links: {{paper: "https://example.org/paper"}}
sources:
  weights: {{kind: url, url: "https://example.org/w.pth", sha256: {SHA}, size: 8613}}
  code: {{kind: git, url: "https://example.org/code.git", revision: main}}
  drive: {{kind: gdrive, id: 1rbSTGKAE-MTxBYHd, sha256: {SHA}}}
  notes: {{kind: file, path: notes/weights.npz}}
load:
  framework: pytorch
  module: model.u2net
  path: [code]
  factory: Net
  arguments: {{in_ch: 3}}
  weights: weights
inputs:
  - name: x
    shape: [batch, 3, h, w]
    layout: NCHW
    color: RGB
    preprocess: [{{resize: [h, w]}}, {{scale: 255}}, {{mean: [0.485, 0.456, 0.406]}}]
outputs:
  - {{name: F.sigmoid(d0), rename: d0}}
  - {{name: d1}}
matrix:
  axes: {{resolution: [[320, 320], [240, 320]], batch: [1]}}
  name: "{{h}}x{{w}}"
artifacts: [saved_model, float32, int8, full_int8, edgetpu]
data:
  photos: {{kind: pictures, package: skimage, names: [astronaut]}}
  drawn: {{kind: function, file: data.py, function: heldout}}
calibration: {{data: photos, count: 32}}
verification: {{data: drawn}}
evaluation: {{data: drawn, metric: iou, output: d0}}
limits:
  float32: {{normalised_max: 1e-4}}
  int8: {{metric_drop: 0.01}}
"""


class Bad(NamedTuple):
    """One change of the good recipe, and the lines that it is told, from after the file's name."""

    name: str
    old: str
    new: str
    told: tuple[str, ...]
    lock: str = ""


def bad(name: str, old: str, new: str, *told: str, lock: str = "") -> Bad:
    return Bad(name, old, new, told, lock)


ABOUT = [
    bad("schema", "schema: 1", "schema: 2", "1: schema: must be 1, not 2"),
    bad("id", "id: good", "id: other",
        "2: id: 'other' is not the folder's name; write id: good, or rename the folder"),
    bad("id_form", "id: good", "id: Good!",
        "2: id: 'Good!' must be small letters, digits, `_`, `-` and `.`, "
        "not beginning with a sign"),
    bad("id_number", "id: good", "id: 12",
        "2: id: must be a text, not the number 12; put it in quotes"),
    bad("no_name", "name: A sound recipe\n", "",
        "1: name: is required and missing; add name, such as 'U^2-Net-P'"),
    bad("empty_name", "name: A sound recipe", "name:",
        "3: name: must be a text, not nothing; give it a value, or leave the field out"),
    bad("task", "saliency_segmentation", "saliency_segmentaton", "did you mean saliency_seg"),
    bad("unknown_field", "links:", "link:", "6: link: unknown field; did you mean links?"),
    bad("broken", "links:", "status: broken\nlinks:",
        "6: status: is broken without a reason; add reason: what is broken"),
    bad("reason", "links:", "reason: none\nlinks:",
        "6: reason: stands beside status: active; remove it, or write broken"),
    bad("status", "links:", "status: brokn\nlinks:",
        "6: status: 'brokn' is not one of active, broken; did you mean broken?"),
    bad("spdx", "spdx: MIT", "spdx: Apache",
        "5: license.spdx: 'Apache' is no SPDX licence; did you mean Apache-2.0?"),
    bad("spdx_case", "spdx: MIT", "spdx: mit",
        "5: license.spdx: 'mit' is spelt otherwise; write MIT"),
    bad("redistribute", "spdx: MIT", "spdx: unknown",
        "5: license.redistribute: allowed, but the licence is unknown; "
        "name the licence in license.spdx, or write unknown or forbidden"),
    bad("link", "https://example.org/paper", "javascript:alert(1)",
        "6: links.paper: 'javascript:alert(1)' must be an http or https URL, "
        "without a user or password"),
]  # fmt: skip

CHANGING = [
    bad("surgery_unknown", "artifacts:", "surgery: [{soft_max: {}}]\nartifacts:",
        "31: surgery[0].soft_max: unknown field; did you mean softmax?"),
    bad("surgery_two", "artifacts:", "surgery: [{softmax: {}, argmax: {}}]\nartifacts:",
        "31: surgery[0]: "),
    bad("surgery_field", "artifacts:", "surgery: [{softmax: {axes: 1}}]\nartifacts:",
        "31: surgery[0].softmax.axes: unknown field; did you mean axis?"),
    bad("surgery_path", "artifacts:", "surgery: [{script: {file: ../x.py}}]\nartifacts:",
        "31: surgery[0].script.file: '../x.py' must be a path below the model's folder"),
    bad("surgery_placeholder", "artifacts:", "surgery: [{set_batch: '{bach}'}]\nartifacts:",
        "31: surgery[0].set_batch: {bach} is no variable of the matrix; did you mean batch?"),
    bad("surgery_source", "artifacts:",
        "surgery: [{merge: {model: had, join: {d0: x}}}]\nartifacts:",
        "31: surgery[0].merge.model: 'had' is no source"),
    bad("surgery_constant", "artifacts:",
        "surgery: [{replace_constant: {name: a}}]\nartifacts:",
        "31: surgery[0].replace_constant: has both or none of value and file; give one of them"),
    bad("surgery_priors", "artifacts:",
        "surgery: [{decode_ssd: {offsets: d0, confidences: d1, priors: {strides: [8], sizes: "
        "[[1], [2]]}}}]\nartifacts:",
        "31: surgery[0].decode_ssd.priors: 1 strides, 2 lists of sizes"),
    bad("surgery_nothing", "artifacts:", "surgery: [{normalise: {axis: 1}}]\nartifacts:",
        "31: surgery[0].normalise: changes nothing; give mean, std, reverse_channels or dtype"),
    bad("surgery_of_caffe", """  framework: pytorch
  module: model.u2net
  path: [code]
  factory: Net
  arguments: {in_ch: 3}
  weights: weights
""", """  framework: caffe
  prototxt: weights
  caffemodel: weights
surgery: [{softmax: {}}]
""", "16: surgery: operates on ONNX, and caffe models do not pass through it; cut with ir.input"),
    bad("bomb", "shape: [batch, 3, h, w]", "shape: [1000000, 3, h, w]",
        "21: inputs[0].shape: [1000000, 3, 320, 320] has 307200000000 elements; at most 536870912"),
    bad("pickle", "  factory: Net", "  factory: Net\n  allow_pickle_of: [os.system]",
        "17: load.allow_pickle_of[0]: 'os.system' runs whatever it is told to; leave it out"),
    bad("pickle_form", "  factory: Net", "  factory: Net\n  allow_pickle_of: [system]",
        "17: load.allow_pickle_of[0]: 'system' must be a dotted name, module and class"),
    bad("network_inputs", "  factory: Net", "  factory: Net\n  network_inputs: [{name: x, "
        "shape: [1]}]", "17: load.network_inputs: is for models with surgery; describe"),
]  # fmt: skip

BUILDING = [
    bad("url_scheme", "https://example.org/w.pth", "ftp://example.org/w.pth",
        "8: sources.weights.url: 'ftp://example.org/w.pth' must be an http or https URL"),
    bad("url_password", "https://example.org/w.pth", "https://me:pw@example.org/w.pth",
        "8: sources.weights.url: "),
    bad("sha256", SHA + ", size", SHA[:-1] + ", size",
        "8: sources.weights.sha256: ", "must be 64 hexadecimal digits, in small letters"),
    bad("sha256_number", SHA + ", size", "1" * 60 + "e12, size",
        "8: sources.weights.sha256: must be a text, not the number 1.1", "put it in quotes"),
    bad("size", "size: 8613", "size: 0", "8: sources.weights.size: must be at least 1, not 0"),
    bad("size_text", "size: 8613", "size: 8_613",
        "8: sources.weights.size: must be a whole number, not the text '8_613'; "
        "YAML 1.2 reads it as a text: write a plain decimal number"),
    bad("size_sexagesimal", "size: 8613", "size: 3:20",
        "8: sources.weights.size: must be a whole number, not the text '3:20'; "
        "YAML 1.2 reads it as a text: write a plain decimal number"),
    bad("kind", "kind: url", "kind: http",
        "8: sources.weights.kind: 'http' is not one of url, git, file, gdrive"),
    bad("no_kind", "kind: git, ", "",
        "9: sources.code.kind: is required and missing; add kind, such as 'url'"),
    bad("field_of_other_kind", "revision: main", "sha256: abc",
        "9: sources.code.sha256: unknown field; known are: kind, url, revision"),
    bad("revision", "revision: main", "revision: --upload-pack=x",
        "9: sources.code.revision: '--upload-pack=x' must be a branch, a tag or a commit"),
    bad("revision_number", "revision: main", "revision: 1234567",
        "9: sources.code.revision: must be a text, not the number 1234567; put it in quotes"),
    bad("gdrive_id", "id: 1rbSTGKAE-MTxBYHd", "id: '../../etc/passwd'",
        "10: sources.drive.id: '../../etc/passwd' must be the id in the file's link"),
    bad("path_up", "path: notes/weights.npz", "path: notes/../../x",
        "11: sources.notes.path: 'notes/../../x' must be a path below the model's folder"),
    bad("path_absolute", "path: notes/weights.npz", "path: /etc/passwd",
        "11: sources.notes.path: '/etc/passwd' must be a path"),
    bad("path_backslash", "path: notes/weights.npz", r"path: 'notes\x'",
        r"11: sources.notes.path: 'notes\x' must be a path"),
    bad("source_key", "  notes:", "  no/tes:",
        "11: sources['no/tes']: 'no/tes' must be letters, digits, `_` and `-`"),
    bad("weights", "weights: weights", "weights: weight",
        "18: load.weights: 'weight' is no source; did you mean weights?"),
    bad("weights_up", "weights: weights", "weights: code/../../x",
        "18: load.weights: 'code/../../x' must be a source key"),
    bad("weights_repository", "weights: weights", "weights: code",
        "18: load.weights: 'code' is a whole repository; name the file: code/<path in it>"),
    bad("path", "path: [code]", "path: [coda]",
        "15: load.path[0]: 'coda' is no source; did you mean code?"),
    bad("framework", "framework: pytorch", "framework: torch",
        "13: load.framework: 'torch' is not one of pytorch, onnx,", "did you mean pytorch?"),
    bad("field_of_framework", "framework: pytorch", "framework: onnx",
        "14: load.module: unknown field; did you mean model?",
        "12: load.model: is required and missing; add model, such as 'network'"),
    bad("file_and_module", "  path: [code]\n", "  path: [code]\n  file: network.py\n",
        "12: load: has both file and module"),
    bad("no_file", "  module: model.u2net\n  path: [code]\n", "",
        "12: load: has neither file nor module"),
    bad("module_without_path", "  path: [code]\n", "",
        "14: load.module: needs path; add path: [<source key>]"),
    bad("factory", "factory: Net", "factory: __import__('os')",
        "16: load.factory: '__import__('os')' must be the name of a class or function"),
    bad("arguments", "arguments: {in_ch: 3}", "arguments: [3]",
        "17: load.arguments: must be a mapping, not the list [3]"),
    bad("lock_sha256", "size: 8613", "size: 8613",
        f"8: sources.weights.sha256: is '{SHA}', recipe.lock says", "converters.lock good",
        lock=f'  weights: {{from: "https://example.org/w.pth", sha256: {"a" * 64}}}'),
    bad("lock_from", "revision: main", "revision: dev",
        "9: sources.code: recipe.lock was resolved from https://example.org/code.git@main",
        lock=f'  code: {{from: "https://example.org/code.git@main", commit: {"a" * 40}}}'),
    bad("lock_form", "size: 8613", "size: 8613",
        "recipe.lock:3: sources.code.commit: 'main' must be a full commit",
        lock='  code: {from: "https://example.org/code.git@main", commit: main}'),
]  # fmt: skip

TENSORS = [
    bad("layout", "layout: NCHW", "layout: NCWH",
        "22: inputs[0].layout: 'NCWH' is not one of NCHW, NHWC, NCW, NWC, NCDHW, NDHWC, as-is; "
        "did you mean NCHW?"),
    bad("layout_rank", "layout: NCHW\n    color: RGB", "layout: NCW",
        "22: inputs[0].layout: NCW has 3 axes, the shape [1, 3, 320, 320] has 4"),
    bad("shape_rank", "[batch, 3, h, w]", "[3, h, w]",
        "22: inputs[0].layout: NCHW has 4 axes, the shape [3, 320, 320] has 3; "
        "correct one of them, or write as-is"),
    bad("shape_variable", "[batch, 3, h, w]", "[batch, 3, height, w]",
        "21: inputs[0].shape[2]: 'height' is no variable of the matrix"),
    bad("shape_zero", "[batch, 3, h, w]", "[batch, 0, h, w]",
        "21: inputs[0].shape[1]: must be at least 1, not 0"),
    bad("shape_text", "[batch, 3, h, w]", "320x320",
        "21: inputs[0].shape: must be a list, not the text '320x320'"),
    bad("dtype", "color: RGB", "dtype: float",
        "23: inputs[0].dtype: 'float' is not one of float32,"),
    bad("color", "color: RGB", "color: GRAY",
        "23: inputs[0].color: color GRAY has 1 channels, the input has 3; "
        "write color: RGB or BGR"),
    bad("channels", "[batch, 3, h, w]", "[batch, 1, h, w]",
        "23: inputs[0].color: color RGB has 3 channels, the input has 1; write color: GRAY",
        "24: inputs[0].preprocess[2].mean: has 3 numbers for 1 channels"),
    bad("mean", "[0.485, 0.456, 0.406]", "[0.485, 0.456]",
        "24: inputs[0].preprocess[2].mean: has 2 numbers for 3 channels; "
        "give one number, or one per channel"),
    bad("operation", "{scale: 255}", "{scal: 255}",
        "24: inputs[0].preprocess[1].scal: unknown field; did you mean scale?"),
    bad("two_operations", "{scale: 255}", "{scale: 255, add: 1}",
        "24: inputs[0].preprocess[1]: must have exactly 1 key, not"),
    bad("scale", "{scale: 255}", "{scale: 0}",
        "24: inputs[0].preprocess[1].scale: 0 divides by zero"),
    bad("scale_word", "{scale: 255}", "{scale: max}",
        "24: inputs[0].preprocess[1].scale: 'max' must be a number, a list of numbers, or "
        "image_max"),
    bad("resize", "{resize: [h, w]}", "{resize: [w, 224]}",
        "24: inputs[0].preprocess[0].resize: gives [320, 224], the input is [320, 320]"),
    bad("resize_text", "{resize: [h, w]}", "{resize: 3:20}",
        "24: inputs[0].preprocess[0].resize: must be a list, not the text '3:20'"),
    bad("output_twice", "{name: d1}", "{name: d0}",
        "27: outputs[1].rename: outputs[0] is called 'd0' already; give each its own name"),
    bad("ir_mean", "artifacts:", "ir: {mean: {y: 1}}\nartifacts:",
        "31: ir.mean.y: is no input; known are: x"),
    bad("ir_scale", "artifacts:", "ir: {scale: [1, 2]}\nartifacts:",
        "31: ir.scale: has 2 numbers for 3 channels"),
]  # fmt: skip

MATRIX = [
    bad("variant_name", 'name: "{h}x{w}"', 'name: "{w}"',
        "30: matrix.name: gives '320' to 2 variants; use every axis that has more than one"),
    bad("variant_path", 'name: "{h}x{w}"', 'name: "../{h}x{w}"',
        "30: matrix.name: gives the name '../320x320'; names are letters,"),
    bad("placeholder", 'name: "{h}x{w}"', 'name: "{hight}"',
        "30: matrix.name: {hight} is no variable of the matrix; ", "write {{ for a brace"),
    bad("placeholder_below", "https://example.org/w.pth", "https://example.org/{size}.pth",
        "8: sources.weights.url: {size} is no variable of the matrix"),
    bad("format_spec", "https://example.org/w.pth", "https://example.org/{h:03d}.pth",
        "8: sources.weights.url: {h:03d} is no variable of the matrix"),
    bad("differing_source", "https://example.org/w.pth", "https://example.org/{h}.pth",
        "8: sources.weights: differs between the variants 320x320 and 240x320; "
        "put what differs into its key too"),
    bad("resolution", "[[320, 320], [240, 320]]", "[320, 320]",
        "29: matrix.axes.resolution[0]: must be a list, not the number 320"),
    bad("empty_axis", "batch: [1]", "batch: []", "29: matrix.axes.batch: must not be empty"),
    bad("axis_h", "batch: [1]", "batch: [1], h: [1]",
        "29: matrix.axes: resolution gives h and w already; rename the other axis"),
    bad("batch_text", "batch: [1]", "batch: [one]",
        "21: inputs[0].shape[0]: 'batch' is 'one', not a whole number of at least 1"),
    bad("exclude", "artifacts:", "  exclude: [{batch: 4}]\nartifacts:",
        "31: matrix.exclude[0].batch: the axis has no value 4; it has: 1"),
    bad("exclude_all", "artifacts:", "  exclude: [{batch: 1}]\nartifacts:",
        "31: matrix.exclude: leaves no variant"),
    bad("when", "artifacts:", "  overrides: [{when: {bach: 1}, set: {simplify.skip: true}}]\nart"
        "ifacts:", "31: matrix.overrides[0].when.bach: is no axis of the matrix; did you mean b"),
    bad("set_fixed", "artifacts:", "  overrides: [{when: {batch: 1}, set: {license.spdx: MIT}}]\n"
        "artifacts:", "31: matrix.overrides[0].set['license.spdx']: license is the same for all"),
    bad("set_unknown", "artifacts:", "  overrides: [{when: {batch: 1}, set: {simplify.skp: true}}"
        "]\nartifacts:", "31: simplify.skp: unknown field; did you mean skip?"),
    bad("set_below_nothing", "artifacts:", "  overrides: [{when: {batch: 1}, set: {inputs.7.name:"
        " y}}]\nartifacts:", "31: matrix.overrides[0].set['inputs.7.name']: '7' is no entry of a"),
    bad("too_many", "batch: [1]", f"batch: {list(range(1, 600))}",
        "29: matrix.axes: gives 1198 variants; at most 1000 are accepted"),
]  # fmt: skip

SAMPLING = [
    bad("artifact", "saved_model, float32", "saved_model, floatt32",
        "31: artifacts[1]: 'floatt32' is not one of saved_model,", "did you mean float32?"),
    bad("artifact_twice", "saved_model, float32", "float32, float32",
        "31: artifacts: 'float32' stands twice; name each once"),
    bad("uncalibrated", "calibration: {data: photos, count: 32}\n", "",
        "31: artifacts[2]: int8, full_int8 without calibration; add calibration: "
        "{data: <data set>}, or leave these artefacts out"),
    bad("edgetpu", "full_int8, edgetpu", "edgetpu",
        "31: artifacts[3]: edgetpu is compiled from full_int8; add full_int8"),
    bad("data_kind", "kind: pictures", "kind: images",
        "33: data.photos.kind: 'images' is not one of pictures, function, arrays, sounds, sklearn"),
    bad("data_origin", "package: skimage, ", "package: skimage, folder: x, ",
        "33: data.photos: has package and folder of package, sources, folder; give exactly one"),
    bad("data_source", "package: skimage, ", "sources: [foto], ",
        "33: data.photos.sources[0]: 'foto' is no source"),
    bad("data_file", "file: data.py", "file: ../other/data.py",
        "34: data.drawn.file: '../other/data.py' must be a path below the model's folder"),
    bad("calibration", "calibration: {data: photos", "calibration: {data: photo",
        "35: calibration.data: 'photo' is no data set; did you mean photos?"),
    bad("no_verification", "verification: {data: drawn}\n", "",
        "1: verification: is required and missing; add verification"),
    bad("count", "count: 32", "count: 1e2.5",
        "35: calibration.count: must be a whole number, not the text '1e2.5'"),
    bad("metric", "metric: iou", "metric: mse", "37: evaluation.metric: 'mse' is not one of"),
    bad("metric_targets", "evaluation: {data: drawn", "evaluation: {data: photos",
        "37: evaluation.metric: iou wants targets, data of kind pictures has none; "
        "use kind function or arrays, or the metric agreement"),
    bad("metric_output", "output: d0", "output: dO",
        "37: evaluation.output: 'dO' is no public name of an output; known are: d0, d1"),
    bad("metric_which", ", output: d0", "",
        "37: evaluation: does not say which of 2 outputs; add output: one of d0, d1"),
    bad("limit_artifact", "  float32: {n", "  float23: {n",
        "39: limits.float23: unknown field; did you mean float32?"),
    bad("option_of_none", "artifacts:", "tf: {layout: NHWC}\nartifacts:",
        "31: tf.layout: unknown field; known are: overrides"),
    bad("limit_unwanted", "  float32: {n", "  float16: {n",
        "39: limits.float16: float16 is not among the artifacts and targets; wanted are: save"),
    bad("limit_measure", "normalised_max", "normalized_max",
        "39: limits.float32.normalized_max: unknown field; did you mean normalised_max?"),
    bad("limit_text", "1e-4", '"1e-4"',
        "39: limits.float32.normalised_max: must be a number, not the text '1e-4'"),
    bad("limit_metric", "evaluation: {data: drawn, metric: iou, output: d0}\n", "",
        "39: limits.int8.metric_drop: there is no evaluation to measure it; add evaluation"),
    bad("limit_mapped", "float32: {normalised_max: 1e-4}", "float32: {min_mapped: 0.9}",
        "39: limits.float32.min_mapped: the Edge TPU runs no operator of float32; "
        "limit int8, full_int8 or full_uint8"),
    bad("limit_compiled", "  int8: {metric_drop: 0.01}", "  edgetpu: {bytes: 5}",
        "40: limits.edgetpu.bytes: bytes is not measured of it; "
        "limit int8, full_int8 or full_uint8"),
    bad("limit_share", "{metric_drop: 0.01}", "{min_mapped: 98}",
        "40: limits.int8.min_mapped: must be at most 1, not 98"),
    bad("segments", "artifacts:", "edgetpu: {num_segments: 2, search_delegate: true}\nartifacts:",
        "31: edgetpu.search_delegate: a model in segments is not searched for a part that "
        "compiles; leave out one of the two"),
    bad("option", "artifacts:", "quantize: {perchannel: true}\nartifacts:",
        "31: quantize.perchannel: unknown field; did you mean per_channel?"),
]  # fmt: skip

TRAPS = [
    bad("yes", "count: 32", "count: yes",
        "35: calibration.count: bare yes is a truth value in YAML 1.1 and a text in YAML 1.2; "
        'write true, or "yes" for the text'),
    bad("off", "in_ch: 3", "bias: Off", "17: load.arguments.bias: bare Off is a truth value"),
    bad("key_on", "in_ch: 3", "on: 3", "17: load.arguments.on: bare on is a truth value"),
    bad("duplicate", "id: good\n", "id: good\nid: good\n",
        "3: id: the key stands twice, first in line 2; keep one of them"),
    bad("octal", "count: 32", "count: 010",
        "35: calibration.count: 010 begins with a zero: YAML 1.1 reads it as octal, YAML 1.2 "
        'does not; write 10, or "010" for a text'),
    bad("nan", "1e-4", ".nan", "39: limits.float32.normalised_max: .nan is not a finite number"),
    bad("tag", "in_ch: 3", "in_ch: !!python/object/apply:os.system [ls]",
        "17: load.arguments.in_ch: the tag tag:yaml.org,2002:python/object/apply:os.system is"),
    bad("merge", "  drive: {", "  drive: {<<: {}, ",
        "10: sources.drive: merge keys (<<) are not accepted; write them out"),
    bad("control", "A sound recipe", "A sound\x07 recipe",
        "3: holds the control character '\\x07'"),
    bad("escaped_control", "A sound recipe", r'"A sound\0 recipe"',
        "3: name: holds a control character"),
    bad("bidi", "A sound recipe", "A sound\u202erecipe", "3: holds the control character"),
    bad("syntax", "links: {", "links: [", "6: is not YAML: "),
    bad("complex_key", "in_ch: 3", "[a, b]: 3", "17: load.arguments: a key must be a plain word"),
    bad("cycle", "arguments: {in_ch: 3}", "arguments: &a {in_ch: *a}",
        "17: load.arguments.in_ch.in_ch", "nests deeper than 40"),
    bad("two_documents", "sources:\n", "---\nsources:\n", "7: is not YAML: "),
    bad("long_line", "A sound recipe", "x" * 5000,
        "3: has a line of 5006 characters; at most 4096 are read"),
    bad("brackets", "in_ch: 3", "a: " + "[\n" * 20_000, "1: has more than 10000 brackets"),
]  # fmt: skip

BAD = [*ABOUT, *CHANGING, *BUILDING, *TENSORS, *MATRIX, *SAMPLING, *TRAPS]
