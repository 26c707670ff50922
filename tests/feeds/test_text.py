"""Text from sources: plain, in one normal form, and harmless."""

from __future__ import annotations

import unicodedata

import pytest
from bounded_work import bounded_work
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.text import clean, line, plain, plain_line

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
MARKUP_PIECES = st.sampled_from(
    ["<p>", "</p>", "<br/>", "<div>", "</div>", "<script>", "</script>", "<!--", "-->", "<![CDATA[", "]]>", "<a href='",
     "'>", "&amp;", "&#x202e;", "&#0;", "&#xD800;", "&nbsp;", "<", ">", "&", "\u202e", "\x00", "\ud800", "колонна", " ",
     "\n", "\u0301", "\u200d", "<style>", "<svg onload=x>", "<td>", "<li>"]
)  # fmt: skip
MARKUP = st.lists(MARKUP_PIECES, max_size=40).map("".join)


def forbidden(text: str) -> list[str]:
    """Characters no text of ours may hold: control, direction, surrogate, unassigned-for-ever."""
    return [
        character
        for character in text
        if (unicodedata.category(character) in ("Cc", "Cs") and character != "\n")
        or unicodedata.bidirectional(character) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        or character in "\u200b\u200e\u200f\u061c\ufeff\u2028\u2029\ufffe\uffff"
    ]


@given(ANY_TEXT | MARKUP)
def test_cleaned_text_is_harmless(raw: str) -> None:
    """Whatever comes in, no control or direction character comes out, and what comes out is NFC and stays as it is."""
    for made in (clean, line, plain, plain_line):
        text = made(raw)
        assert forbidden(text) == []
        assert unicodedata.is_normalized("NFC", text)
        text.encode("utf-8")
    assert clean(clean(raw)) == clean(raw)


@given(MARKUP)
def test_one_line_is_one_line(raw: str) -> None:
    """A title never breaks a line, be it plain or HTML."""
    assert "\n" not in line(raw)
    assert "\n" not in plain_line(raw)


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>One <b>two</b><br>three</p><p>four</p>", "One two\nthree\n\nfour"),
        ("<ul><li>tanks</li><li>trucks</li></ul>", "tanks\ntrucks"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<table><tr><td>10</td><td>tanks</td></tr></table>", "10 tanks"),
        ("a<br><br>b", "a\n\nb"),
        ("<p>one\n   line</p>", "one line"),
        ("AT&amp;T &lt;said&gt;", "AT&T <said>"),
        ("<p>5 &lt; 6 &amp;amp; 7</p>", "5 < 6 &amp; 7"),
        ("Ru&shy;ssia", "Russia"),
    ],
)
def test_paragraphs_survive(markup: str, words: str) -> None:
    """Paragraphs, lines and cells stay apart; inline markup leaves no trace; references are resolved once."""
    assert plain(markup) == words


def test_scripts_are_not_words() -> None:
    """What stands inside script, style and their like is gone with them."""
    assert plain("<p>a</p><script>alert('tanks')</script><style>p{}</style><noscript>x</noscript>") == "a"


def test_text_without_tags_keeps_its_lines() -> None:
    """A description without markup is plain text: its own line breaks are kept."""
    assert plain("first\nsecond") == "first\nsecond"
    assert plain("first\nsecond", certainly_html=True) == "first second"


def test_words_are_not_split_by_invisible_characters() -> None:
    """A soft hyphen or a zero-width joiner inside a word would hide it from the lexicon."""
    assert clean("ко\u00adлон\u200bна\u200d танков\u2060") == "колонна танков"


def test_emoji_stay_whole() -> None:
    """The joiner that makes one emoji of several is kept."""
    assert clean("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    "hostile",
    [
        "<!--" * 50_000,
        "<div>" * 100_000,
        "<b>" * 50_000 + "<form>" * 50_000,
        "<p>" + "&amp;" * 300_000,
        "<p>" + "&" * 300_000,
        '<a href="x' * 100_000,
        "<" * 300_000,
        "<p>a" + "\u0301\u0316" * 100_000,
        "<p>" + "\n " * 200_000,
        "<a " + " ".join(f"a{number}=1" for number in range(50_000)) + ">x</a>",
        "<script>" * 100_000,
        "\u200d" * 300_000,
    ],
    ids=lambda markup: markup[:8].strip(),
)
def test_hostile_markup_costs_little(hostile: str) -> None:
    """Texts built to make a tree builder quadratic are read in linear time."""
    with bounded_work():
        plain(hostile)


@settings(max_examples=30)
@given(st.integers(1, 400))
def test_deep_and_flat_markup_say_the_same(depth: int) -> None:
    """Which way a text is stripped is not seen in its words."""
    assert plain("<div>" * depth + "колонна" + "</div>" * depth + "<p>танков</p>") == "колонна\n\nтанков"
    assert plain("<div>" * (depth + 512) + "колонна" + "</div>" * (depth + 512) + "<p>танков") == "колонна\n\nтанков"
