"""A letter about an alert: the value, the limit, the evidence in its own words, what we are blind to, and the page.

Everything that came from a feed is hostile: it is escaped in HTML, bared of control characters in plain text and in
headers, and becomes a link only where it is a web address. HTML is tables and inline styles, the one dialect that every
mail program shows alike; the plain text says the same.
"""

from __future__ import annotations

import hashlib
import html
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from urllib.parse import urlsplit

from indicators.alerts import silencing
from indicators.alerts.transitions import Change, Reason
from indicators.model.alert import Alert, AlertKind
from indicators.model.event import Event
from indicators.model.level import Board, Level, Standing, Thresholds, WatchCondition

SHOWN_EVENTS = 12
"""Events told in full; what is left out is counted in the letter, never dropped silently."""
SHOWN_REPORTS = 3
QUOTE_LENGTH = 400
SUBJECT_LENGTH = 180
WIDTH = 608
BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
"""Marks that turn the direction of reading: they can make a link read as another."""


class _Form(EmailPolicy):
    """The form mail servers want, with plain subjects on one line: folded ones arrive with a stray space in front."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """One header as it is sent."""
        if name.lower() == "subject" and str(value).isascii():
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return bytes(super().fold_binary(name, value))


FORM = _Form(linesep="\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How a state looks in a mail: colour, glyph and word together, as on the pages."""

    color: str
    ink: str
    glyph: str


MARKS = {
    Level.NORMAL: Mark(color="#4d7f7b", ink="#ffffff", glyph="●"),
    Level.WATCH: Mark(color="#e3bd35", ink="#15120a", glyph="▲"),
    Level.WARNING: Mark(color="#e07a1c", ink="#160d04", glyph="◆"),
    Level.CRITICAL: Mark(color="#b81c50", ink="#ffffff", glyph="■"),
}
BLIND = Mark(color="#7d8892", ink="#ffffff", glyph="◌")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is said, before it is said to somebody."""

    subject: str
    text: str
    html: str
    thread: str
    """The same for every mail of one episode."""
    key: str
    """The same for this mail however often it is written."""
    grave: bool
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of the letter's table."""

    name: str
    value: str


def compose(
    change: Change,
    *,
    recipient: str,
    sender: str,
    board: Board,
    as_of: datetime,
    evidence: Sequence[Event] = (),
    thresholds: Thresholds | None = None,
    names: Mapping[str, str] | None = None,
    page: str = "",
    recording: str = "",
) -> EmailMessage:
    """The whole mail about a change of an alert to one recipient; `write` and `address` in one step."""
    letter = write(
        change,
        board=board,
        as_of=as_of,
        evidence=evidence,
        thresholds=thresholds,
        names=names,
        page=page,
        recording=recording,
    )
    return address(letter, recipient=recipient, sender=sender, now=as_of)


def write(
    change: Change,
    *,
    board: Board,
    as_of: datetime,
    evidence: Sequence[Event] = (),
    thresholds: Thresholds | None = None,
    names: Mapping[str, str] | None = None,
    page: str = "",
    recording: str = "",
) -> Letter:
    """The letter about a change of an alert, the same for every recipient.

    `names` says what ids are called; `page` is the address where the officer reads on; `recording` names the replay
    that this happened in, and is empty in the world.
    """
    alert = change.alert
    called = dict(names or {})
    standing = next((one for one in board.standings if one.indicator == alert.subject), None)
    mark, word = _mark(change)
    headline = _headline(change, called)
    facts = list(_facts(change, board, standing, thresholds, called, as_of))
    prefix = "[Vedette replay]" if recording else "[Vedette]"
    subject = _cut(line(f"{prefix} {word} {_name_in_subject(alert)}: {_gist(change, standing)}"), SUBJECT_LENGTH)
    note = f"A replay ({line(recording)}), not the world. Nothing here is happening now." if recording else ""
    told = list(evidence)[:SHOWN_EVENTS]
    left_out = len(evidence) - len(told)
    return Letter(
        subject=subject,
        text=_text(word, headline, note, facts, told, left_out, page),
        html=_html(mark, word, headline, note, facts, told, left_out, page, line(board.name)),
        thread=f"{alert.problem}|{alert.kind}|{alert.subject}|{_thread(alert)}",
        key=f"{alert.alert_id}|{change.reason}|{change.turn}",
        grave=change.reason is not Reason.CLEARED and silencing.weight_of(alert) is Level.CRITICAL,
        headers={"X-Vedette-Problem": line(alert.problem), "X-Vedette-Subject": line(alert.subject)},
    )


