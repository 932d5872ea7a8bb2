"""Colours: for terminals, and for people who have not asked for none (https://no-color.org)."""

from __future__ import annotations

import os
from collections.abc import Mapping

from snakemake.logging import logger


def obey_no_color(environment: Mapping[str, str] = os.environ) -> None:
    """Where NO_COLOR is set, let Snakemake print no colours; elsewhere it knows a terminal itself.

    What it prints before it reads the Snakefile is out of reach.
    """
    if environment.get("NO_COLOR"):
        for handler in logger.handlers:
            if hasattr(handler, "nocolor"):
                handler.nocolor = True
