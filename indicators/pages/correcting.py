"""Correcting a code: what officers said of a happening's reports, and the form to say it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape

import streamlit as st

from indicators.charts.board import moment
from indicators.model.correction import Correction, Precision, Verdict
from indicators.model.event import Event, Report
from indicators.model.signal import Signal
from indicators.pages import frame, reading
from indicators.store import corrections
from indicators.store.problems import reading as looking

RIGHT, NOTHING = "rightly coded", "nothing of the kind"


def correcting(event: Event, problem: str, *, as_of: datetime, acting_at: datetime) -> None:
    """What was corrected in this happening as of an instant, and the form for an officer's word from now on."""
    frame.heading("Rightly coded?", "the poller counts anew at its next round")
    words, rules = known(event, problem, as_of)
    if words:
        st.html(words_table(words, rules))
    with st.form("correction", border=True):
        names = [_named(report) for report in event.reports]
        report = st.selectbox("Report", range(len(names)), format_func=names.__getitem__, key="correction_report")
        right = st.selectbox(
            "It is", [RIGHT, NOTHING, *choices(problem, event)], format_func=_choice, key="correction_right"
        )
        by = st.text_input("Your name", value=frame.officer(), key="correction_by", max_chars=80)
        reason = st.text_input("Reason", key="correction_reason", max_chars=300)
        if st.form_submit_button("Correct", width="stretch") and report is not None:
            _keep(event.reports[report].signal, problem, str(right), by.strip(), reason.strip(), acting_at)


def known(event: Event, problem: str, as_of: datetime) -> tuple[list[Correction], Mapping[str, Precision]]:
    """Every word on this happening's signals, oldest first, and how right each rule was among what was judged."""
    ids = [report.signal.signal_id for report in event.reports]
    with looking(reading.engine()) as connection:
        said = corrections.history(connection, problem, ids, as_of=as_of)
        rates = corrections.precision(connection, problem, of="rule", as_of=as_of)
    words = sorted((one for some in said.values() for one in some), key=lambda one: (one.at, one.seq))
    return words, {one.name: one for one in rates}


def words_table(words: list[Correction], rules: Mapping[str, Precision]) -> str:
    """Who corrected what, when and why; and the rule's record."""
    rows = []
    for one in words:
        verdict = {Verdict.RIGHT: RIGHT, Verdict.NONE: NOTHING}.get(one.verdict, "")
        verdict = verdict or f"is {one.right_indicator or one.right_family}"
        rate = rules.get(one.rule)
        record = f"{rate.right} of {rate.judged} judged right" if rate is not None else "not judged"
        rows.append(
            f"<tr><td class='v-tight'>{moment(one.at)}</td><td>{escape(one.family)}: {escape(verdict)}</td>"
            f"<td>{escape(one.by)}</td><td>{escape(one.reason)}</td>"
            f"<td><code>{escape(one.rule)}</code> {record}</td></tr>"
        )
    return frame.table(("When", "Correction", "By", "Why", "Rule"), rows)


def choices(problem: str, event: Event) -> list[str]:
    """The indicators, and the families that have none, that it may be instead."""
    book = reading.catalogue(problem)
    context = [family for family, serving in book.families.items() if not serving]
    return [one for one in (*book.indicators, *context) if one not in (event.indicator, event.family)]


def _choice(name: str) -> str:
    return name.replace("_", " ")


def _named(report: Report) -> str:
    quote = " ".join(report.signal.evidence.quote.split())
    return f"{report.signal.source}: {quote[:80]}"


def _keep(signal: Signal, problem: str, right: str, by: str, reason: str, at: datetime) -> None:
    if not by or not reason:
        st.error("A correction needs a person and a why: give your name and a reason.")
        return
    st.session_state["officer"] = by
    verdict = {RIGHT: Verdict.RIGHT, NOTHING: Verdict.NONE}.get(right, Verdict.OTHER)
    other = reading.catalogue(problem).coded_as(right) or ("", None)
    word = Correction.on(signal, problem, verdict, right=other, by=by, at=at, reason=reason)
    try:
        reading.correct(word)
    except reading.Unreadable as line:
        st.error(str(line))
        return
    st.success("Kept. The poller counts it so from its next round on; what was shown before stays as it was.")
