"""A deployment's own file of sources: entries are added and changed in it, and no other line of it is touched."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from feeds import registry
from feeds.errors import FeedError
from feeds.model import Feed
from feeds.registry import Change, Registry, RegistryProblems

FILE_NAME = "feeds.yaml"
"""What the file is called where only a folder is named."""
KEPT_CHANGES = 50
"""Of one source; earlier ones are dropped from the file."""


class OverlayProblem(FeedError):
    """Entries that cannot be added; one line names the file or the key, the value and the remedy."""


def file_in(place: Path) -> Path:
    """The file that entries are added to, in a folder or named outright."""
    return place / FILE_NAME if place.is_dir() else place


def add(place: Path, feeds: Iterable[Feed], *, change: Change | None = None) -> Path:
    """Add these sources to the file, which need not exist yet, whole or not at all; gives the file.

    Raises `OverlayProblem` for a source the registry would refuse, and for a file that cannot be written to.
    """
    file = file_in(place)
    feeds = tuple(feeds)
    entries = registry.dump(feeds, changes={feed.feed_id: (change,) for feed in feeds} if change else None)
    _check(entries)
    with _alone_at(file):
        _write(file, _joined(_text(file), entries, file))
    return file


def amend(place: Path, feed_id: str, values: Mapping[str, Any], change: Change, *, below: Path) -> Registry:
    """Give these keys of one source new values, with who, when and why; gives the registry as it is then.

    A shipped source gets an entry of its own that holds only what differs; `below` is where the shipped ones are.
    Raises `OverlayProblem` for values the registry would refuse, and for a file that cannot be written to.
    """
    with _alone_at(file_in(place)):
        file, present = _file_of(place, feed_id)
        text, entry = present, _Slot.of(present, feed_id, file)
        before = dict(entry.values) if entry is not None else {"id": feed_id}
        told = [*before.pop("changes", []), registry.written_change(change)][-KEPT_CHANGES:]
        changed = before | dict(values) | {"changes": told}
        dumped = yaml.safe_dump([changed], allow_unicode=True, sort_keys=False, width=120)
        text = entry.replaced(present, dumped) if entry is not None else _joined(present, _under(dumped), file)
        amended = _tried(place, file, text, below)
        _write(file, text)
    return amended


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """The lines of one entry in a file."""

    first: int
    after: int
    indent: int
    values: dict[str, Any]

    @classmethod
    def of(cls, text: str, feed_id: str, file: Path) -> _Slot | None:
        """Where the entry of that id stands, if it does."""
        sequence = _sequence(text, file) if text.strip() else None
        nodes = list(sequence.value) if sequence is not None else []
        lines = text.splitlines()
        for place, node in enumerate(nodes):
            values = yaml.SafeLoader("").construct_document(node)
            if not isinstance(values, dict) or values.get("id") != feed_id:
                continue
            first = node.start_mark.line
            after = nodes[place + 1].start_mark.line if place + 1 < len(nodes) else len(lines)
            while after > first + 1 and lines[after - 1].strip().startswith("#") | (not lines[after - 1].strip()):
                after -= 1
            assert sequence is not None
            return cls(first=first, after=after, indent=sequence.start_mark.column, values=values)
        return None

    def replaced(self, text: str, dumped: str) -> str:
        """The text with this entry's lines replaced by another writing of it."""
        lines = text.splitlines()
        fresh = [" " * self.indent + line for line in dumped.splitlines()]
        return "\n".join([*lines[: self.first], *fresh, *lines[self.after :]]) + "\n"


def _file_of(place: Path, feed_id: str) -> tuple[Path, str]:
    """The file that has an entry of that id, else the one that gets it; with its text."""
    files = sorted([*place.glob("*.yaml"), *place.glob("*.yml")]) if place.is_dir() else []
    for file in files:
        text = _text(file)
        if _Slot.of(text, feed_id, file) is not None:
            return file, text
    return file_in(place), _text(file_in(place))


def _tried(place: Path, file: Path, text: str, below: Path) -> Registry:
    """The registry as it would be; `OverlayProblem` in one line where it would refuse the file."""
    with tempfile.TemporaryDirectory(prefix="vedette-feeds-") as folder:
        alone = Path(folder)
        for other in sorted([*place.glob("*.yaml"), *place.glob("*.yml")]) if place.is_dir() else ():
            (alone / other.name).write_text(_text(other), encoding="utf-8")
        (alone / file.name).write_text(text, encoding="utf-8")
        try:
            return registry.load_feeds(below, overlay=alone)
        except RegistryProblems as problems:
            said = "; ".join(f"{one.key}: {one.message}" if one.key else one.message for one in problems.problems)
            raise OverlayProblem(said) from problems


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


def _under(dumped: str) -> str:
    return "feeds:\n" + dumped


def _joined(present: str, entries: str, file: Path) -> str:
    """The file's text with the entries behind its last one, in its own indentation."""
    if not present.strip():
        return entries
    sequence = _sequence(present, file)
    if sequence is None:
        return present.rstrip("\n") + "\n" + entries
    indent = " " * sequence.start_mark.column
    lines = entries.splitlines()[1:]
    return present.rstrip("\n") + "\n" + "".join(f"{indent}{line}\n" for line in lines)


def _sequence(text: str, file: Path) -> yaml.SequenceNode | None:
    """The list of entries of a file; None where it holds but comments."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise OverlayProblem(f"{file}: is no YAML ({' '.join(str(error).split())}); put it right first") from error
    if root is None:
        return None
    lists = [value for key, value in root.value if key.value == "feeds"] if isinstance(root, yaml.MappingNode) else []
    if len(lists) != 1 or len(root.value) != 1 or not isinstance(lists[0], yaml.SequenceNode) or lists[0].flow_style:
        raise OverlayProblem(f"{file}: is no plain list of sources; begin it with `feeds:`, every source with `- id:`")
    return lists[0]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise _unwritable(file, error) from error


def _write(file: Path, text: str) -> None:
    try:
        _replace(file, text)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: Exception) -> OverlayProblem:
    reason = getattr(error, "strerror", None) or str(error)
    return OverlayProblem(f"{file}: cannot be written ({reason}); see to its rights, or name another")


@contextmanager
def _alone_at(file: Path) -> Iterator[None]:
    """Two people who change sources at the same moment do it one after the other."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file.parent, os.O_RDONLY) if sys.platform != "win32" else None
    except OSError as error:
        raise _unwritable(file, error) from error
    if handle is None:
        yield
        return
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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
