"""How a sentence puts what it says: happened, going on, planned, denied, negated, supposed, recalled, asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from indicators.catalogue.words import Span, Words
from indicators.coding.cues import Found
from indicators.coding.occurrence import When
from indicators.model.signal import Assertion

# What ended longer ago than this is background, not news.
RECALLED_AFTER = timedelta(days=21)
# Saying these is the deed itself; that they speak of possible or denied things is their nature.
SPEECH = frozenset({"denial", "insufficiency", "concern", "accusation", "embassy", "ceasefire"})
# A threat is a possible thing by nature, yet it can be denied and found to be none.
POSSIBLE = frozenset({"threat"})
# To cancel and to stop is the deed itself, and so is refusing to ask where a threat is made.
STOPPING = frozenset({"traffic", "airspace", "border", "hospital", "disruption", "diplomatic_rupture"})
# What a law or an order provides for is a condition within it; the law and the order are there.
PROVIDING = frozenset({"legal", "civil_defence"})
_REACH_HYPOTHETICAL = 8
_REACH_PLANNED = 8
_REACH_EPISTEMIC = 4
_BREAKS = ";\u2014"


@dataclass(frozen=True, slots=True)
class Put:
    """How it is put, and the words that decided it."""

    assertion: Assertion
    because: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence with what its language's words say about how it is put."""

    text: str
    """The folded text the words stand in."""
    original: str
    """The sentence as it was written."""
    words: Words
    found: Found
    days: Sequence[When]
    published: date
    heading: bool


def decide(statement: Statement, taken: frozenset[int], family: str, default: Assertion | None) -> Put:
    """How the sentence puts what the words `taken` say; the gravest reading wins."""
    start, end = min(taken), max(taken) + 1
    speech = family in SPEECH
    if family in STOPPING or family in POSSIBLE:
        found = dict(statement.found)
        for name in ("negation", "negation_after") if family in STOPPING else ("negation",):
            spans = found.get(("cue", name), ())
            found["cue", name] = [span for span in spans if not set(range(*span)) <= taken]
        statement = replace(statement, found=found)
    asked = _asked(statement)
    if asked:
        return Put(Assertion.QUESTION, asked)
    if not speech:
        put = _denied(statement, taken, start, end) or _negated(statement, taken, start, end)
        if put is None and family not in POSSIBLE:
            put = _supposed(statement, taken, start, end, family)
        if put is not None:
            return put
    put = _recalled(statement, taken, start, end)
    if put is not None:
        return put
    if not speech:
        put = (
            _planned(statement, taken, start, end)
            or _lies_ahead(statement, start, end)
            or _ongoing(statement, taken, start, end)
        )
        if put is not None:
            return put
    if default is not None:
        return Put(default, f"the rule's own reading: {default}")
    return Put(Assertion.HAPPENED, "no cue says otherwise")


def _asked(statement: Statement) -> str | None:
    ending = statement.original.rstrip("\"'\u2019\u201d\u00bb) :")
    if ending.endswith("?"):
        return "it ends with a question mark"
    if statement.heading:
        for first, last in statement.found.get(("cue", "question"), ()):
            if first == 0 and len(statement.words) > last:
                return f"a heading that begins with {_said(statement, (first, last))!r} asks"
    return None


def _clause_of(statement: Statement, at: int) -> tuple[int, int]:
    """The clause that word `at` stands in: between contrasts, dashes and semicolons."""
    edges = _edges(statement)
    begun = max((edge for edge in edges if edge <= at), default=0)
    ended = min((edge for edge in edges if edge > at), default=len(statement.words))
    return begun, ended


