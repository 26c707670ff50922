"""The Scorecard and the Validator: what replays measured, and the method, on the page."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest


def told(page: str) -> str:
    """What a reader sees of a page."""
    app = AppTest.from_string(f"from indicators.pages import {page}\n{page}.page()\n", default_timeout=90).run()
    assert not app.exception
    return re.sub(r"<[^>]+>", " ", "\n".join(str(element.proto.body) for element in app.get("html")))


def test_the_scorecard_prints_its_figures_and_its_method(fresh) -> None:
    """Each shipped replay has POD, FAR, chance, the naive rule, the moving limit, and how they were come by."""
    text = told("scorecard")
    for word in ("POD", "FAR", "Chance", "Naive rule", "As the limit moves", "Method", "Too few events to rank rules"):
        assert word in text, word
    assert "attack-2022-02-24" in text
    assert "nan" not in re.findall(r"[a-z]+", text.lower())


def test_the_validator_says_what_it_cannot(fresh) -> None:
    """With one attack on record the measured ratio of every indicator is said to have too few cases."""
    text = told("validator")
    assert "Command and control deployed" in text
    assert "too few cases (1 of 1 attacks" in text
    assert "None" not in text
