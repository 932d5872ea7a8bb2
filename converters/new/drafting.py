"""From what somebody gives to the files of a new model's folder: recipe, weights, skeleton."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from converters.errors import RecipeError
from converters.new import checkpoint_file, guesses, local, web
from converters.new.checkpoint_file import Checkpoint
from converters.new.factories import Factory, factories, module_of
from converters.new.findings import Network
from converters.new.given import Given, Wish
from converters.new.guesses import Guess
from converters.new.looking import look
from converters.new.recipe_text import Draft, load_of, recipe_text
from converters.new.skeleton import is_writable, skeleton, table
from converters.recipes.schema import closed_list

ID = re.compile(r"[a-z0-9][a-z0-9_.-]*")
SAYS_NOTHING = re.compile(
    r"(model|net|network|best|last|weights?|checkpoint|saved_?model|frozen|graph|final|latest"
    r"|frozen_inference_graph|state_dict|deploy|epoch_?\d*|pytorch_model)(_\d+)*"
)
"""Names of files that tell nothing of the model."""


class Made(NamedTuple):
    """A model's folder, before it is written."""

    id: str
    texts: Mapping[str, str]  # file -> content
    copies: Mapping[str, Path]  # file -> what is copied there
    network: Network
    given: Given


def draft(text: str, wish: Wish, model: str = "", task: str = "") -> Made:
    """The folder of a new model; `text` is a file, a folder or an address."""
    given = web.given(text, wish) if "://" in text else local.given(Path(text), wish)
    chosen = model or _id(given, text)
    if not ID.fullmatch(chosen):
        raise RecipeError(
            f"{chosen!r} is no id", remedy="ids are small letters, digits, `_`, `-` and `.`"
        )
    purpose = Guess(_checked(task), "") if task else guesses.task_of(f"{chosen} {text}")
    if given.kind == "pytorch":
        return _of_checkpoint(given, chosen, purpose, wish.data_sets)
    network = look(given)
    load = load_of(network, given, {})
    written = recipe_text(Draft(chosen, purpose, given, network, load, (), wish.data_sets))
    return Made(chosen, {"recipe.yaml": written}, given.copies, network, given)


def _id(given: Given, text: str) -> str:
    """An id from the file's name, or from where it lies if that says nothing."""
    found = guesses.id_of(given.name)
    if not SAYS_NOTHING.fullmatch(found):
        return found
    home = str(given.links.get("repo") or Path(text).resolve().parent)
    above = guesses.id_of(home)
    return f"{above}_{found}" if SAYS_NOTHING.fullmatch(above) else above


def _checked(task: str) -> str:
    known = closed_list("task")
    if task not in known:
        from converters.recipes.problems import nearest_or_all

        raise RecipeError(f"{task!r} is no task", remedy=nearest_or_all(task, known))
    return task


# Checkpoints ------------------------------------------------------------------------------------


def _of_checkpoint(given: Given, model: str, purpose: Guess, data_sets: tuple[str, ...]) -> Made:
    network, checkpoint = checkpoint_file.look(given.path, given.name)
    code, texts, decisions = _code(given, checkpoint, model)
    load = load_of(network, given, code)
    written = recipe_text(Draft(model, purpose, given, network, load, decisions, data_sets))
    return Made(model, {"recipe.yaml": written, **texts}, given.copies, network, given)


def _code(
    given: Given, checkpoint: Checkpoint, model: str
) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Where the network's code is: in the repository, or a skeleton beside the recipe."""
    texts = {"state_dict.tsv": table(checkpoint.shapes)}
    found = factories(given.repository, checkpoint.shapes) if given.repository else []
    if found:
        code, decisions = _of_repository(found)
        return code, texts, decisions
    factory = "".join(part.capitalize() for part in re.split(r"[^a-z0-9]+", model)) or "Network"
    factory = factory if factory[0].isalpha() else f"Net{factory}"
    title = f"The network of {model}."
    if is_writable(checkpoint.shapes):
        texts["network.py"] = skeleton(checkpoint.shapes, factory, title)
    else:
        texts["network.py"] = skeleton({}, factory, title)
    decisions = [
        "network.py is a skeleton with the names and shapes of the state dict: go through its "
        "lines marked DECIDE and write forward"
    ]
    return {"file": "network.py", "factory": factory}, texts, decisions


def _of_repository(found: list[Factory]) -> tuple[dict[str, Any], list[str]]:
    best = found[0]
    module, folder = module_of(best.file)
    code: dict[str, Any] = {
        "module": module,
        "path": [f"code/{folder}" if folder else "code"],
        "factory": best.name,
    }
    decisions = [
        f"{best.name} in {best.file} has {best.agreement:.0%} of the state dict's names"
        + "".join(f"; {e.name} in {e.file} {e.agreement:.0%}" for e in found[1:3])
    ]
    if best.arguments:
        code["arguments"] = {}
        decisions.append(f"the arguments: {best.name} wants {', '.join(best.arguments)}")
    return code, decisions
