"""The registry: what an officer writes, what is wrong with it, and the sources that are shipped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.model import Feed, FeedKind, OriginKind
from feeds.registry import Registry, RegistryProblems, dump, load_feeds, span, span_text

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "feeds"
GOOD = """
feeds:
  - id: hajun
    name: Belarusian Hajun
    url: https://t.me/s/Hajun_BY
    kind: telegram
    languages: [ru, be]
    speaks_for: HAJUN
    origin_kind: independent_monitor
    reliability: B
    topics: [posture, air]
    interval: 1h30m
    timezone: Europe/Minsk
    note: closed
"""


def problems(folder: Path, **files: str) -> list[str]:
    """What is wrong with these files, each line without the folder."""
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(RegistryProblems) as caught:
        load_feeds(folder)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_an_entry_becomes_a_feed(tmp_path: Path) -> None:
    """Every key arrives, and what is not said has its default."""
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    registry = load_feeds(tmp_path)
    assert registry.feeds == (
        Feed(
            feed_id="hajun",
            name="Belarusian Hajun",
            url="https://t.me/s/Hajun_BY",
            kind=FeedKind.TELEGRAM,
            languages=("ru", "be"),
            topics=("posture", "air"),
            owner="hajun",
            speaks_for="HAJUN",
            origin_kind=OriginKind.INDEPENDENT_MONITOR,
            reliability="B",
            interval=timedelta(minutes=90),
            timezone="Europe/Minsk",
        ),
    )
    assert registry.notes == {"hajun": "closed"}
    assert registry.places["hajun"].endswith("a.yaml:3")
    assert registry.get("hajun") is not None
    assert registry.get("nobody") is None


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    """One run names each fault with file, line, key and remedy."""
    told = problems(
        tmp_path,
        a="""feeds:
  - id: a_b
    name: X
    url: ftp://x
    interval: 5
    kinds: telegram
    reliability: Z
    kind: teletext
    timezone: Mars/Base
    languages: english
    enabled: perhaps
    day_order: XYZ
    speaks_for: hajun
  - id: a_b
    name: Y
    url: https://x/
  - name: Q
wrong: 1
""",
        b="""feeds:
  - id: page
    name: Z
    url: https://y/
    kind: release_page
    topics: {a: b}
    selectors: {foo: a}
  - id: chan
    name: Z
    url: https://t.me/foo
    kind: telegram
  - id: twice
    name: Z
    name: Z
    url: https://user:secret@x/
  - id: hasty
    name: ""
    url: https://z/
    interval: 30s
  - just text
""",
        c="feeds: [\n",
        d="",
        e="- a\n",
        f="feeds: 3\n",
    )
    assert told == [
        "a.yaml:4: url: 'ftp://x' is not a web address; write https://host/path",
        "a.yaml:5: interval: '5' has no unit; write '5m' or '5h'",
        "a.yaml:6: kinds: is not a key of a source; did you mean `kind`?",
        "a.yaml:7: reliability: 'Z' is not known; write 'A', 'B', 'C', 'D', 'E' or 'F'",
        "a.yaml:8: kind: 'teletext' is not known; write 'syndication', 'jsonfeed', 'telegram', 'youtube', 'gdelt',"
        " 'release_page' or 'manual'",
        "a.yaml:9: timezone: 'Mars/Base' is no time zone; write a name such as Europe/Warsaw or UTC",
        "a.yaml:10: languages: 'english' does not fit; write a language code such as uk, ru or en",
        "a.yaml:11: enabled: 'perhaps' is neither yes nor no; write true or false",
        "a.yaml:12: day_order: 'XYZ' is no order of day, month and year; write DMY, MDY or YMD",
        "a.yaml:13: speaks_for: 'hajun' does not fit; write an actor's id such as BLR_MOD",
        "a.yaml:14: id: 'a_b' is taken by a.yaml:2; choose another id",
        "a.yaml:17: id: is missing; write a short name that stays for ever, such as hajun_telegram",
        "a.yaml:18: wrong: is not a key of a registry file; write `feeds:`",
        "b.yaml:6: topics: '{'a': 'b'}' is not a list; write [a, b]",
        "b.yaml:7: selectors: 'foo' is not known; write 'item', 'title', 'link', 'date', 'text', 'next' or 'country'",
        "b.yaml:10: url: 'https://t.me/foo' is the channel, not its preview; write https://t.me/s/foo",
        "b.yaml:14: name: is written twice; keep one",
        "b.yaml:15: url: it holds a user name or password; a registry is shared, so take them out",
        "b.yaml:17: name: is empty; write at least one",
        "b.yaml:19: interval: '30s' is impolite; write 2m or more",
        "b.yaml:20: feeds: every source is a list of keys; begin it with `- id:`",
        "c.yaml:2: expected the node content, but found '<stream end>'; check indentation, colons and quotes",
        "d.yaml:1: is empty; begin with `feeds:` or remove it",
        "e.yaml:1: a registry file begins with `feeds:` and a list under it",
        "f.yaml:1: feeds: must be a list; begin every source with `- id:`",
    ]


def test_what_needs_two_keys_is_checked_too(tmp_path: Path) -> None:
    """A page needs selectors, every kind but manual an address, and one address is asked once."""
    told = problems(
        tmp_path,
        a="""feeds:
  - {id: page, name: Z, url: "https://y/", kind: release_page}
  - {id: none, name: Z}
  - {id: hand, name: Z, kind: manual}
  - {id: one, name: Z, url: "https://x/rss"}
  - {id: two, name: Z, url: "http://x/rss/"}