def _edges(statement: Statement) -> list[int]:
    words = statement.words
    edges = [0]
    for at in range(1, len(words)):
        gap = statement.text[words.ends[at - 1] : words.starts[at]]
        if any(sign in gap for sign in _BREAKS) or " - " in gap or " \u2013 " in gap:
            edges.append(at)
    for first, _ in statement.found.get(("cue", "contrast"), ()):
        comma = first > 0 and "," in statement.text[words.ends[first - 1] : words.starts[first]]
        if comma or len(words.words[first]) > 2:
            edges.append(first)
    return sorted(edges)


def _same_clause(statement: Statement, at: int, taken: frozenset[int]) -> bool:
    begun, ended = _clause_of(statement, at)
    return any(begun <= one < ended for one in taken)


def _cues(statement: Statement, name: str, taken: frozenset[int]) -> list[Span]:
    """The cues of a kind that are not themselves words of the find."""
    return [
        span for span in statement.found.get(("cue", name), ()) if not taken & set(range(*span)) or span[0] not in taken
    ]


def _said(statement: Statement, span: Span) -> str:
    return " ".join(statement.words.words[span[0] : span[1]])


def _excepted(statement: Statement, span: Span, name: str) -> bool:
    return any(
        (first <= span[0] and span[1] <= last) or (first <= span[0] < last)
        for first, last in statement.found.get(("cue", name), ())
    )


def _denied(statement: Statement, taken: frozenset[int], start: int, end: int) -> Put | None:
    for span in _cues(statement, "denial", taken):
        if not taken & set(range(*span)) and _same_clause(statement, span[0], taken):
            return Put(Assertion.DENIED, f"{_said(statement, span)!r} denies it")
    return None


def _negated(statement: Statement, taken: frozenset[int], start: int, end: int) -> Put | None:
    for span in statement.found.get(("cue", "negation_wide"), ()):
        if _same_clause(statement, span[0], taken) and not _excepted(statement, span, "not_negation"):
            return Put(Assertion.NEGATED, f"{_said(statement, span)!r} negates it")
    epistemic = [span[0] for span in statement.found.get(("cue", "epistemic"), ())]
    reach = 4 if statement.words.words and statement.words.words[0].isascii() else 3
    for span in statement.found.get(("cue", "negation"), ()):
        if _excepted(statement, span, "not_negation") or not _same_clause(statement, span[0], taken):
            continue
        if _own_negation(span, taken, end):
            return Put(Assertion.NEGATED, f"{_said(statement, span)!r} negates it")
        for verb in epistemic:
            if 0 <= verb - span[1] < _REACH_EPISTEMIC and verb not in taken and end > verb:
                return Put(Assertion.NEGATED, f"{_said(statement, (span[0], verb + 1))!r} negates what follows")
        following = min((at for at in taken if at >= span[1]), default=None)
        if following is not None and following - span[1] < reach and _no_break(statement, span[1], following):
            return Put(Assertion.NEGATED, f"{_said(statement, (span[0], following + 1))!r} negates it")
    for span in statement.found.get(("cue", "negation_after"), ()):
        # "Of tanks at the border there are none": the words of the find and the negation stand in one breath.
        begun = max((at for at in taken if at < span[1]), default=None)
        if (
            begun is not None
            and not _excepted(statement, span, "not_negation")
            and _same_clause(statement, span[0], taken)
            and _no_break(statement, begun + 1, span[0])
            and not any(at >= span[1] + 3 for at in taken)
        ):
            return Put(Assertion.NEGATED, f"{_said(statement, span)!r} behind it negates it")
    return None


def _own_negation(span: Span, taken: frozenset[int], end: int) -> bool:
    """Whether a negation is itself among the words of the find, with more of the find after it."""
    return set(range(*span)) <= taken and any(at >= span[1] for at in taken)


def _no_break(statement: Statement, first: int, last: int) -> bool:
    """Whether no comma or colon parts a negation from what it would negate."""
    return all(statement.words.joined[at] for at in range(first, last + 1) if at < len(statement.words))


