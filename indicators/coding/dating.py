"""Which of the days that a text names are the happening's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from indicators.catalogue.words import Span, Words
from indicators.coding.assertion import Put
from indicators.coding.cues import Found
from indicators.coding.matching import Hit
from indicators.coding.occurrence import When, nearest
from indicators.model.signal import Assertion


def occurred(days: Sequence[When], span: Span, put: Put, published: date) -> tuple[date, date, str]:
    """First and last day of the happening, and the rule that gave them."""
    if put.assertion is Assertion.PLANNED:
        return published, published, "planned, so dated as published"
    when = nearest(days, span, ends=False)
    if when is None:
        return published, published, ""
    first, last = when.first, when.last
    if when.since:
        last = published
    first, last = min(first, published), min(last, published)
    return first, last, f"dated by {when.rule}"


def own_days(days: Sequence[When], hit: Hit, words: Words, found: Found) -> list[When]:
    """The days that are not of what came before: "moved tanks after the talks of 1 June", "the train that came on"."""
    if not days:
        return []
    behind = found.get(("cue", "background"), ())
    aside = [range(*clause) for clause in _relative_clauses(words) if hit.words.isdisjoint(range(*clause))]
    return [
        when
        for when in days
        if not any(hit.end <= first and last <= when.span[0] + 1 for first, last in behind)
        and not any(when.span[0] in clause for clause in aside)
    ]


# The pronouns that open a clause about a noun, in the languages of the catalogue.
_RELATIVE = re.compile(
    "which|who|whose|that|котор[а-я]+|чей|який|яка|яке|які|якого|якої|яких|якую|якая|якое|якія|якога|якой|якіх"
)


def _relative_clauses(words: Words) -> list[Span]:
    """The clauses about a noun, from the pronoun behind a comma to the next comma."""
    found = []
    for at in range(1, len(words)):
        if not words.joined[at] and _RELATIVE.fullmatch(words.words[at]):
            ended = next((one for one in range(at + 1, len(words)) if not words.joined[one]), len(words))
            # Only a clause that is closed again is an aside; one that runs to the end may be the news itself.
            if ended < len(words):
                found.append((at, ended))
    return found
