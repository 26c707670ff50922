"""A recording: a folder of publications and of how their sources answered."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from feeds.model import Feed, Item
from feeds.registry import load_feeds


class RecordingProblem(Exception):
    """A recording that cannot be used: one line with the file, the value, the remedy."""


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("has no zone; write it with a final Z")
    return value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_aware)]


class _Door(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Fault(_Door):
    """A stretch in which a source answers something else than its document."""

    from_at: Instant = Field(alias="from")
    to_at: Instant = Field(alias="to")
    status: int = Field(ge=200, le=599)
    retry_after: int | None = None
    html: bool = False

    def holds(self, at: datetime) -> bool:
        """Whether the source is at fault at `at`."""
        return self.from_at <= at < self.to_at


class Behaviour(_Door):
    """How one source answers."""

    feed: str
    form: Literal["rss", "atom", "jsonfeed", "telegram", "youtube"]
    keep: int = Field(default=20, ge=1)
    etag: bool = True
    faults: tuple[Fault, ...] = ()


class Edit(_Door):
    """A later wording of a publication."""

    at: Instant
    title: str
    text: str


class Publication(_Door):
    """One thing a source published, and what it became later."""

    id: str
    source: str
    at: Instant
    lang: str
    title: str = ""
    text: str = ""
    kind: Literal["text", "photo", "video"] = "text"
    forwarded_from: str = ""
    edits: tuple[Edit, ...] = ()

    def as_of(self, at: datetime) -> tuple[str, str]:
        """Title and text as they stood at `at`."""
        wording = (self.title, self.text)
        for edit in sorted(self.edits, key=lambda edit: edit.at):
            if edit.at <= at:
                wording = (edit.title, edit.text)
        return wording

    def changed_at(self, at: datetime) -> datetime:
        """When it last changed, as seen at `at`."""
        return max([self.at, *(edit.at for edit in self.edits if edit.at <= at)])


class _Manifest(_Door):
    id: str
    title: str
    label: str
    problem: str
    starts_at: Instant
    ends_at: Instant
    sources: tuple[Behaviour, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Everything that was published in a span, by source, and how each source answered."""

    id: str
    title: str
    label: str
    """What a person must know about it; printed wherever its data are shown."""
    problem: str
    starts_at: datetime
    ends_at: datetime
    feeds: tuple[Feed, ...]
    behaviours: Mapping[str, Behaviour]
    publications: Mapping[str, tuple[Publication, ...]]
    """By source, oldest first."""

    def window(self, source: str, at: datetime, *, before: str | None = None) -> tuple[Publication, ...]:
        """What the source's document holds at `at`, newest first; with `before`, the page that precedes that id."""
        ones = self.publications.get(source, ())
        published = bisect_right(ones, at, key=_published_at)
        if before is not None:
            published = next((number for number, one in enumerate(ones[:published]) if one.id == before), 0)
        return tuple(reversed(ones[max(0, published - self.behaviours[source].keep) : published]))

    def items(self) -> Iterator[Item]:
        """Every publication in its first wording, known when it was published."""
        for source, ones in self.publications.items():
            for one in ones:
                yield Item(
                    item_id=f"{source}:{one.id}",
                    source=source,
                    url="",
                    title=one.title,
                    text=one.text,
                    published_at=one.at,
                    known_at=one.at,
                    lang=one.lang,
                    forwarded_from=one.forwarded_from,
                )

    def state(self, source: str, at: datetime) -> tuple[int, int]:
        """How much the source had published and edited by `at`: while it stays the same, so does its document."""
        ones = self.publications.get(source, ())
        published = bisect_right(ones, at, key=_published_at)
        return published, sum(edit.at <= at for one in ones[:published] for edit in one.edits)


def _published_at(one: Publication) -> datetime:
    return one.at


def load(place: str | Path, *, shipped: Path) -> Recording:
    """The recording in a folder, or the shipped one of that name; every problem of its files in one error."""
    folder = Path(place)
    if not (folder / "manifest.yaml").is_file():
        folder = shipped / str(place)
    if not (folder / "manifest.yaml").is_file():
        known = ", ".join(sorted(path.parent.name for path in shipped.glob("*/manifest.yaml"))) or "none"
        raise RecordingProblem(f"replay '{place}': no folder with a manifest.yaml; shipped recordings: {known}")
    manifest = _manifest(folder / "manifest.yaml")
    feeds = load_feeds(folder / "feeds.yaml").feeds
    behaviours = {behaviour.feed: behaviour for behaviour in manifest.sources}
    if unknown := sorted(set(behaviours) ^ {feed.feed_id for feed in feeds}):
        raise RecordingProblem(
            f"{folder}: {', '.join(unknown)}: named in only one of manifest.yaml and feeds.yaml; name it in both"
        )
    publications: dict[str, list[Publication]] = defaultdict(list)
    for one in _publications(folder / "items.jsonl"):
        if one.source not in behaviours:
            raise RecordingProblem(f"{folder / 'items.jsonl'}: {one.id}: source '{one.source}' is not in manifest.yaml")
        publications[one.source].append(one)
    return Recording(
        id=manifest.id,
        title=manifest.title,
        label=manifest.label,
        problem=manifest.problem,
        starts_at=manifest.starts_at,
        ends_at=manifest.ends_at,
        feeds=feeds,
        behaviours=behaviours,
        publications={
            source: tuple(sorted(ones, key=lambda one: (one.at, one.id))) for source, ones in publications.items()
        },
    )


def _manifest(path: Path) -> _Manifest:
    try:
        return _Manifest.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise RecordingProblem(f"{path}: {_one_line(error)}") from error


def _publications(path: Path) -> Iterator[Publication]:
    if not path.is_file():
        raise RecordingProblem(f"{path}: missing; a recording needs its items")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield Publication.model_validate(json.loads(line))
            except (json.JSONDecodeError, ValidationError) as error:
                raise RecordingProblem(f"{path}:{number}: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(str(at) for at in one['loc'])}: {one['msg']}" for one in error.errors())
    return " ".join(str(error).split())