def _supposed(statement: Statement, taken: frozenset[int], start: int, end: int, family: str) -> Put | None:
    for span in _cues(statement, "condition", taken):
        planned = bool(statement.found.get(("cue", "planned")))
        if family in PROVIDING and span[0] > start:
            continue
        if span[0] < end or planned:
            return Put(Assertion.HYPOTHETICAL, f"{_said(statement, span)!r} makes it a condition")
    for span in _cues(statement, "warned", taken):
        if span[0] >= start or not _same_clause(statement, span[0], taken):
            continue
        # To warn of a thing supposes it, and so does a warning of what will be; a warning that it is so reports it.
        of_thing = span[1] < len(statement.words) and statement.words.joined[span[1]]
        of_thing = of_thing and statement.words.words[span[1]] != "that"
        if (of_thing and start - span[1] < _REACH_HYPOTHETICAL) or _planned(statement, taken, start, end) is not None:
            return Put(Assertion.HYPOTHETICAL, f"{_said(statement, span)!r} makes it a supposition")
    for span in _cues(statement, "hypothetical", taken):
        if taken & set(range(*span)) or _excepted(statement, span, "not_hypothetical"):
            continue
        if span[0] >= end or not _same_clause(statement, span[0], taken):
            continue
        following = min((at for at in taken if at >= span[1]), default=None)
        if following is not None and following - span[1] < _REACH_HYPOTHETICAL:
            return Put(Assertion.HYPOTHETICAL, f"{_said(statement, span)!r} makes it a supposition")
    return None


def _recalled(statement: Statement, taken: frozenset[int], start: int, end: int) -> Put | None:
    own = _nearest_day(statement, start, end)
    ahead = own is not None and not own.dated and _planned(statement, taken, start, end) is not None
    if own is not None and not own.since and not ahead and statement.published - own.last > RECALLED_AFTER:
        return Put(Assertion.RECALLED, f"{_said(statement, own.span)!r} lies more than {RECALLED_AFTER.days} days back")
    for span in _cues(statement, "recall", taken):
        if _same_clause(statement, span[0], taken) and not taken & set(range(*span)):
            return Put(Assertion.RECALLED, f"{_said(statement, span)!r} looks back")
    return None


def _nearest_day(statement: Statement, start: int, end: int) -> When | None:
    from indicators.coding.occurrence import nearest

    return nearest(statement.days, (start, end))


def _planned(statement: Statement, taken: frozenset[int], start: int, end: int) -> Put | None:
    continuing = list(statement.found.get(("cue", "ongoing"), ()))
    for span in statement.found.get(("cue", "planned"), ()):
        if _excepted_after(statement, span) or span[0] >= end or not _same_clause(statement, span[0], taken):
            continue
        following = min((at for at in taken if at >= span[0]), default=None)
        if following is None or following - span[1] >= _REACH_PLANNED:
            continue
        if any(0 <= span[0] - other[1] <= 1 for other in continuing):
            continue
        return Put(Assertion.PLANNED, f"{_said(statement, span)!r} puts it ahead")
    return None


def _lies_ahead(statement: Statement, start: int, end: int) -> Put | None:
    """ "From 1 March", told in February: what begins on a day to come is planned."""
    own = _nearest_day(statement, start, end)
    if own is not None and own.first > statement.published and not own.until:
        return Put(Assertion.PLANNED, f"{_said(statement, own.span)!r} lies ahead")
    return None


def _excepted_after(statement: Statement, span: Span) -> bool:
    return any(first <= span[0] < last for first, last in statement.found.get(("cue", "not_planned"), ()))


def _ongoing(statement: Statement, taken: frozenset[int], start: int, end: int) -> Put | None:
    for span in statement.found.get(("cue", "ongoing"), ()):
        if (
            _same_clause(statement, span[0], taken)
            and min(abs(span[0] - start), abs(span[0] - end), 0 if start <= span[0] < end else 99) <= 4
        ):
            return Put(Assertion.ONGOING, f"{_said(statement, span)!r} says it goes on")
    return None
