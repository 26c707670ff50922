"""Text to signals: `code`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from feeds.model import Item
from indicators.cli.context import Unusable, catalogue, emit, instant, now, registry, shared, text_of
from indicators.coding import code, languages_of
from indicators.model.signal import Signal
from indicators.settings import data_folder


def code_options(command: argparse.ArgumentParser) -> None:
    """`vedette code`."""
    shared(command)
    command.add_argument("file", nargs="?", default="-", help="a text file, or - for standard input")
    command.add_argument("--published-at", type=instant, help="when it was published (default: now)")
    command.add_argument("--lang", type=language, default="", help="en, ru, uk, be (default: told from the letters)")
    command.add_argument("--source", default="", help="the feed it came from, for whom it speaks")
    command.add_argument(
        "--jsonl", action="store_true", help="input: JSON Lines {id, title, text, published_at, lang, source}"
    )
    command.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    command.set_defaults(run=run_code)


def language(text: str) -> str:
    """A language with wording, as an option's value."""
    known = sorted(path.stem for path in (data_folder() / "languages").glob("*.yaml"))
    if text and text not in known:
        raise argparse.ArgumentTypeError(f"'{text}' is no language with wording; choose from {', '.join(known)}")
    return text


def run_code(chosen: argparse.Namespace) -> None:
    """Code each item and print its signals."""
    book, feeds = catalogue(chosen), registry(chosen)
    for item in _items(chosen):
        found = code(item, book, feed=feeds.get(item.source))
        if not found and not languages_of(item, book):
            # On stderr where the signals are JSON: nothing else may stand between them.
            where = sys.stderr if chosen.json else sys.stdout
            print(f"{item.item_id}: the catalogue holds no wording in the language of this text", file=where)
        for signal in found:
            if chosen.json:
                emit(signal_json(signal))
            else:
                counts = "counted" if signal.counted else "not counted"
                print(f"{signal.indicator or signal.family}: {signal.assertion.value}, {counts}")
                print(f"    {signal.evidence.quote!r}")
                print(f"    {signal.why}")


def _items(chosen: argparse.Namespace) -> Iterator[Item]:
    at = chosen.published_at or now()
    text = text_of(chosen.file, "a readable text file, or - for standard input")
    if not chosen.jsonl:
        yield _item({"id": Path(chosen.file).name, "text": text}, at, chosen, str(chosen.file))
        return
    # Only a line feed ends a line of JSON Lines: a text may hold any other separator.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            place = f"{chosen.file}:{number}"
            yield _item(_row(line, place), at, chosen, place)


def _row(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise Unusable(f"{place}: not JSON ({error.msg}); one object a line is expected") from error
    except RecursionError as error:
        raise Unusable(f"{place}: is nested too deeply; one flat object a line is expected") from error
    if not isinstance(row, dict) or not {"text", "title"} & row.keys():
        raise Unusable(f"{place}: no 'title' or 'text'; an item needs one of them")
    for key in ("id", "source", "url", "title", "text", "published_at", "lang"):
        value = row.get(key)
        if not (value is None or isinstance(value, str) or (key == "id" and isinstance(value, int))):
            raise Unusable(f"{place}: {key}: {json.dumps(value, ensure_ascii=False)[:60]} is no text; put it in quotes")
    return row


def _item(row: dict[str, Any], at: datetime, chosen: argparse.Namespace, place: str) -> Item:
    stated = row.get("published_at")
    try:
        published_at = instant(str(stated)) if stated else at
    except argparse.ArgumentTypeError as error:
        raise Unusable(f"{place}: published_at: {error}") from error
    return Item(
        item_id=str(row.get("id") or "item"),
        source=str(row.get("source") or chosen.source or ""),
        url=str(row.get("url") or ""),
        title=str(row.get("title") or ""),
        text=str(row.get("text") or ""),
        published_at=published_at,
        known_at=published_at,
        lang=str(row.get("lang") or chosen.lang or ""),
    )


def signal_json(signal: Signal) -> dict[str, Any]:
    """A signal in the contract's JSON form."""
    quantity = signal.quantity
    return {
        "item_id": signal.item_id,
        "indicator": signal.indicator,
        "family": signal.family,
        "weight": signal.weight.value,
        "evidence": {
            "start": signal.evidence.start,
            "end": signal.evidence.end,
            "quote": signal.evidence.quote,
        },
        "actors": [{"id": actor.id, "name": actor.name} for actor in signal.actors],
        "places": [
            {
                "id": mention.place.id,
                "name": mention.place.name,
                "lat": mention.place.lat,
                "lon": mention.place.lon,
                "radius_km": mention.place.radius_km,
                "role": mention.role.value,
            }
            for mention in signal.places
        ],
        "quantity": None
        if quantity is None
        else {
            "low": quantity.low,
            "high": quantity.high,
            "unit": quantity.unit,
            "approximate": quantity.approximate,
        },
        "direction": signal.direction.value,
        "assertion": signal.assertion.value,
        "attribution": None
        if signal.attribution is None
        else {
            "name": signal.attribution.name,
            "kind": signal.attribution.kind.value,
            "actor": signal.attribution.actor,
        },
        "occurred_on": [day.isoformat() for day in signal.occurred_on],
        "counted": signal.counted,
        "why": signal.why,
        "rule": signal.rule,
    }
