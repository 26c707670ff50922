"""Scorecard: how good the warnings were in replays, beside chance and a naive rule, with the method that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import streamlit as st

from indicators.charts.board import NOTHING
from indicators.pages import frame, reading
from indicators.replay import report
from indicators.settings import data_folder

HEAD = ("Warnings", "POD", "90 %", "Chance", "FAR", "False a series-year", "False a week", "Lead, days")
MOVING = ("p below", "Precision", "Recall", "Episodes", "False a series-year")


def documents(problem: str) -> list[dict[str, Any]]:
    """The cards of this problem's shipped replays; one that cannot be read is left out and named on the page."""
    found = []
    for path in sorted((data_folder() / "replay").glob("*/scorecard.json")):
        try:
            card = report.read(path)
        except report.CardProblem as problem_of_file:
            st.html(f'<div class="v-quiet">{escape(str(problem_of_file))}</div>')
            continue
        if card["problem"] == problem:
            found.append(card)
    return found


def page() -> None:
    """Every card, the method under each."""
    known = reading.catalogue(reading.problem_id())
    st.html('<div class="v-bar"><b>Scorecard</b><span>What replays measured, and how</span></div>')
    cards = documents(known.problem.id)
    if not cards:
        frame.quiet("No replay of this problem has been scored. <code>vedette replay --truth FILE --card FILE</code>.")
        return
    for card in cards:
        show(card)


def show(card: Mapping[str, Any]) -> None:
    """One card."""
    events = ", ".join(escape(str(one["id"])) for one in card["events"]) or "no event"
    span = f"{card['first']} to {card['last']}"
    frame.heading(", ".join(map(str, card["archives"])), f"{span}; configuration {card['locked']}")
    frame.quiet(f"What happened: {events}.")
    named = [(f"{report.word(level)} or graver", one) for level, one in card["condition"].items()]
    named += [(f"Indicators at {level}", one) for level, one in card["indicators"].items()]
    named.append(("Naive rule", card["naive"]))
    st.html(frame.table(HEAD, (_row(name, one) for name, one in named)))
    few = {str(one["why"]) for _, one in named if "too few events" in str(one["why"])}
    if few or not card["events"]:
        frame.quiet("Too few events to rank rules: these figures describe this replay and nothing else.")
    frame.heading("As the limit moves", "the predictive rule alone, every indicator")
    st.html(frame.table(MOVING, (_moving(one) for one in card["moving_limit"])))
    frame.heading("Method")
    st.html("<ul>" + "".join(f"<li>{escape(str(line))}</li>" for line in card["method"]) + "</ul>")


def _row(name: str, card: Mapping[str, Any]) -> str:
    between = card["pod_between"]
    leads = [f"{one[0]}" if one[0] == one[1] else f"{one[0]} to {one[1]}" for one in card["lead_days"].values() if one]
    cells = (
        escape(name),
        _share(card["pod"]),
        NOTHING if between is None else f"{between[0]:.0%} to {between[1]:.0%}",
        _share(card["chance_pod"]),
        _share(card["far"]),
        f"{card['false_per_series_year']:.2f}",
        f"{card['false_per_week']:.2f}",
        ", ".join(leads) or NOTHING,
    )
    return _cells(cells)


def _moving(one: Mapping[str, Any]) -> str:
    return _cells(
        (
            f"{one['p']:g}",
            _share(one["precision"]),
            _share(one["recall"]),
            str(one["episodes"]),
            f"{one['false_per_series_year']:.2f}",
        )
    )


def _cells(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0%}"
