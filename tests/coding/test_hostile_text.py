"""Whatever a feed sends, the coder answers, and every quote is where it says."""

from __future__ import annotations

import time

import pytest
from builders_for_coding import an_item, belarus, coded
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.catalogue.words import WORD
from indicators.coding import code, explain
from indicators.coding.folding import fold
from indicators.coding.glance import folded_words
from indicators.coding.sentences import split

WORK_AT_MOST = 60.0
"""Seconds of computing for a text of megabytes, several times what it takes: only a cost by the square passes it."""
PIECES = st.sampled_from(
    [
        "Belarusian Hajun: tanks moved to Gomel.",
        "Танки перебросили к границе с Украиной, сообщает Беларускі Гаюн.",
        "У Білорусі тривають спільні навчання з військами РФ.",
        "У Беларусі пачаліся сумесныя вучэнні з расійскімі вайскоўцамі.",
        "31 танк",
        "in October",
        "19.12.2022",
        "0/0/0000 99.99.9999 31 February",
        "İstanbul ẞ ŉ ǰ",
        "та\u0301нки й\u0306",
        "\u200f\u202e\u00ad\ufeff",
        "\U0001f69a\U0001f1e7\U0001f1fe",
        "C-300 в Гoмеле",
        "\x00\x07\x1b[31m",
        "\ud800",
        "(((([[[{{{",
        "?!:;...—",
        "9" * 40,
        "сто тысяч миллионов",
        "\n\n",
        "  ",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=30)), max_size=12).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(
    title=st.one_of(st.just(""), TEXTS),
    text=TEXTS,
    lang=st.sampled_from(["", "en", "ru", "uk", "be", "pl", "x-y", "RU-ru"]),
)
def test_any_text_is_answered_and_every_quote_is_where_it_says(title: str, text: str, lang: str) -> None:
    """No text raises; evidence is a stretch of title, blank line and text; days never lie after publication."""
    item = an_item(text, title=title, lang=lang)
    for signal in code(item, belarus()):
        evidence = signal.evidence
        assert 0 <= evidence.start < evidence.end <= len(item.body)
        assert item.body[evidence.start : evidence.end] == evidence.quote
        assert signal.occurred_on[0] <= signal.occurred_on[1] <= item.published_at.date()
        assert not signal.counted or signal.assertion.countable
        assert signal.why
    explain(item, belarus())


@settings(max_examples=300, deadline=None)
@given(title=st.one_of(st.just(""), TEXTS), text=TEXTS)
def test_the_quick_look_reads_the_words_that_the_close_look_reads(title: str, text: str) -> None:
    """What lets most items pass unread folds piece by piece to the very words of the whole text, in their order."""
    body = an_item(text, title=title).body
    whole = WORD.findall(fold(body).text)
    cyrillic = any("\u0400" <= letter <= "\u052f" for letter in body)
    assert [word for piece in body.split() for word in folded_words(piece, cyrillic)] == whole


@given(TEXTS)
def test_sentences_cover_every_letter_in_order(text: str) -> None:
    """Sentences never overlap, and no letter is lost between them."""
    covered: set[int] = set()
    last = 0
    for stretch in split(text, frozenset({"г"})):
        assert last <= stretch.start < stretch.end
        last = stretch.end
        covered.update(range(stretch.start, stretch.end))
    assert all(not character.isalnum() for at, character in enumerate(text) if at not in covered)


def test_stress_marks_and_invisible_marks_do_not_shift_the_quote() -> None:
    """A quote behind dropped marks is the text as written."""
    text = (
        "\u200f\ufeffВсту\u0301пление\u00ad. "
        + "Та\u0301нки перебро\u0301сили к грани\u0301це с Украи\u0301ной из Белару\u0301си."
    )
    (signal,) = [one for one in coded(text) if one.counted]
    assert signal.evidence.quote == text[text.index("Та\u0301нки") :]


@pytest.mark.parametrize("lang", ["pl", "de", "lt", "fr"])
def test_a_language_the_catalogue_lacks_gives_no_signals(lang: str) -> None:
    """Polish and the others are not guessed at, even where the words look known."""
    assert coded("Belarusian Hajun: tanks moved to Gomel.", lang=lang) == []
    assert (
        explain(an_item("Belarusian Hajun: tanks moved to Gomel.", lang=lang), belarus())
        .lines()[0]
        .startswith("The catalogue holds no wording")
    )


def test_undeclared_polish_is_not_read_as_english() -> None:
    """Polish text of an undeclared language stays unread."""
    assert coded("Rosja i Białoruś rozpoczęły manewry, a Hajun transport tank moved na granicy w Brest.") == []


def test_five_megabytes_are_read_whole() -> None:
    """A huge text, even without a full stop, is read to its end with bounded work."""
    text = "слово word " * 450_000 + "Belarusian Hajun: tanks moved from training grounds to southern Belarus."
    began = time.process_time()
    signals = coded(text)
    assert time.process_time() - began < WORK_AT_MOST
    assert any(one.family == "equipment_move" for one in signals)


HUGE = {
    "a sentence without an end": "Tanks and trains and helicopters and 500 troops moved " * 4_000,
    "clauses": "Танки перебросили к границе, " * 4_000,
    "one sentence again and again": "Танки перебросили к границе с Украиной из Бреста. " * 10_000,
    "a thousand happenings": " ".join(
        f"Колонна {number} танков прибыла в Брест {number % 28 + 1} декабря." for number in range(300)
    ),
    "one word": "а" * 5_000_000,
    "marks": "а\u0301" * 200_000,
    "brackets": "(((((" * 1_000_000,
    "figures": "1 " * 1_000_000,
    "one wanted word": "войск " * 400_000,
    "direction marks": "\u202eтанк\u200f " * 200_000,
    "emoji": "\U0001f69a" * 1_000_000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_huge_texts_of_every_kind_are_answered(text: str) -> None:
    """No shape of a huge text costs its square, and every quote still stands where it says."""
    item = an_item(text)
    began = time.process_time()
    signals = code(item, belarus())
    assert time.process_time() - began < WORK_AT_MOST
    assert all(item.body[one.evidence.start : one.evidence.end] == one.evidence.quote for one in signals)


def test_mixed_encodings_and_marks_leave_the_quote_where_it_is() -> None:
    """Broken bytes, control characters and marks of direction before a sentence shift none of its offsets."""
    broken = "Танки".encode().decode("latin-1") + "\x00\x1b[0m\u202e\ufffdИ\u0306İı" + "\U0001f1e7\U0001f1fe"
    sentence = "Tanks moved from Minsk to Gomel."
    (signal,) = [one for one in coded(f"{broken}\n\n{sentence}") if one.family == "equipment_move"]
    assert signal.evidence.quote == sentence
