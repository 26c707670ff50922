"""To whom a sentence credits what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass

from feeds.model import Feed, Item
from indicators.catalogue import Catalogue, KnownActor
from indicators.catalogue.words import Span, Words
from indicators.coding.cues import Found
from indicators.coding.direction import Names
from indicators.model.actor import Attribution, AttributionKind

_PREFIX_WORDS = 7
_KINDS = {
    "leader": AttributionKind.OFFICIAL,
    "ministry": AttributionKind.OFFICIAL,
    "official": AttributionKind.OFFICIAL,
    "force": AttributionKind.OFFICIAL,
    "state": AttributionKind.OFFICIAL,
    "monitor": AttributionKind.INDEPENDENT_MONITOR,
    "outlet": AttributionKind.MEDIA,
    "agency": AttributionKind.MEDIA,
    "alliance": AttributionKind.OFFICIAL,
    "organisation": AttributionKind.MEDIA,
}
_PERSONS = ("leader", "official")
_SPEAKERS = (
    ("official", AttributionKind.OFFICIAL),
    ("independent_monitor", AttributionKind.INDEPENDENT_MONITOR),
    ("media", AttributionKind.MEDIA),
)


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks in a sentence, how that was told, and whether it is the voice named before."""

    attribution: Attribution | None
    how: str
    before: bool = False
    """The sentence speaks of a voice named earlier: "the report", "the statement"."""
    of_previous: bool = False
    """The sentence credits the one before it: "The news was shared by ..."."""
    span: Span = (0, 0)
    """The words of the speaker and of the verb."""
    speaker: Span = (0, 0)
    """The words of the speaker alone."""
    own: Span = (0, 0)
    """The words that name the speaker, with the country before them: what is said is not about these."""
    tail: bool = True
    """Whether the voice may close what stands before it, as in "..., the ministry said"."""


def as_attribution(actor: KnownActor) -> Attribution:
    """An actor of the list as the one credited."""
    return Attribution(
        name=actor.name, kind=actor.attribution or _KINDS.get(actor.kind, AttributionKind.MEDIA), actor=actor.id
    )


