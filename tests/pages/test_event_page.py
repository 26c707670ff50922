"""The Events page: who said it when, whose word it was, and an officer's word on what is one happening."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import winter
from test_pages import plain, run, told

from feeds import database
from indicators.charts.lineage import lanes, lineage_figure
from indicators.model.event import Event, Origin
from indicators.store import events as kept_events
from indicators.store import rulings


def known(watch: winter.Winter, event_id: str) -> Event:
    with database.reading(watch.engine) as connection:
        found = kept_events.event(connection, winter.PROBLEM, event_id, as_of=winter.NOW)
    assert found is not None
    return found


def test_the_latest_happenings_are_listed_with_articles_and_origins(watch) -> None:
    """Without an id the page lists the last two weeks, each with its articles and independent origins."""
    app = run("event")
    assert not app.exception
    seen = plain(told(app))
    assert "6 of 6, as of 25 Dec 2022 06:30 UTC" in seen
    assert "1 article, 1 independent origin" in seen


def test_an_event_shows_its_words_grades_and_record(watch) -> None:
    """The evidence is marked within its sentence; source and information are graded apart; the record is there."""
    app = run("event", id="event-1")
    assert not app.exception
    markup = told(app)
    assert '<mark class="v-hit">a convoy of military trucks moved from Obuz to Brest</mark>' in markup
    seen = plain(markup)
    assert "B  usually reliable" in seen
    assert "2  probably true" in seen
    assert "HAJUN: first with 2, 0 later confirmed by others, too few to rate" in seen
    assert "<script>" not in markup


def test_an_event_that_is_not_known_is_said(watch) -> None:
    """An id nobody knows is named, with the instant asked about."""
    app = run("event", id="e-nobody")
    assert not app.exception
    assert "e-nobody was not known at 25 Dec 2022 06:30 UTC" in " ".join(plain(told(app)).split())


def test_an_event_folded_into_another_says_when(watch) -> None:
    """A link in an old mail to an event that was joined says when that was, instead of a blank page."""
    with database.writing(watch.engine) as connection:
        kept_events.save(connection, winter.PROBLEM, [], winter.NOW - timedelta(hours=1), retired=["event-5"])
    seen = plain(told(run("event", id="event-5")))
    assert "folded into another on 25 Dec 2022 05:30 UTC" in seen


def test_an_officer_joins_two_happenings_with_name_and_reason(watch) -> None:
    """Without a reason nothing is kept and the page says so; with one, the ruling stands in the store."""
    app = run("event", id="event-0")
    app.multiselect(key="ruling_join").set_value(["event-1"])
    app.text_input(key="ruling_by").set_value("Orlova")
    app.button[-1].click().run()
    assert "give your name and a reason" in told(app)
    app.text_input(key="ruling_reason").set_value("one train")
    app.button[-1].click().run()
    with database.reading(watch.engine) as connection:
        (ruling,) = rulings.in_force(connection, winter.PROBLEM, as_of=winter.NOW)
    assert (ruling.kind.value, ruling.by, ruling.reason, len(ruling.mentions)) == ("join", "Orlova", "one train", 2)


def test_the_tree_has_a_lane_for_every_independent_origin(watch) -> None:
    """Reports of one voice share a lane, the first speaker's lane is on top, and nobody's word comes last."""
    (report,) = known(watch, "event-0").reports

    def said(item_id: str, origin: Origin, hours: int) -> object:
        at = report.signal.published_at + timedelta(hours=hours)
        return replace(report, origin=origin, signal=replace(report.signal, item_id=item_id, published_at=at))

    nobody, radio = Origin(id="unknown", name="channels"), Origin(id="owner:radio", name="Radio <b>")
    event = replace(
        known(watch, "event-0"),
        reports=(said("a:1", nobody, 0), report, said("b:1", radio, 1), said("c:1", report.origin, 2)),
    )
    assert [(origin.id, len(told)) for origin, told in lanes(event)] == [
        (report.origin.id, 2), ("owner:radio", 1), ("unknown", 1),
    ]  # fmt: skip
    figure = lineage_figure(event, names={})
    labels = figure.layout.yaxis.ticktext
    assert labels[0].startswith(report.origin.name)
    assert "Radio &lt;b&gt;" in labels[1]
    assert figure.data[0].x.count(None) == 1
