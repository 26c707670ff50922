"""Indicators Validator: each indicator under the rival hypotheses, by its author's judgement and by replay."""

from __future__ import annotations

from html import escape

import streamlit as st

from indicators.charts.board import NOTHING
from indicators.pages import frame, reading, scorecard
from indicators.replay import validator

HEAD = ("Code", "Indicator", "Attack", "No attack", "Judged ratio", "Measured ratio", "What the replays say")


def page() -> None:
    """The matrix, the most telling indicator first."""
    known = reading.catalogue(reading.problem_id())
    cards = scorecard.documents(known.problem.id)
    st.html(
        '<div class="v-bar"><b>Indicators Validator</b><span>Which indicators tell attack from no attack</span></div>'
    )
    rows = validator.matrix(known.indicators.values(), cards)
    st.html(frame.table(HEAD, map(_row, rows)))
    frame.quiet(
        f"From {len(cards)} replays. The ratio: how much likelier an indicator is at watch or above in the 30 days "
        "before an attack than in a scare or an ordinary month, each share smoothed by half a case. With fewer than "
        f"{validator.ENOUGH_CASES} cases of either kind there is none: the author's judgement stands alone."
    )


def _row(row: validator.Row) -> str:
    attack, otherwise = row.consistency
    measured = NOTHING if row.measured is None else f"{row.measured:.1f}"
    cells = (escape(row.code), escape(row.name), attack, otherwise, f"{row.judged:g}", measured, escape(row.why))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
