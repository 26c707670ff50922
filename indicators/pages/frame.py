"""What every page shares: the look, the bar under the navigation, the chosen instant, links that keep it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from indicators.charts.board import moment, notice
from indicators.charts.style import sheet
from indicators.pages.views import PollerState, Pulse

AS_OF = "as_of"
LIVE_REFRESH = "30s"
REPLAY_REFRESH = "4s"


def dress() -> None:
    """Put the house's look over the page."""
    chrome = Path(__file__).with_name("chrome.css").read_text(encoding="utf-8")
    st.html(f"<style>{sheet('dark', chrome)}</style>")


def chosen_moment() -> datetime | None:
    """The past instant asked for by the address or the picker; None means now."""
    given = st.query_params.get(AS_OF) or st.session_state.get(AS_OF)
    if not given:
        return None
    at = read_moment(given)
    if at is None:
        st.html(notice(f"<b>as_of</b> {escape(given[:40])} is no instant; write 2022-12-20T06:00Z", kind="alarm"))
        return None
    # Moving between pages drops the address's query: the session keeps the instant, and writes it back.
    st.session_state[AS_OF] = written(at)
    if st.query_params.get(AS_OF) != written(at):
        st.query_params[AS_OF] = written(at)
    return at


def read_moment(text: str) -> datetime | None:
    """An instant as an address writes it; a plain day means its end."""
    try:
        at = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    if len(text.strip()) == 10:
        at = datetime.combine(at.date(), time(23, 59))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def written(at: datetime) -> str:
    """The instant for an address."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def address(page: str, as_of: datetime | None = None, **query: str) -> str:
    """A link within the house that keeps the chosen instant."""
    asked = dict(query) | ({AS_OF: written(as_of)} if as_of else {})
    return f"{page}?{urlencode(asked)}" if asked else page or "."


def refresh(pulse: Pulse, as_of: datetime | None) -> str | None:
    """How often the page looks again: never at the past, quickly while a replay runs."""
    if as_of is not None:
        return None
    return REPLAY_REFRESH if pulse.state is PollerState.REPLAY else LIVE_REFRESH


def moment_picker(pulse: Pulse, as_of: datetime | None) -> None:
    """Look at any past instant, or come back to now."""
    label = f"As of {moment(as_of)}" if as_of else "As of now"
    with st.popover(label, icon=":material/history:", width="stretch"):
        st.caption("Shows what this dashboard showed at that instant, and nothing that became known later.")
        start = as_of or pulse.now
        with st.form("as_of_form", border=False):
            on = st.date_input("Day (UTC)", value=start.date(), key="as_of_day", max_value=pulse.now.date())
            at = st.time_input("Time (UTC)", value=start.time().replace(second=0, microsecond=0), key="as_of_time")
            if st.form_submit_button("Show", type="primary", width="stretch") and isinstance(on, date):
                choose(datetime.combine(on, at, tzinfo=UTC))
        if as_of is not None and st.button("Back to now", key="as_of_live", width="stretch"):
            choose(None)


def choose(at: datetime | None) -> None:
    """Turn every page to this instant."""
    if at is None:
        st.session_state.pop(AS_OF, None)
        st.query_params.pop(AS_OF, None)
    else:
        st.session_state[AS_OF] = written(at)
        st.query_params[AS_OF] = written(at)
    st.rerun()


def notices(pulse: Pulse, as_of: datetime | None) -> list[str]:
    """What must be said before anything is believed."""
    strips: list[str] = []
    if pulse.trouble:
        strips.append(notice(f"<b>The store cannot be read.</b> {escape(pulse.trouble)}", kind="alarm"))
    if pulse.replay:
        ended = f" It stopped at {moment(pulse.now)}." if pulse.state is PollerState.ENDED else ""
        strips.append(
            notice(
                f"<b>Replay</b> <span>{escape(pulse.replay)}. Polled on an accelerated clock.{ended} "
                "Mail goes only to the Alerts page.</span>",
                kind="replay",
            )
        )
    if as_of is not None:
        strips.append(
            notice(f"<b>The past.</b> This is what was known at {moment(as_of)}. Nothing can be changed from here.")
        )
    elif pulse.state is PollerState.NONE:
        strips.append(
            notice(
                "<b>No poller is running</b>, so nothing is being collected and this picture does not move. Start one "
                "with <code>vedette run</code> (poller and dashboard) or <code>vedette poll</code> (poller alone); "
                "<code>vedette run --replay belarus-2022-12</code> shows a whole winter without a network.",
                kind="alarm",
            )
        )
    elif pulse.state is PollerState.LATE:
        strips.append(
            notice(
                f"<b>The poller has gone quiet.</b> Last heard {moment(pulse.heard_at)}. What follows may be out of "
                "date. Start it again with <code>vedette run</code> or <code>vedette poll</code>.",
                kind="alarm",
            )
        )
    return strips


def heading(title: str, aside: str = "") -> None:
    """A small heading over a panel; both texts are plain."""
    st.html(f'<div class="v-h"><b>{escape(title)}</b><span>{escape(aside)}</span></div>')


def quiet(text: str, *, panel: bool = False) -> None:
    """A remark in a low voice; `text` is markup made by the caller."""
    st.html(f'<div class="v-quiet{" v-panel" if panel else ""}">{text}</div>')


def table(head: Sequence[str], rows: Iterable[str]) -> str:
    """A table of rows that the caller has escaped."""
    heads = f"<thead><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr></thead>" if head else ""
    return f'<table class="v-table">{heads}<tbody>{"".join(rows)}</tbody></table>'


def numbers(cells: Iterable[tuple[str, str, str]]) -> str:
    """A row of figures: name, value, remark; values and remarks are markup."""
    made = "".join(f"<div><small>{name}</small><b>{value}</b><em>{note}</em></div>" for name, value, note in cells)
    return f'<div class="v-kpis">{made}</div>'


def officer() -> str:
    """The name given last in this session."""
    return str(st.session_state.get("officer", ""))
