"""Items for the coder's tests; a test names only what matters."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from feeds.model import Feed, Item
from indicators.catalogue import Catalogue, load
from indicators.coding import code
from indicators.model.signal import Signal

DATA = Path(__file__).parents[2] / "data"
PUBLISHED = datetime(2022, 12, 20, 12, tzinfo=UTC)
"""A Tuesday."""


@lru_cache(maxsize=1)
def belarus() -> Catalogue:
    """The shipped catalogue."""
    return load(DATA)


def an_item(
    text: str = "", *, title: str = "", lang: str = "", published_at: datetime = PUBLISHED, forwarded_from: str = ""
) -> Item:
    """An item that says `text`."""
    return Item(
        item_id="feed:1",
        source="feed",
        url="https://example.org/1",
        title=title,
        text=text,
        published_at=published_at,
        known_at=published_at,
        lang=lang,
        forwarded_from=forwarded_from,
    )


def coded(
    text: str = "",
    *,
    title: str = "",
    lang: str = "",
    feed: Feed | None = None,
    forwarded_from: str = "",
    published_at: datetime = PUBLISHED,
) -> list[Signal]:
    """The signals of a text in the shipped catalogue."""
    return code(
        an_item(text, title=title, lang=lang, published_at=published_at, forwarded_from=forwarded_from),
        belarus(),
        feed=feed,
    )


def counted(signals: list[Signal]) -> dict[str, Signal]:
    """The counted signals by family."""
    return {signal.family: signal for signal in signals if signal.counted}
