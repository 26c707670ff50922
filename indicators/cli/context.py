"""What every command shares: its three options, its way of failing, its way of printing."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from feeds.model import Feed
from indicators.catalogue import Catalogue, load
from indicators.settings import Settings, data_folder, feeds_overlay, load_settings

if TYPE_CHECKING:
    from indicators.store.thresholds import Effective

DONE, FAILED, UNUSABLE = 0, 1, 2


class Unusable(Exception):
    """Arguments or input that cannot be used: exit 2."""


class Finding(Exception):
    """The command did its work and found something wrong, or could not finish: exit 1."""


def expected_trouble() -> tuple[type[Exception], ...]:
    """The typed errors of the rooms, each of which is already one clear line or a list of them."""
    from feeds.archive import ArchiveProblem
    from feeds.database import DatabaseUnusable
    from feeds.errors import ParseError
    from feeds.registry import RegistryProblems
    from indicators.catalogue import CatalogueProblems
    from indicators.replay.recording import RecordingProblem
    from indicators.service import CannotRun
    from indicators.settings import SettingsProblems

    return (
        ArchiveProblem,
        DatabaseUnusable,
        ParseError,
        RegistryProblems,
        CatalogueProblems,
        RecordingProblem,
        SettingsProblems,
        CannotRun,
    )


def shared(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the three options that every command takes."""
    parser.add_argument("--db", metavar="URL", help="database: sqlite:///path or postgresql://... (default: settings)")
    parser.add_argument("--problem", metavar="ID", help="warning problem (default: settings)")
    parser.add_argument("--config", metavar="FILE", help="settings file (default: VEDETTE_CONFIG or the user's own)")
    return parser


def settings(chosen: argparse.Namespace) -> Settings:
    """The settings in force for this command."""
    return load_settings(chosen.config, db=chosen.db, problem=chosen.problem)


def database(chosen: argparse.Namespace, *, create: bool = True) -> Engine:
    """The command's database, at the newest schema."""
    from feeds.database import open_engine
    from indicators import store

    url = settings(chosen).database.url
    if not create and url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).expanduser().exists():
        raise Unusable(f"database {url}: does not exist yet; run `vedette run` or `vedette ingest` first")
    engine = open_engine(url)
    store.upgrade(engine)
    return engine


@cache
def _catalogue(problem: str, overlay: Path | None) -> Catalogue:
    return load(data_folder(), problem=problem, overlay=overlay)


def catalogue(chosen: argparse.Namespace) -> Catalogue:
    """The problem's catalogue."""
    in_force = settings(chosen)
    return _catalogue(in_force.problem, in_force.catalogue.overlay)


def registry(chosen: argparse.Namespace) -> Mapping[str, Feed]:
    """The feeds of this installation, by id."""
    from feeds.registry import load_feeds

    shipped = load_feeds(data_folder() / "feeds", overlay=feeds_overlay(settings(chosen)))
    return {feed.feed_id: feed for feed in shipped}


def now() -> datetime:
    """The wall clock: the one place where a command reads it."""
    return datetime.now(UTC)


EARLIEST_YEAR, LATEST_YEAR = 1000, 9000
"""Days are counted back and forth from every instant; outside these the calendar itself would end."""


def product_now(chosen: argparse.Namespace, engine: Engine) -> datetime:
    """The instant the command looks back from: the one given, else the poller's present."""
    from indicators.store import heartbeat
    from indicators.store.problems import reading

    given: datetime | None = getattr(chosen, "as_of", None)
    if given is not None:
        return given
    with reading(engine) as connection:
        return heartbeat.product_time(connection, real_now=now())


def limits_in_force(chosen: argparse.Namespace, engine: Engine, at: datetime) -> Mapping[str, Effective]:
    """The limits in force at an instant, with whose they are."""
    from indicators.store import thresholds
    from indicators.store.problems import reading

    book = catalogue(chosen)
    defaults = {name: indicator.thresholds for name, indicator in book.indicators.items()}
    with reading(engine) as connection:
        return thresholds.effective(
            connection,
            book.problem.id,
            defaults,
            as_of=at,
            deployment=settings(chosen).deployment_thresholds(defaults),
        )


def instant(text: str) -> datetime:
    """An instant as people write it: a day (its noon), or ISO 8601; UTC where no zone is given."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.combine(day(text), time(12), UTC)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no instant; write 2022-12-20 or 2022-12-20T08:00Z") from error
    _within_the_calendar(text, at.year)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def as_of(text: str) -> datetime:
    """An instant to look back from: a bare day means its end."""
    at = instant(text)
    return at + timedelta(hours=12) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else at


def day(text: str) -> date:
    """A day as people write it."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no day; write it as 2022-12-20") from error
    _within_the_calendar(text, found.year)
    return found


def _within_the_calendar(text: str, year: int) -> None:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise argparse.ArgumentTypeError(
            f"'{text}' lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}; correct the year"
        )


def hours(text: str) -> timedelta:
    """A stretch of time in hours: more than none, at most ten years."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 87_600:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of hours above 0 and up to 87600; write 8 or 0.5")
    return timedelta(hours=number)


def whole(text: str) -> int:
    """A whole number from 1 up to a million: a limit, a number of days."""
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1 to 1000000; write one, such as 3")
    return int(text)


def text_of(place: Path | str, what: str) -> str:
    """The words of a file, or of standard input for '-'; a folder or a picture has none, which is said in one line."""
    try:
        # Offsets count the file's own characters, so line ends and a byte-order mark stay as they are.
        content = sys.stdin.buffer.read() if str(place) == "-" else Path(place).read_bytes()
    except (OSError, ValueError) as error:
        raise Unusable(f"{place}: {getattr(error, 'strerror', None) or error}; name {what}") from error
    try:
        if b"\0" in content:
            raise Unusable(f"{place}: is no text (byte {content.index(bytes(1))} is zero); name {what}, saved as UTF-8")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unusable(f"{place}: is not UTF-8 text (byte {error.start}); name {what}, saved as UTF-8") from error


def emit(row: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    sys.stdout.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> None:
    """Rows under a head, in columns as wide as they need."""
    text = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(len(row[column]) for row in text) for column in range(len(head))]
    for row in text:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