def address(letter: Letter, *, recipient: str, sender: str, now: datetime) -> EmailMessage:
    """The letter as a mail to one recipient. Its Message-ID depends on alert and recipient alone: it is sent once."""
    domain = line(sender).partition("@")[2] or "vedette.invalid"
    root = f"<{_digest(letter.thread + '|' + recipient)}.thread@{domain}>"
    mail = EmailMessage(policy=FORM)
    mail["Subject"] = letter.subject
    mail["From"] = Address("Vedette", addr_spec=line(sender))
    mail["To"] = Address(addr_spec=line(recipient))
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{_digest(letter.key + '|' + recipient)}@{domain}>"
    # No mail carries the root's own id: programs thread by it all the same, whichever mail of an episode comes first.
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["List-Id"] = f"Vedette alerts <alerts.{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    for name, value in letter.headers.items():
        mail[name] = value
    if letter.grave:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    # Quoted-printable keeps every line short and seven-bit, whatever a server allows.
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return mail


def line(text: str) -> str:
    """Hostile text on one line: no breaks, no control characters, no marks that turn the direction of reading."""
    return " ".join(_bare(text).split())


def _bare(text: str) -> str:
    # Lone surrogates cannot be sent at all; format and control characters can only deceive.
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or ord(c) in BIDI else c for c in text)


def _digest(key: str) -> str:
    return hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _thread(alert: Alert) -> str:
    # The condition's alerts of one day belong together; an indicator's by episode, a source's by its blindness.
    return f"{alert.raised_at:%Y-%m-%d}" if alert.kind is AlertKind.CONDITION else alert.episode


def _mark(change: Change) -> tuple[Mark, str]:
    alert = change.alert
    if alert.kind is AlertKind.FEED:
        return (MARKS[Level.NORMAL], "SEES") if change.reason is Reason.CLEARED else (BLIND, "BLIND")
    if change.reason is Reason.CLEARED:
        return MARKS[Level.NORMAL], "NORMAL" if alert.kind is AlertKind.INDICATOR else "ROUTINE"
    mark = MARKS[silencing.weight_of(alert)]
    if alert.kind is AlertKind.CONDITION:
        return mark, f"LEVEL {alert.level}"
    return mark, Level(alert.level).name


def _name_in_subject(alert: Alert) -> str:
    return line(alert.subject)


def _gist(change: Change, standing: Standing | None) -> str:  # noqa: PLR0911 -- one for each kind of news
    alert = change.alert
    match alert.kind, change.reason:
        case AlertKind.FEED, Reason.CLEARED:
            return "read again"
        case AlertKind.FEED, _:
            return line(alert.why)
        case AlertKind.CONDITION, Reason.CLEARED:
            return "back to routine"
        case AlertKind.CONDITION, _:
            return f"{WatchCondition(alert.level).word} recommended"
        case _, Reason.CLEARED:
            return "back to normal"
        case _, Reason.REMINDER:
            return f"not acknowledged for {change.turn} {'day' if change.turn == 1 else 'days'}"
    count = standing.count if standing is not None else alert.count
    limit = f", limit {alert.threshold}" if alert.threshold else ""
    return f"{count} independent {'event' if count == 1 else 'events'}{limit}"


def _headline(change: Change, names: Mapping[str, str]) -> str:  # noqa: PLR0911 -- one for each kind of news
    alert = change.alert
    name = line(names.get(alert.subject, alert.subject))
    match alert.kind, change.reason:
        case AlertKind.FEED, Reason.CLEARED:
            return f"{name} is read again"
        case AlertKind.FEED, _:
            return f"{name} cannot be read"
        case AlertKind.CONDITION, Reason.CLEARED:
            return f"{name}: back to 5, Routine"
        case AlertKind.CONDITION, _:
            return f"{name}: watch condition {alert.level}, {WatchCondition(alert.level).word}, recommended"
        case _, Reason.CLEARED:
            return f"{name}: back to normal"
        case _, Reason.REMINDER:
            return f"{name}: {Level(alert.level).word}, and nobody has taken it on"
    return f"{name}: {Level(alert.level).word}"


