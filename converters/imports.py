"""How the heavy packages are imported: where they are used, and without what no stage needs.

Half of what `import tensorflow` costs is Keras, which imports matplotlib, scikit-learn and OpenCV.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any


@contextlib.contextmanager
def without(modules: Sequence[str]) -> Iterator[None]:
    """Imports inside do not find these modules, where they can do without; later ones do.

    The garbage collector rests meanwhile: nothing that an import makes is garbage.
    """
    hidden = [name for name in modules if name not in sys.modules]
    collecting = gc.isenabled()
    gc.disable()
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
        if collecting:
            gc.enable()


def tensorflow() -> Any:
    """TensorFlow without Keras, with no banners and no search for a GPU.

    Whoever needs Keras imports it all the same.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    with without(["keras"]):
        return importlib.import_module("tensorflow")
