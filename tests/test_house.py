"""The house rules that no other tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "dashboard.py", "indicators", "feeds", "data", "tests"}
CLOCK_KEEPERS = ("indicators/service.py", "indicators/cli/", "indicators/pages/")
BANNED_NAMES = {"utils", "helpers", "manager", "common", "core", "misc"}


def tracked() -> list[Path]:
    """The files of the project: what git tracks, else all that is not hidden."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not any(p.startswith(".") for p in path.parts)]


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the two packages, parsed."""
    for package in ("feeds", "indicators"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_the_top_level_is_the_users():
    """The top level holds what the user fixed, and hidden folders; nothing else."""
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_rooms_are_named_after_nouns_of_the_field():
    """No module or package is called utils, helpers, manager, common, core or misc."""
    names = {part.removesuffix(".py") for name, _ in modules() for part in Path(name).parts}
    assert not names & BANNED_NAMES


def test_only_the_clocks_room_reads_the_clock():
    """`datetime.now`, `date.today`, `utcnow` and `time.time` are called only where people and the clock live."""
    readers = []
    for name, tree in modules():
        if name.startswith(CLOCK_KEEPERS):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                owner_name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                if (node.func.attr in {"now", "utcnow", "today"} and owner_name in {"datetime", "date"}) or (
                    node.func.attr == "time" and owner_name == "time"
                ):
                    readers.append(f"{name}:{node.lineno}")
    assert not readers, "these read the wall clock: " + ", ".join(readers)


def test_nobody_swallows_every_error():
    """No bare `except`, and no `except Exception` whose body is only `pass`."""
    silent = []
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                bare = node.type is None
                blanket = isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
                mute = all(isinstance(line, ast.Pass) for line in node.body)
                if bare or (blanket and mute):
                    silent.append(f"{name}:{node.lineno}")
    assert not silent, ", ".join(silent)


def test_streamlit_and_sql_keep_to_their_rooms():
    """Streamlit is imported by pages alone; SQLAlchemy by stores, the spine and the doors that open a database."""
    strays = []
    for name, tree in modules():
        for node in ast.walk(tree):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for imported in names:
                if imported.split(".")[0] == "streamlit" and not name.startswith("indicators/pages/"):
                    strays.append(f"{name}: streamlit")
    assert not strays, ", ".join(strays)


def test_nothing_in_python_names_the_problem():
    """A warning problem is configuration: no module mentions Belarus, Ukraine, Minsk or a leader by name."""
    word = re.compile(r"\b(belarus|ukraine|lukashenko|putin|minsk|kyiv|gomel)", re.IGNORECASE)
    named = []
    for package in ("feeds", "indicators"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            # A string that stands alone is documentation, of a module, a function or an attribute.
            docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                constant = isinstance(node, ast.Constant) and isinstance(node.value, str)
                # A shipped replay's name in a hint to the reader is no knowledge about the problem.
                if constant and id(node) not in docstrings and word.search(node.value.replace("belarus-2022-12", "")):
                    named.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.value[:60]!r}")
    assert not named, "\n".join(named)


def test_every_test_states_its_claim():
    """Every test function has a docstring: the sentence that must be true."""
    mute = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_test = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
            if is_test and not ast.get_docstring(node):
                mute.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not mute, "\n".join(mute)


def test_no_path_of_one_machine_and_no_registry_address():
    """No tracked text names a developer's folder or a package registry."""
    marks = re.compile(r"/(work|root|home)/[a-z]+/|files\.pythonhosted|registry\.npmjs|pypi\.org/simple")
    found = []
    for path in tracked():
        if path.suffix in {".png", ".gz", ".ico"} or path.name == Path(__file__).name:
            continue
        if marks.search(path.read_text(encoding="utf-8", errors="replace")):
            found.append(str(path.relative_to(ROOT)))
    assert not found, ", ".join(found)


@pytest.mark.parametrize("path", ["README.md", "feeds/README.md", "indicators/README.md"])
def test_links_of_the_plans_lead_somewhere(path: str):
    """Every relative link and picture in a README exists."""
    text = (ROOT / path).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(((?!https?:)[^)#]+)\)", text)
    missing = [target for target in targets if not ((ROOT / path).parent / target).exists()]
    assert not missing


def test_every_command_is_in_the_handbook():
    """Every verb of the command line appears in the handbook."""
    from indicators.cli import parser

    verbs = next(action for action in parser()._actions if hasattr(action, "choices") and action.dest == "verb")
    handbook = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "data" / "handbook").glob("*.md"))
    assert [verb for verb in verbs.choices if f"vedette {verb}" not in handbook] == []
