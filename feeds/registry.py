"""The registry of sources: YAML files in, feeds out, or every problem of every file at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from feeds.errors import FeedError
from feeds.model import Feed, FeedKind, OriginKind

SHORTEST = timedelta(minutes=2)
LONGEST = timedelta(days=7)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION = re.compile(r"(?:[0-9]{1,7}[smhd]){1,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right: where it is, what is wrong, what to write instead."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key + ': ' if self.key else ''}{self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person changed of a source, and why."""

    at: datetime
    by: str
    reason: str
    what: str = ""
    """In a few words, such as 'disabled' or 'interval 30m, was 10m'."""


class RegistryProblems(FeedError):
    """The registry cannot be used; `problems` holds everything that is wrong in any of its files."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Every registered source, enabled or not, in the order of the files."""

    feeds: tuple[Feed, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
    """By feed id: what an officer should know of a source, such as why it is disabled."""
    places: Mapping[str, str] = field(default_factory=dict)
    """By feed id: file and line of its entry."""
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    """By feed id: what people changed of it, oldest first; a source that stands as shipped is absent."""

    def __iter__(self) -> Iterator[Feed]:
        return iter(self.feeds)

    def __len__(self) -> int:
        return len(self.feeds)

    def get(self, feed_id: str) -> Feed | None:
        """The source of that id."""
        return next((feed for feed in self.feeds if feed.feed_id == feed_id), None)

    @property
    def enabled(self) -> tuple[Feed, ...]:
        """The sources that are visited."""
        return tuple(feed for feed in self.feeds if feed.enabled)


def load_feeds(places: str | Path | Iterable[str | Path], *, overlay: str | Path | None = None) -> Registry:
    """The registry in a folder or files, with a deployment's overlay on top; raises `RegistryProblems`.

    An overlay entry with the id of a shipped one changes only the keys it names; with a new id it adds a source.
    """
    problems: list[Problem] = []
    entries: dict[str, _Entry] = {}
    for layer, files in enumerate((_files(places, problems), _files(overlay, problems) if overlay else [])):
        seen: dict[str, _Entry] = {}
        for file in files:
            for entry in _entries(file, problems):
                before = seen.get(entry.feed_id)
                if before is not None:
                    message = f"'{entry.feed_id}' is taken by {before.place}; choose another id"
                    problems.append(entry.problem("id", message))
                    continue
                seen[entry.feed_id] = entry
                entries[entry.feed_id] = (
                    entry.over(entries[entry.feed_id]) if layer and entry.feed_id in entries else entry
                )
    specs = _validated(entries.values(), problems)
    if problems:
        raise RegistryProblems(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    return Registry(
        feeds=tuple(spec.feed() for spec in specs),
        notes={spec.id: spec.note for spec in specs if spec.note},
        places={key: entry.place for key, entry in entries.items()},
        changes={spec.id: tuple(change.noun() for change in spec.changes) for spec in specs if spec.changes},
    )


def dump(
    feeds: Iterable[Feed],
    notes: Mapping[str, str] | None = None,
    changes: Mapping[str, Sequence[Change]] | None = None,
) -> str:
    """The feeds as a registry file that `load_feeds` reads back to the same feeds."""
    entries = []
    for feed in feeds:
        entry = written(feed)
        if note := (notes or {}).get(feed.feed_id, ""):
            entry["note"] = note
        if told := (changes or {}).get(feed.feed_id, ()):
            entry["changes"] = [written_change(change) for change in told]
        entries.append(entry)
    return yaml.safe_dump({"feeds": entries}, allow_unicode=True, sort_keys=False, width=120)


def written_change(change: Change) -> dict[str, str]:
    """A change as an entry of a registry file holds it."""
    told = {"at": f"{change.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "by": change.by, "what": change.what}
    return {key: value for key, value in told.items() if value} | {"reason": change.reason}


def written(feed: Feed) -> dict[str, Any]:
    """A feed's entry in a registry file; what is as usual is left out."""
    defaults = Feed(feed_id="", name="", url="")
    entry: dict[str, Any] = {
        "id": feed.feed_id,
        "name": feed.name,
        "url": feed.url,
        "kind": feed.kind.value,
        "languages": list(feed.languages),
    }
    optional: dict[str, Any] = {
        "owner": feed.owner if feed.owner != feed.feed_id else "",
        "speaks_for": feed.speaks_for,
        "origin_kind": feed.origin_kind.value,
        "state_controlled": feed.state_controlled,
        "reliability": feed.reliability,
        "topics": list(feed.topics),
        "interval": span_text(feed.interval),
        "timezone": feed.timezone,
        "day_order": feed.day_order if feed.day_order != defaults.day_order else "",
        "selectors": dict(feed.selectors),
    }
    entry |= {key: value for key, value in optional.items() if value}
    if feed.digest is not None:
        entry["digest"] = feed.digest
    if not feed.enabled:
        entry["enabled"] = False
    return entry


def span(text: object) -> timedelta:
    """A span of time as people write it: 90s, 10m, 5h, 1d, 1h30m; ValueError says what to write."""
    raw = str(text).strip()
    if raw.isdigit():
        raise ValueError(f"'{raw}' has no unit; write '{raw}m' or '{raw}h'")
    if not DURATION.fullmatch(raw):
        raise ValueError(f"'{raw}' is not a span of time; write 10m, 5h or 1d")
    return sum((timedelta(**{UNITS[unit]: int(n)}) for n, unit in re.findall(r"(\d+)([smhd])", raw)), timedelta())


def span_text(value: timedelta) -> str:
    """A span as `span` reads it."""
    seconds = round(value.total_seconds())
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


# --- what one entry may say ----------------------------------------------------------------------------------------


def _interval(value: object) -> timedelta:
    found = value if isinstance(value, timedelta) else span(value)
    if found < SHORTEST:
        raise ValueError(f"'{value}' is impolite; write {span_text(SHORTEST)} or more")
    if found > LONGEST:
        raise ValueError(f"'{value}' is no watch; write {span_text(LONGEST)} or less")
    return found


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"'{value}' is no time zone; write a name such as Europe/Warsaw or UTC") from error
    return value


def _address(value: str) -> str:
    if not value:
        return value
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError as error:
        raise ValueError("it cannot be read as an address; write https://host/path") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"'{value}' is not a web address; write https://host/path")
    if "@" in parts.netloc:
        raise ValueError("it holds a user name or password; a registry is shared, so take them out")
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _day_order(value: str) -> str:
    if sorted(value) != ["D", "M", "Y"]:
        raise ValueError(f"'{value}' is no order of day, month and year; write DMY, MDY or YMD")
    return value


def _pattern(pattern: str, remedy: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"'{value}' does not fit; {remedy}")
        return value

    return AfterValidator(check)


Language = Annotated[str, _pattern(r"[a-z]{2,3}", "write a language code such as uk, ru or en")]
Topic = Annotated[str, _pattern(r"[a-z][a-z0-9_]*", "write one word in small letters such as posture")]


class _ChangeSpec(BaseModel):
    """Who changed an entry, when and why."""

    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime
    by: Annotated[str, Field(min_length=1)]
    reason: str = ""
    what: str = ""

    def noun(self) -> Change:
        return Change(at=self.at.astimezone(UTC), by=self.by, reason=self.reason, what=self.what)


class _Spec(BaseModel):
    """One entry of a registry file."""

    model_config = ConfigDict(extra="forbid", strict=False)

    id: Annotated[str, _pattern(r"[a-z0-9][a-z0-9_]{1,63}", "write small letters, digits and _ such as hajun_telegram")]
    name: Annotated[str, Field(min_length=1)]
    url: Annotated[str, AfterValidator(_address)] = ""
    kind: FeedKind = FeedKind.SYNDICATION
    languages: Annotated[list[Language], BeforeValidator(_listed), Field(min_length=1)] = ["en"]
    topics: Annotated[list[Topic], BeforeValidator(_listed)] = []
    owner: str = ""
    speaks_for: Annotated[str, _pattern(r"[A-Z][A-Z0-9_]*", "write an actor's id such as BLR_MOD")] | None = None
    origin_kind: OriginKind = OriginKind.MEDIA
    state_controlled: bool = False
    reliability: Literal["A", "B", "C", "D", "E", "F"] = "F"
    interval: Annotated[timedelta, BeforeValidator(_interval)] = timedelta(minutes=30)
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    day_order: Annotated[str, AfterValidator(_day_order)] = "DMY"
    selectors: dict[Literal["item", "title", "link", "date", "text", "next", "country"], str] = {}
    digest: bool | None = None
    enabled: bool = True
    note: str = ""
    changes: list[_ChangeSpec] = []

    @model_validator(mode="after")
    def _fits_its_kind(self) -> _Spec:
        if self.kind is not FeedKind.MANUAL and not self.url:
            raise ValueError("url|is missing; write the address that is asked")
        if self.kind is FeedKind.RELEASE_PAGE and "item" not in self.selectors:
            raise ValueError("selectors|a release page needs at least `item`; write a CSS selector")
        parts = urlsplit(self.url)
        if self.kind is FeedKind.TELEGRAM and parts.hostname == "t.me" and not parts.path.startswith("/s/"):
            raise ValueError(f"url|'{self.url}' is the channel, not its preview; write https://t.me/s{parts.path}")
        return self

    def feed(self) -> Feed:
        return Feed(
            feed_id=self.id,
            name=self.name,
            url=self.url,
            kind=self.kind,
            languages=tuple(self.languages),
            topics=tuple(self.topics),
            owner=self.owner or self.id,
            speaks_for=self.speaks_for,
            origin_kind=self.origin_kind,
            state_controlled=self.state_controlled,
            reliability=self.reliability,
            interval=self.interval,
            timezone=self.timezone,
            day_order=self.day_order,
            selectors={str(key): value for key, value in self.selectors.items()},
            digest=self.digest,
            enabled=self.enabled,
        )


# --- files, with the line of every key -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    feed_id: str
    values: dict[str, Any]
    file: str
    line: int
    lines: dict[str, tuple[str, int]]
    """By key: the file and line that say it; an overlay's keys come from another file."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    def problem(self, key: str, message: str) -> Problem:
        file, line = self.lines.get(key, (self.file, self.line))
        return Problem(file=file, line=line, key=key, message=message)

    def over(self, below: _Entry) -> _Entry:
        return _Entry(
            feed_id=self.feed_id,
            values=below.values | self.values,
            file=self.file,
            line=self.line,
            lines=below.lines | self.lines,
        )


def _files(places: str | Path | Iterable[str | Path], problems: list[Problem]) -> list[Path]:
    found: list[Path] = []
    for place in [places] if isinstance(places, str | Path) else places:
        path = Path(place)
        if path.is_dir():
            found += sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
        elif path.is_file():
            found.append(path)
        else:
            problems.append(Problem(file=str(path), line=0, key="", message="there is no such file or folder"))
    return found


def _entries(file: Path, problems: list[Problem]) -> Iterator[_Entry]:
    root = _document(file, problems)
    if root is None:
        return
    name = str(file)

    def wrong(node: yaml.Node, key: str, message: str) -> None:
        problems.append(Problem(file=name, line=node.start_mark.line + 1, key=key, message=message))

    if not isinstance(root, yaml.MappingNode):
        wrong(root, "", "a registry file begins with `feeds:` and a list under it")
        return
    for key, value in root.value:
        if key.value != "feeds":
            wrong(key, str(key.value), "is not a key of a registry file; write `feeds:`")
        elif not isinstance(value, yaml.SequenceNode):
            wrong(value, "feeds", "must be a list; begin every source with `- id:`")
        else:
            for node in value.value:
                entry = _entry(name, node, wrong)
                if entry is not None:
                    yield entry


def _entry(name: str, node: yaml.Node, wrong: Any) -> _Entry | None:
    if not isinstance(node, yaml.MappingNode):
        wrong(node, "feeds", "every source is a list of keys; begin it with `- id:`")
        return None
    loader = yaml.SafeLoader("")
    values: dict[str, Any] = {}
    lines: dict[str, tuple[str, int]] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in values:
            wrong(key_node, key, "is written twice; keep one")
        try:
            values[key] = loader.construct_object(value_node, deep=True)
        except yaml.YAMLError:
            wrong(value_node, key, "its value cannot be read; write plain text or a list")
            values[key] = None
        lines[key] = (name, key_node.start_mark.line + 1)
    feed_id = values.get("id")
    if not isinstance(feed_id, str) or not feed_id:
        wrong(node, "id", "is missing; write a short name that stays for ever, such as hajun_telegram")
        return None
    return _Entry(feed_id=feed_id, values=values, file=name, line=node.start_mark.line + 1, lines=lines)


def _document(file: Path, problems: list[Problem]) -> yaml.Node | None:
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(file=str(file), line=0, key="", message=f"cannot be read ({error}); it must be UTF-8"))
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 0
        reason = getattr(error, "problem", None) or "it is no YAML"
        message = f"{reason}; check indentation, colons and quotes"
        problems.append(Problem(file=str(file), line=line, key="", message=message))
        return None
    if root is None:
        problems.append(Problem(file=str(file), line=1, key="", message="is empty; begin with `feeds:` or remove it"))
        return None
    assert isinstance(root, yaml.Node)
    return root


def _validated(entries: Iterable[_Entry], problems: list[Problem]) -> list[_Spec]:
    specs: list[_Spec] = []
    addresses: dict[str, _Entry] = {}
    for entry in entries:
        try:
            spec = _Spec.model_validate(entry.values)
        except ValidationError as error:
            problems += [_told(entry, detail) for detail in error.errors()]
            continue
        address = re.sub(r"^https?://", "", spec.url).rstrip("/")
        if address and address in addresses:
            problems.append(entry.problem("url", f"is asked already by {addresses[address].place}; keep one"))
            continue
        addresses[address] = entry
        specs.append(spec)
    return specs


def _told(entry: _Entry, detail: Any) -> Problem:
    key = str(detail["loc"][0]) if detail["loc"] else ""
    value = detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(key, _Spec.model_fields, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"known keys are {', '.join(_Spec.model_fields)}"
            message = f"is not a key of a source; {remedy}"
        case "missing":
            message = "is missing; write it"
        case "value_error":
            text = str(detail["ctx"]["error"])
            head, found, tail = text.partition("|")
            key, message = (head, tail) if found else (key, text)
        case "enum" | "literal_error":
            shown = detail["loc"][1] if key == "selectors" and len(detail["loc"]) > 1 else value
            message = f"'{shown}' is not known; write {detail['ctx']['expected']}"
        case "bool_parsing" | "bool_type":
            message = f"'{value}' is neither yes nor no; write true or false"
        case "string_type":
            message = f"'{value}' is not text; put it in quotes"
        case "list_type":
            message = f"'{value}' is not a list; write [a, b]"
        case "too_short" | "string_too_short":
            message = "is empty; write at least one"
        case _:
            message = f"{detail['msg']}; found '{value}'"
    return entry.problem(key, message)