def _facts(
    change: Change,
    board: Board,
    standing: Standing | None,
    thresholds: Thresholds | None,
    names: Mapping[str, str],
    as_of: datetime,
) -> Iterable[Fact]:
    alert = change.alert
    yield Fact(name="Problem", value=line(board.name))
    if alert.why:
        yield Fact(name="Why", value=line(alert.why))
    if standing is not None and alert.kind is AlertKind.INDICATOR:
        yield Fact(name="Value", value=_value(standing))
        if thresholds is not None:
            yield Fact(name="Thresholds", value=_limits(thresholds))
        yield Fact(name="Coverage", value=_coverage(standing))
    yield Fact(name="Watch condition", value=_condition(board))
    if board.recommendation is not None and board.recommendation.blind:
        blind = [line(names.get(one, one)) for one in board.recommendation.blind]
        yield Fact(name="Blind to", value=", ".join(blind))
    if change.reason is Reason.REMINDER:
        yield Fact(name="Raised", value=_instant(alert.raised_at))
    yield Fact(name="As of", value=_instant(as_of))


def _value(standing: Standing) -> str:
    events = f"{standing.count} independent {'event' if standing.count == 1 else 'events'}"
    expected = f"; {standing.expected:.1f} expected" if standing.expected is not None else ""
    origins = f"; {standing.origins} independent {'origin' if standing.origins == 1 else 'origins'}"
    return events + expected + origins


def _limits(thresholds: Thresholds) -> str:
    hours = thresholds.within.total_seconds() / 3600
    span = f"{hours / 24:g} days" if hours > 24 else f"{hours:g} hours"
    return f"watch {thresholds.watch}, warning {thresholds.warning}, critical {thresholds.critical} within {span}"


def _coverage(standing: Standing) -> str:
    if standing.coverage is None:
        return "nothing can carry this indicator: no source that would tell of it is polled"
    seen = f"{standing.coverage:.0%} of what its sources usually give"
    return f"{seen}; NO DATA now, the level is held" if standing.no_data else seen


def _condition(board: Board) -> str:
    recommended = board.recommendation
    said = "not evaluated yet"
    if recommended is not None:
        coverage = "coverage unknown" if recommended.coverage is None else f"coverage {recommended.coverage:.0%}"
        said = f"{int(recommended.condition)} {recommended.condition.word} recommended, {coverage}"
        if not recommended.assessable_downward:
            said += ", not assessable downward"
    if board.set is not None:
        chosen = board.set
        said += f"; {int(chosen.condition)} {chosen.condition.word} set by {line(chosen.by)} at {_instant(chosen.at)}"
    return said


def _instant(at: datetime) -> str:
    return f"{at.day} {at:%B %Y %H:%M} UTC"


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def _of_event(event: Event) -> str:
    origins = event.origins
    voices = ", ".join(line(origin.name) + (" (official)" if origin.official else "") for origin in origins)
    reports = f"{len(event.reports)} {'report' if len(event.reports) == 1 else 'reports'}"
    who = (
        f"{len(origins)} independent {'origin' if len(origins) == 1 else 'origins'}: {voices}"
        if origins
        else ("origin unknown")
    )
    counted = "" if event.counted else "; not counted"
    return f"{_day(event.occurred_on)} - {who} - {reports} - credibility {event.credibility}{counted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One report as a mail shows it."""

    words: str
    title: str
    source: str
    url: str


def _quotes(event: Event) -> list[Quote]:
    """The first reports that speak for themselves; echoes only where nothing else is there."""
    own = [report for report in event.reports if report.reprint_of is None] or list(event.reports)
    return [
        Quote(
            words=_cut(line(report.signal.evidence.quote), QUOTE_LENGTH),
            title=_cut(line(report.title), 160),
            source=f"{line(report.signal.source)} ({line(report.reliability)}), {_instant(report.signal.published_at)}",
            url=_safe(report.url),
        )
        for report in own[:SHOWN_REPORTS]
    ]


def _safe(url: str) -> str:
    """The address when it is one a reader may follow, else nothing."""
    bare = line(url)
    try:
        parts = urlsplit(bare)
    except ValueError:
        return ""
    return bare if parts.scheme in ("http", "https") and parts.hostname and " " not in bare else ""


def _more(event: Event, shown: int) -> str:
    left = len(event.reports) - shown
    return f"and {left} more {'report' if left == 1 else 'reports'} of it" if left > 0 else ""


def _left_out(number: int) -> str:
    return f"{number} more {'event is' if number == 1 else 'events are'} on the page." if number > 0 else ""


FOOTER = "Sent by Vedette to those who asked for it. The machine recommends; a named person decides."


