"""The checks as nox sessions, all in the one locked environment (`make env` makes it)."""

from pathlib import Path

import nox

BIN = Path(__file__).resolve().parent / ".venv" / "bin"

nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "none"


@nox.session
def lint(session: nox.Session) -> None:
    """Formatters and linters, changing nothing."""
    session.run(str(BIN / "ruff"), "check", ".", external=True)
    session.run(str(BIN / "ruff"), "format", "--check", ".", external=True)
    session.run(str(BIN / "snakefmt"), "--check", "Snakefile", "rules", external=True)
    session.run(str(BIN / "python"), "-m", "converters.check", external=True)


@nox.session
def types(session: nox.Session) -> None:
    """The type checker on converters/."""
    session.run(str(BIN / "mypy"), external=True)


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite; arguments go to pytest."""
    session.run(str(BIN / "python"), "-m", "pytest", *session.posargs, external=True)


@nox.session
def zoo(session: nox.Session) -> None:
    """The embedded models, from recipe to package."""
    session.run(str(BIN / "snakemake"), "--cores", "2", external=True)
