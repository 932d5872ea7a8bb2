"""What all tests share: no deadline for drawn examples, since a busy machine is no failure.

Tests marked `apart` run in a process of their own where this one has TensorFlow loaded, which
tflite-runtime cannot share one with.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("zoo", deadline=None)
settings.load_profile("zoo")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if "tensorflow" not in sys.modules or pyfuncitem.get_closest_marker("apart") is None:
        return None
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", pyfuncitem.nodeid]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(done.stdout[-4000:] + done.stderr[-1000:], pytrace=False)
    return True