def voice_of(  # noqa: PLR0911, PLR0912 - the ways of naming a voice, the surest first
    original: str, offset: int, words: Words, found: Found, names: Names, *, told: frozenset[int]
) -> Voice | None:
    """The voice a sentence names, or None where it speaks for itself; `told` are the words that tell of a happening."""
    speakers = [one for one in names.actors if not one.adjective]
    colon = _colon(original, words, offset)
    anaphora = found.get(("voice", "anaphora"), ())
    if colon is not None:
        for office in speakers:
            if office.span[1] <= colon and office.actor.kind != "state":
                # "Chairman of the service so-and-so:": the person speaks, not the office named right before.
                named = next(
                    (one for one in speakers if one.span[0] == office.span[1] and one.actor.kind in _PERSONS), office
                )
                return Voice(
                    as_attribution(named.actor),
                    "named before the colon",
                    span=(0, colon),
                    speaker=(0, colon),
                    own=_with_country(named.span, words, found, names),
                )
        generic = _generic(original, words, offset, found, names, (0, colon))
        if generic is not None and colon <= _PREFIX_WORDS and told.isdisjoint(range(*generic[1])):
            return Voice(generic[0], "named before the colon", span=(0, colon), speaker=generic[1], own=generic[1])
    for first, last in found.get(("voice", "according"), ()):
        for named in speakers:
            if 0 <= named.span[0] - last <= 6 and _unbroken(words, last, named.span[0]) and named.actor.kind != "state":
                back = not told and any(one[0] < first for one in anaphora)
                return Voice(
                    as_attribution(named.actor),
                    f"{_said(words, first, last)!r}",
                    of_previous=back,
                    speaker=(first, named.span[1]),
                    own=(first, named.span[1]),
                )
        if any(0 <= one[0] - last <= 2 for one in anaphora):
            return Voice(None, "speaks of the voice named before", before=True)
        generic = _generic(original, words, offset, found, names, (last, min(len(words), last + 6)))
        if generic is not None:
            return Voice(generic[0], f"{_said(words, first, last)!r}", own=generic[1])
    best: tuple[int, int] | None = None
    chosen: KnownActor | None = None
    verb_said = ""
    where = speaker = (0, 0)
    for first, last in found.get(("voice", "verbs"), ()):
        for named in speakers:
            ahead = first - named.span[1]
            behind = named.span[0] - last
            closing = behind == 0 and (named.span[1] == len(words) or not words.joined[named.span[1]])
            if named.actor.kind == "state" and not (0 <= ahead <= 1 or closing):
                continue
            if named.actor.kind == "state" and ahead == 1 and named.span[1] in _nouns(found):
                continue
            if 0 <= ahead <= 4 and _unbroken(words, named.span[1], first - 1 if ahead else first):
                distance = ahead
            elif (
                0 <= behind <= 3
                and _unbroken(words, last, named.span[0])
                and (not words.words[0].isascii() or behind <= 1)
            ):
                distance = behind + 1
            else:
                continue
            key = (distance + (4 if named.actor.kind == "state" else 0), named.span[0])
            if best is None or key < best:
                best, chosen, verb_said = key, named.actor, _said(words, first, last)
                where = (min(first, named.span[0]), max(last, named.span[1]))
                speaker = named.span
    if chosen is not None:
        return Voice(
            as_attribution(chosen),
            f"beside {verb_said!r}",
            speaker=speaker,
            own=_with_country(speaker, words, found, names),
            span=where,
            tail=_closes(original, words, offset, where),
        )
    dash = _after_dash(original, words, offset)
    if dash is not None:
        for named in speakers:
            if dash <= named.span[0] and named.actor.kind != "state" and len(words) - named.span[1] <= 1:
                return Voice(
                    as_attribution(named.actor),
                    "named behind the dash",
                    span=(dash, len(words)),
                    speaker=(dash, len(words)),
                    own=(dash, len(words)),
                )
    if anaphora and (found.get(("voice", "verbs")) or any(one[0] <= 2 for one in anaphora)):
        return Voice(None, "speaks of the voice named before", before=True)
    for first, last in found.get(("voice", "verbs"), ()):
        generic = _generic(original, words, offset, found, names, (max(0, first - 5), first), latest=True) or _generic(
            original, words, offset, found, names, (last, min(len(words), last + 4))
        )
        if generic is not None:
            return Voice(
                generic[0],
                own=(generic[1][0], first) if generic[1][1] <= first else generic[1],
                how=f"beside {_said(words, first, last)!r}",
                span=(first, last),
                tail=_closes(original, words, offset, (first, last)),
            )
    return None


_DASHES = re.compile(r"\s[-\u2013\u2014]\s")
_SUFFIX_WORDS = 6


def _after_dash(original: str, words: Words, offset: int) -> int | None:
    """The first word behind the last dash, where so few follow that they may name who says it."""
    marks = [mark.end() for mark in _DASHES.finditer(original)]
    if not marks:
        return None
    first = sum(1 for start in words.starts if start - offset < marks[-1])
    return first if 0 < len(words) - first <= _SUFFIX_WORDS and first > _SUFFIX_WORDS // 2 else None


def _nouns(found: Found) -> set[int]:
    """The words that name a speaker by what it is: officials, monitors, residents."""
    kinds = (*(kind for kind, _ in _SPEAKERS), "unnamed")
    return {at for kind in kinds for first, last in found.get(("voice", kind), ()) for at in range(first, last)}


def _closes(original: str, words: Words, offset: int, span: Span) -> bool:
    """Whether a speaker and verb may close what stands before: little follows, or a quotation went before."""
    before = original[: words.starts[span[0]] - offset]
    return len(words) - span[1] <= 4 or any(sign in before for sign in '\u201d"\u00bb')