def _text(
    word: str, headline: str, note: str, facts: Sequence[Fact], told: Sequence[Event], left_out: int, page: str
) -> str:
    lines = [f"{word}: {headline}", ""]
    if note:
        lines += [note, ""]
    width = max(len(fact.name) for fact in facts) + 2
    lines += [f"{fact.name + ':':<{width}}{fact.value}" for fact in facts]
    if told:
        lines += ["", "Evidence"]
    for number, event in enumerate(told, 1):
        lines += ["", f"{number}. {_of_event(event)}"]
        quotes = _quotes(event)
        for quote in quotes:
            lines += [f'   "{quote.words}"', f"   {quote.title} - {quote.source}"]
            lines += [f"   {quote.url}"] if quote.url else []
        lines += [f"   {more}"] if (more := _more(event, len(quotes))) else []
    lines += ["", _left_out(left_out)] if left_out > 0 else []
    if _safe(page):
        lines += ["", f"Read on: {_safe(page)}"]
    # A signature mark, so that an answer does not quote the footer.
    return "\n".join([*lines, "", "-- ", FOOTER, ""])


FONT = "font-family:Arial,Helvetica,sans-serif;"


def _html(
    mark: Mark,
    word: str,
    headline: str,
    note: str,
    facts: Sequence[Fact],
    told: Sequence[Event],
    left_out: int,
    page: str,
    problem: str,
) -> str:
    rows = [
        f'<tr><td bgcolor="{mark.color}" style="padding:14px 18px;background-color:{mark.color};{FONT}'
        f'font-size:15px;font-weight:bold;color:{mark.ink};">{mark.glyph}&nbsp;{_e(word)}</td></tr>',
        _row(f'<span style="font-size:19px;font-weight:bold;color:#1a2228;">{_e(headline)}</span>'),
    ]
    if note:
        rows.append(_row(f'<b style="color:#a4510a;">{_e(note)}</b>'))
    rows.append(_row(_facts_table(facts)))
    if told:
        rows.append(_row('<b style="font-size:15px;">Evidence</b>'))
    rows += [_row(_event_html(number, event)) for number, event in enumerate(told, 1)]
    if left_out > 0:
        rows.append(_row(_e(_left_out(left_out))))
    if _safe(page):
        rows.append(_row(_button(_safe(page))))
    rows.append(_row(f'<span style="font-size:12px;color:#56626d;">{_e(FOOTER)}</span>'))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
        f"<title>{_e(word)}: {_e(problem)}</title></head>"
        '<body bgcolor="#eef1f3" style="margin:0;padding:0;background-color:#eef1f3;">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#eef1f3">'
        '<tr><td align="center" style="padding:16px;">'
        f'<table role="presentation" width="{WIDTH}" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff"'
        f' style="width:{WIDTH}px;background-color:#ffffff;border:1px solid #cfd6db;">'
        + "".join(rows)
        + "</table></td></tr></table></body></html>\n"
    )


def _row(inner: str) -> str:
    style = f"padding:8px 18px;{FONT}font-size:14px;line-height:20px;color:#1a2228;"
    return f'<tr><td style="{style}">{inner}</td></tr>'


def _facts_table(facts: Sequence[Fact]) -> str:
    cell = f"padding:3px 12px 3px 0;{FONT}font-size:14px;line-height:19px;"
    rows = "".join(
        f'<tr><td valign="top" width="130" style="{cell}color:#56626d;">{_e(fact.name)}</td>'
        f'<td valign="top" style="{cell}color:#1a2228;">{_e(fact.value)}</td></tr>'
        for fact in facts
    )
    return f'<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">{rows}</table>'


def _event_html(number: int, event: Event) -> str:
    quotes = _quotes(event)
    parts = [f'<span style="color:#56626d;">{number}. {_e(_of_event(event))}</span>']
    for quote in quotes:
        title = _e(quote.title) or "report"
        linked = f'<a href="{_e(quote.url)}" style="color:#1f5f8b;">{title}</a>' if quote.url else title
        parts.append(
            f'<br>&ldquo;{_e(quote.words)}&rdquo;<br><span style="font-size:13px;">{linked} - {_e(quote.source)}</span>'
        )
    if more := _more(event, len(quotes)):
        parts.append(f'<br><span style="font-size:13px;color:#56626d;">{_e(more)}</span>')
    return "".join(parts)


def _button(page: str) -> str:
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>'
        '<td bgcolor="#1f5f8b" style="padding:9px 16px;background-color:#1f5f8b;">'
        f'<a href="{_e(page)}" style="{FONT}font-size:14px;font-weight:bold;color:#ffffff;text-decoration:none;">'
        "Open the page</a></td></tr></table>"
    )


def _e(text: str) -> str:
    return html.escape(text, quote=True)
