"""Folding keeps every offset."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indicators.catalogue.folding import fold, fold_word

ODD = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("İıßaеёЁўЎіІїґ'’ʼ\u0301\u0306\u0308\u00ad\u200b\u200f\ufeff\u00a0\n\t\U0001f600cхCХ-30"),
    ),
    max_size=80,
)


@given(ODD)
def test_any_text_folds_and_every_letter_knows_where_it_came_from(text: str) -> None:
    """Folding never raises, never grows, and maps each folded letter into the text, in order."""
    folded = fold(text)
    assert len(folded.text) <= len(text)
    last = 0
    for at in range(len(folded.text)):
        start, end = folded.span(at, at + 1)
        assert last <= start < end <= len(text)
        last = start
    if folded.origin is None:
        assert len(folded.text) == len(text)


@given(ODD)
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    """Folding is settled after one pass, so both sides of a comparison meet."""
    once = fold_word(text)
    assert fold_word(once) == once


def test_spellings_of_one_word_meet() -> None:
    """Look-alikes, stress marks, ё, apostrophes and decomposed letters fold to one spelling."""
    assert fold_word("Вучэнні") == fold_word("Вучэннi")
    assert fold_word("самолёт") == fold_word("самоле́т") == "самолет"
    assert fold_word("об’єкт") == fold_word("об'єкт") == fold_word("обʼєкт")
    assert fold("й".encode().decode()).text == fold("и\u0306").text
    assert fold("C-300").text == "c-300"
    assert fold("ЗРК C-300").text == "зрк с-300"
    assert fold("tank").text == "tank"
