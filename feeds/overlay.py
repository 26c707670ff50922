"""A deployment's own file of sources: entries are added to it, and no other line of it is touched."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from feeds import registry
from feeds.errors import FeedError
from feeds.model import Feed
from feeds.registry import RegistryProblems

FILE_NAME = "feeds.yaml"
"""What the file is called where only a folder is named."""


class OverlayProblem(FeedError):
    """Entries that cannot be added; one line names the file or the key, the value and the remedy."""


def file_in(place: Path) -> Path:
    """The file that entries are added to, in a folder or named outright."""
    return place / FILE_NAME if place.is_dir() else place


def add(place: Path, feeds: Iterable[Feed]) -> Path:
    """Add these sources to the file, which need not exist yet, whole or not at all; gives the file.

    Raises `OverlayProblem` for a source the registry would refuse, and for a file that cannot be written to.
    """
    file = file_in(place)
    entries = registry.dump(feeds)
    _check(entries)
    present = ""
    try:
        if file.exists():
            present = file.read_text(encoding="utf-8")
        text = _joined(present, entries, file)
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, text)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OverlayProblem(f"{file}: cannot be written ({reason}); see to its rights, or name another") from error
    return file


def _check(entries: str) -> None:
    """What the registry would say of these entries on their own."""
    with tempfile.TemporaryDirectory(prefix="vedette-feeds-") as folder:
        alone = Path(folder) / FILE_NAME
        alone.write_text(entries, encoding="utf-8")
        try:
            registry.load_feeds(alone)
        except RegistryProblems as problems:
            said = "; ".join(f"{one.key}: {one.message}" for one in problems.problems)
            raise OverlayProblem(said) from problems


def _joined(present: str, entries: str, file: Path) -> str:
    """The file's text with the entries behind its last one, in its own indentation."""
    if not present.strip():
        return entries
    try:
        root = yaml.compose(present, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise OverlayProblem(f"{file}: is no YAML ({' '.join(str(error).split())}); put it right first") from error
    if root is None:
        return present.rstrip("\n") + "\n" + entries
    lists = [value for key, value in root.value if key.value == "feeds"] if isinstance(root, yaml.MappingNode) else []
    if len(lists) != 1 or len(root.value) != 1 or not isinstance(lists[0], yaml.SequenceNode) or lists[0].flow_style:
        raise OverlayProblem(f"{file}: is no plain list of sources; begin it with `feeds:`, every source with `- id:`")
    indent = " " * lists[0].start_mark.column
    lines = entries.splitlines()[1:]
    return present.rstrip("\n") + "\n" + "".join(f"{indent}{line}\n" for line in lines)


def _replace(file: Path, text: str) -> None:
    """A reader sees the old file or the new one, never half of either."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        fresh.chmod(file.stat().st_mode & 0o777 if file.exists() else 0o644)
        fresh.replace(file.resolve())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