""",
    )
    assert told == [
        "a.yaml:2: selectors: a release page needs at least `item`; write a CSS selector",
        "a.yaml:3: url: is missing; write the address that is asked",
        "a.yaml:6: url: is asked already by a.yaml:5; keep one",
    ]


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A mistyped folder is no empty registry."""
    with pytest.raises(RegistryProblems, match="no such file or folder"):
        load_feeds(tmp_path / "nowhere")


def test_an_overlay_changes_single_keys_and_adds_sources(tmp_path: Path) -> None:
    """A deployment silences a shipped source or adds its own; a fault names the overlay's line."""
    shipped, overlay = tmp_path / "shipped", tmp_path / "overlay"
    shipped.mkdir()
    overlay.mkdir()
    (shipped / "a.yaml").write_text(GOOD, encoding="utf-8")
    (overlay / "o.yaml").write_text(
        "feeds:\n  - {id: hajun, enabled: false}\n  - {id: own, name: Own, url: 'https://own.example/'}\n",
        encoding="utf-8",
    )
    registry = load_feeds(shipped, overlay=overlay)
    assert [(feed.feed_id, feed.enabled, feed.reliability) for feed in registry] == [
        ("hajun", False, "B"),
        ("own", True, "F"),
    ]
    assert [feed.feed_id for feed in registry.enabled] == ["own"]
    (overlay / "o.yaml").write_text("feeds:\n  - id: hajun\n    interval: soon\n", encoding="utf-8")
    with pytest.raises(RegistryProblems) as caught:
        load_feeds(shipped, overlay=overlay)
    assert str(caught.value) == f"{overlay}/o.yaml:3: interval: 'soon' is not a span of time; write 10m, 5h or 1d"


def test_the_shipped_registry_holds() -> None:
    """At least forty real sources, every voice of the problem among them, and a reason wherever one is disabled."""
    registry = load_feeds(SHIPPED)
    assert len(registry) >= 40
    spoken = {feed.speaks_for for feed in registry}
    assert {"HAJUN", "BLR_MOD", "BLR_PRES", "RUS_MOD", "KREMLIN", "UKR_GS", "UKR_DPSU", "UKR_HUR", "ISW"} <= spoken
    assert {"ru", "uk", "be", "en", "pl"} <= {language for feed in registry for language in feed.languages}
    assert all(feed.topics for feed in registry)
    for feed in registry:
        assert feed.enabled or registry.notes.get(feed.feed_id), f"{feed.feed_id} is disabled without a note"
    assert registry.get("hajun_telegram") not in registry.enabled


def test_a_registry_written_is_the_registry_read(tmp_path: Path) -> None:
    """What an import writes down is read back the same."""
    registry = load_feeds(SHIPPED)
    (tmp_path / "copy.yaml").write_text(dump(registry, registry.notes), encoding="utf-8")
    copy = load_feeds(tmp_path)
    assert (copy.feeds, copy.notes) == (registry.feeds, registry.notes)


@given(st.integers(0, 10**7))
def test_spans_are_written_as_they_are_read(seconds: int) -> None:
    """Writing a span and reading it gives the span."""
    value = timedelta(seconds=seconds)
    assert span(span_text(value)) == value


@given(st.text("0123456789smhd -.\u0663", max_size=40))
@example("9" * 30 + "d")
@example("99999999s")
def test_no_text_breaks_a_span(text: str) -> None:
    """Anything an officer types is a span, or a message that says what to write."""
    try:
        found = span(text)
    except ValueError as error:
        message = str(error)
    else:
        message, text = "write", span_text(found)
    assert "write" in message


def test_an_empty_registry_is_possible() -> None:
    """A registry can be made in memory, for a replay or a test."""
    assert len(Registry(feeds=())) == 0