def _said(words: Words, first: int, last: int) -> str:
    return " ".join(words.words[first:last])


def _unbroken(words: Words, first: int, last: int) -> bool:
    return all(words.joined[at] for at in range(first, min(last + 1, len(words))))


def _colon(original: str, words: Words, offset: int) -> int | None:
    """How many words stand before the first colon, where they are few enough to be a speaker."""
    at = original.find(":")
    if at < 0:
        return None
    count = sum(1 for end in words.ends if end - offset <= at)
    return count if 0 < count <= _PREFIX_WORDS and count < len(words) else None


def _generic(
    original: str, words: Words, offset: int, found: Found, names: Names, within: Span, *, latest: bool = False
) -> tuple[Attribution, Span] | None:
    """A voice by its noun: "Ukrainian officials", "local Telegram channels"; with the country's name beside it."""
    rows: list[tuple[int, int, int, AttributionKind]] = []
    for first, last in found.get(("voice", "unnamed"), ()):
        if within[0] <= first and last <= within[1]:
            name = _written(original, words, offset, first, last)
            return Attribution(name=name, kind=AttributionKind.MEDIA), (first, last)
    for name, kind in _SPEAKERS:
        for first, last in found.get(("voice", name), ()):
            if within[0] <= first and last <= within[1]:
                rows.append((last if latest else -first, last - first, first, kind))
    if not rows:
        return None
    _, length, first, kind = max(rows, key=lambda row: row[:2])
    begun = first
    while (
        begun > within[0]
        and words.joined[begun]
        and (
            any(named.span[0] <= begun - 1 < named.span[1] for named in names.actors)
            or original[words.starts[begun - 1] - offset : words.starts[begun - 1] - offset + 1].isupper()
        )
    ):
        begun -= 1
    ended = first + length
    return Attribution(name=_written(original, words, offset, begun, ended), kind=kind), (begun, ended)


def _with_country(span: Span, words: Words, found: Found, names: Names) -> Span:
    """The speaker's words with what stands before them of rank and country: "Ukrainian spokesman" before a name."""
    titles = {at for kind, _ in _SPEAKERS for one in found.get(("voice", kind), ()) for at in range(*one)}
    titles |= {at for named in names.actors if named.adjective for at in range(*named.span)}
    titles |= {at for _, one in names.lands for at in range(*one)}
    begun = span[0]
    while begun > 0 and words.joined[begun] and begun - 1 in titles:
        begun -= 1
    return begun, span[1]


def _written(original: str, words: Words, offset: int, first: int, last: int) -> str:
    return original[words.starts[first] - offset : words.ends[last - 1] - offset]


def own_voice(item: Item, feed: Feed | None, catalogue: Catalogue) -> tuple[Attribution | None, str]:
    """The voice an item speaks in where no sentence names one: whom it was forwarded from, or whose feed it is."""
    if item.forwarded_from:
        known = known_by_name(item.forwarded_from, catalogue)
        if known is not None:
            return as_attribution(known), "forwarded"
        return Attribution(name=item.forwarded_from, kind=AttributionKind.MEDIA), "forwarded"
    if feed is not None and feed.speaks_for and feed.speaks_for in catalogue.actors:
        return as_attribution(catalogue.actors[feed.speaks_for]), "the feed's own word"
    return None, "the item's own voice"


def known_by_name(name: str, catalogue: Catalogue) -> KnownActor | None:
    """The actor that a channel's or outlet's name names."""
    from indicators.catalogue.folding import fold
    from indicators.catalogue.words import words_of

    words = words_of(fold(name).text)
    best: tuple[int, KnownActor] | None = None
    for slot, first, last in catalogue.names.find(words.words, words.joined):
        _, kind, id_ = catalogue.named[slot]
        if (
            kind == "actor"
            and catalogue.actors[id_].kind not in ("state", "leader")
            and (best is None or last - first > best[0])
        ):
            best = (last - first, catalogue.actors[id_])
    return best[1] if best else None
