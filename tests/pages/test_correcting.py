"""Correcting a code on the happening's page."""

from __future__ import annotations

import winter
from test_pages import plain, run, told

from feeds import database
from indicators.model.correction import Verdict
from indicators.store import corrections


def test_an_officer_corrects_a_code_with_name_and_reason(watch) -> None:
    """Without a reason nothing is kept and the page says so; with one, the word stands and the rule has a record."""
    app = run("event", id="event-1")
    assert not app.exception
    app.selectbox(key="correction_right").set_value("nothing of the kind")
    app.text_input(key="correction_by").set_value("Orlova")
    (button,) = [one for one in app.button if one.label == "Correct"]
    button.click().run()
    assert "give your name and a reason" in told(app)
    app.text_input(key="correction_reason").set_value("a parade <b>rehearsal</b>")
    (button,) = [one for one in app.button if one.label == "Correct"]
    button.click().run()
    assert not app.exception
    with database.reading(watch.engine) as connection:
        (word,) = corrections.after(connection, winter.PROBLEM, 0)
    assert (word.verdict, word.by, word.reason) == (Verdict.NONE, "Orlova", "a parade <b>rehearsal</b>")
    seen = told(run("event", id="event-1"))
    assert "nothing of the kind" in plain(seen)
    assert "0 of 1 judged right" in plain(seen)
    assert "<b>rehearsal</b>" not in seen


def test_the_past_is_not_corrected(watch) -> None:
    """On a page that shows an earlier instant there is no form."""
    app = run("event", id="event-1", as_of="2022-12-24T12:00:00Z")
    assert not [one for one in app.button if one.label == "Correct"]
