"""To whom a sentence credits what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feeds.model import Feed, Item
from indicators.catalogue import Catalogue, KnownActor
from indicators.catalogue.words import Span, Words
from indicators.coding.cues import Found
from indicators.coding.direction import NamedActor, Names
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
    referred: bool = False
    """It is referred to, not only speaking: "according to", "spotted by"."""


def as_attribution(actor: KnownActor) -> Attribution:
    """An actor of the list as the one credited."""
    return Attribution(
        name=actor.name, kind=actor.attribution or _KINDS.get(actor.kind, AttributionKind.MEDIA), actor=actor.id
    )


def voice_of(
    original: str, offset: int, words: Words, found: Found, names: Names, *, told: frozenset[int]
) -> Voice | None:
    """The voice a sentence names, or None where it speaks for itself; `told` are the words that tell of a happening."""
    speakers = [one for one in names.actors if not one.adjective]
    anaphora = found.get(("voice", "anaphora"), ())
    relayed: Voice | None = None
    for voice in _ways(original, offset, words, found, names, speakers, told):
        if voice is None:
            continue
        if voice.attribution is None or voice.attribution.kind is not AttributionKind.MEDIA:
            return voice
        # Who passes it on is the origin only where nobody else is named: "Reuters, citing the ministry".
        relayed = relayed or voice
    if relayed is not None:
        return relayed
    for first, last in found.get(("voice", "according"), ()):
        generic = _generic(original, words, offset, found, names, (last, min(len(words), last + 6)))
        if generic is not None and not _passed_on(words, last):
            return Voice(generic[0], f"{_said(words, first, last)!r}", own=generic[1], referred=True)
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


def _ways(
    original: str,
    offset: int,
    words: Words,
    found: Found,
    names: Names,
    speakers: Sequence[NamedActor],
    told: frozenset[int],
) -> Iterator[Voice | None]:
    """The ways of naming a voice, the surest first; each is tried only where those before it gave nobody."""
    yield _before_colon(original, offset, words, found, names, speakers, told)
    if speakers or found.get(("voice", "according")):
        yield _by_reference(words, found, speakers, told)
    if speakers:
        yield _beside_verb(original, offset, words, found, names, speakers)
        yield _done_by(words, found, names, speakers)
    yield _behind_dash(original, offset, words, found, names, speakers)
    if speakers:
        yield _in_brackets(original, offset, words, speakers)


def _before_colon(
    original: str,
    offset: int,
    words: Words,
    found: Found,
    names: Names,
    speakers: Sequence[NamedActor],
    told: frozenset[int],
) -> Voice | None:
    """Who stands before the colon: "The ministry: ..."; behind it where only "source" stands before."""
    colon = _colon(original, words, offset)
    if colon is None:
        return None
    if colon == 1 and not told and len(words) <= _LONGEST_CREDIT:
        for named in speakers:
            if named.span[0] <= colon + 1 and (0, 1) in found.get(("voice", "unnamed"), ()):
                whole = (0, len(words))
                return Voice(
                    as_attribution(named.actor), "given as the source", of_previous=True, speaker=whole, own=whole
                )
    for office in speakers:
        if office.span[1] <= colon and office.actor.kind != "state" and not _by_the_way(words, found, office.span):
            # "Chairman of the service so-and-so:": the person speaks, not the office named right before.
            named = _person(office, speakers, words, found)
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
    return None


def _by_reference(words: Words, found: Found, speakers: Sequence[NamedActor], told: frozenset[int]) -> Voice | None:
    """Whom "according to", "citing" and their like name; who knows it himself before who only passes it on."""
    anaphora = found.get(("voice", "anaphora"), ())
    relayed: Voice | None = None
    for first, last in found.get(("voice", "according"), ()):
        for named in () if _passed_on(words, last) else speakers:
            if 0 <= named.span[0] - last <= 6 and _unbroken(words, last, named.span[0]) and named.actor.kind != "state":
                person = _person(named, speakers, words, found)
                span = (first, person.span[1])
                back = not told and any(one[0] < first for one in anaphora)
                voice = Voice(
                    as_attribution(person.actor),
                    f"{_said(words, first, last)!r}",
                    of_previous=back,
                    speaker=span,
                    own=span,
                    referred=True,
                )
                if named.actor.kind not in _RELAYING:
                    return voice
                relayed = relayed or voice
                break
        if relayed is not None:
            continue
        if any(0 <= one[0] - last <= 2 for one in anaphora):
            return Voice(None, "speaks of the voice named before", before=True)
    return relayed


def _passed_on(words: Words, last: int) -> bool:
    """Whether "cited by", "quoted by": whoever follows only passes on."""
    return last < len(words) and words.words[last] == "by"


def _beside_verb(
    original: str, offset: int, words: Words, found: Found, names: Names, speakers: Sequence[NamedActor]
) -> Voice | None:
    """Who stands beside a verb of saying or seeing; a person before the office named with him, who knows before who
    passes on."""
    best: tuple[int, int] | None = None
    chosen: NamedActor | None = None
    verb_said = ""
    where = (0, 0)
    nouns = _nouns(found)
    for first, last in found.get(("voice", "verbs"), ()):
        for named in speakers:
            ahead = first - named.span[1]
            behind = named.span[0] - last
            closing = behind == 0 and (named.span[1] == len(words) or not words.joined[named.span[1]])
            if named.actor.kind in _BODIES and (not (0 <= ahead <= 1 or closing) or _only_seen(words, found, last)):
                continue
            if named.actor.kind == "state" and ahead == 1 and named.span[1] in nouns:
                continue
            distance = _ahead(original, offset, words, named, first) if ahead >= 0 else None
            if distance is None and behind >= 0:
                distance = _behind(words, named, first, last)
            if distance is None:
                continue
            key = (
                distance + (4 if named.actor.kind == "state" or named.actor.kind in _RELAYING else 0),
                named.span[0],
            )
            if best is None or key < best:
                best, verb_said = key, _said(words, first, last)
                chosen = _person(named, speakers, words, found)
                where = (min(first, named.span[0]), max(last, chosen.span[1]))
    if chosen is None:
        return None
    return Voice(
        as_attribution(chosen.actor),
        f"beside {verb_said!r}",
        speaker=chosen.span,
        own=_with_country(chosen.span, words, found, names),
        span=where,
        tail=_closes(original, words, offset, where),
    )


def _only_seen(words: Words, found: Found, last: int) -> bool:
    """Whether a verb's preposition or participle follows at once: "troops spotted near", "seen moving"."""
    if last >= len(words) or not words.joined[last]:
        return False
    follows = words.words[last]
    return follows.isascii() and (
        follows.endswith("ing")
        or any(first == last for role in _PREPOSITIONS for first, _ in found.get(("role", role), ()))
    )


def _ahead(original: str, offset: int, words: Words, named: NamedActor, first: int) -> int | None:
    """How far a speaker stands before the verb at `first`; None where it is none of his."""
    end = named.span[1]
    gap = first - end
    unbroken = gap <= _SPEAKER_REACH and _unbroken(words, end, first)
    if not unbroken:
        # "The monitor, which follows trains, reports": what stands between two commas is an aside.
        commas = gap > 0 and all(original[words.ends[at - 1] - offset] == "," for at in (end, first))
        if not (commas and gap <= _ASIDE and all(words.joined[end + 1 : first])) or named.actor.kind in (
            "state",
            "force",
        ):
            return None
        gap = _SPEAKER_REACH
    verb = words.words[first]
    if any(word in _TO_BE for word in words.words[end:first]) and not verb.endswith("ing"):
        return None
    # "They told him" and "it is said in": a plural verb is nobody's in particular, behind a single name.
    if (
        gap == 0
        and named.actor.kind in _PERSONS
        and verb.endswith(_PLURAL_PAST)
        and (named.span[0] == 0 or words.words[named.span[0] - 1] not in _AND)
    ):
        return None
    return gap


def _behind(words: Words, named: NamedActor, first: int, last: int) -> int | None:
    """How far a speaker stands behind the verb that ends at `last`; None where he is only told of it."""
    gap = named.span[0] - last
    if gap > _INVERTED or not _unbroken(words, last, named.span[0]):
        return None
    if any(word in _THAT for word in words.words[last : named.span[0]]):
        return None
    if words.words[0].isascii():
        inverted = first == 0 or not words.joined[first]
        if not inverted and (gap > 1 or named.actor.kind not in (*_RELAYING, "monitor")):
            # "Told the president", "warned Warsaw": whom it is said to.
            return None
    return gap + 1


def _done_by(words: Words, found: Found, names: Names, speakers: Sequence[NamedActor]) -> Voice | None:
    """Who saw it, behind the "by" of a verb of saying or seeing: "were spotted near the town by the monitor"."""
    for named in speakers:
        at = named.span[0] - 1
        while at > 0 and (words.words[at] == "the" or _titled(names, at)):
            at -= 1
        if at < 1 or words.words[at] != "by":
            continue
        reach = 0 if named.actor.kind in _BODIES else _PASSIVE_REACH
        if named.actor.kind == "monitor":
            span = (at, named.span[1])
            return Voice(as_attribution(named.actor), "by whom", speaker=span, own=span, referred=True)
        for first, last in found.get(("voice", "verbs"), ()):
            if 0 <= at - last <= reach and _unbroken(words, last, at):
                return Voice(
                    as_attribution(named.actor),
                    f"{_said(words, first, last)} by",
                    speaker=(at, named.span[1]),
                    own=(at, named.span[1]),
                    referred=True,
                )
    return None


def _titled(names: Names, at: int) -> bool:
    """Whether a word is a country's adjective."""
    return any(one.adjective and one.span[0] <= at < one.span[1] for one in names.actors)


def _behind_dash(
    original: str, offset: int, words: Words, found: Found, names: Names, speakers: Sequence[NamedActor]
) -> Voice | None:
    """Who is named right behind the last dash, at the end of the sentence."""
    dash = _after_dash(original, words, offset)
    if dash is None:
        return None
    titles = _nouns(found)
    for office in speakers:
        if office.actor.kind in _BODIES or office.span[0] < dash:
            continue
        led = all(
            at in titles or _titled(names, at) or _is_capital(original, words, offset, at)
            for at in range(dash, office.span[0])
        )
        if not led and len(words) - office.span[1] > 1:
            continue
        named = _person(office, speakers, words, found)
        rest = (dash, len(words))
        return Voice(as_attribution(named.actor), "named behind the dash", span=rest, speaker=rest, own=rest)
    generic = _generic(original, words, offset, found, names, (dash, len(words)))
    if generic is not None and generic[1][0] - dash <= 1 and len(words) - generic[1][1] <= _SUFFIX_WORDS:
        rest = (dash, len(words))
        return Voice(generic[0], "named behind the dash", span=rest, speaker=rest, own=rest)
    return None


_BRACKETS = re.compile(r"\(([^()]{2,60})\)")


def _in_brackets(original: str, offset: int, words: Words, speakers: Sequence[NamedActor]) -> Voice | None:
    """Who is named alone in brackets: "(BelTA)"."""
    if "(" not in original:
        return None
    for named in speakers:
        if named.actor.kind not in (*_RELAYING, "monitor", "ministry", *_PERSONS):
            continue
        begun, ended = words.starts[named.span[0]] - offset, words.ends[named.span[1] - 1] - offset
        for mark in _BRACKETS.finditer(original):
            if mark.start() < begun and ended < mark.end() and len(mark[1]) - (ended - begun) <= _BRACKET_SLACK:
                return Voice(as_attribution(named.actor), "named in brackets", speaker=named.span, own=named.span)
    return None


def _person(office: NamedActor, speakers: Sequence[NamedActor], words: Words, found: Found) -> NamedActor:
    """The person named right behind an office, with a first name or rank between: he speaks, not the office."""
    if office.actor.kind in _PERSONS:
        return office
    for one in speakers:
        gap = one.span[0] - office.span[1]
        if one.actor.kind in _PERSONS and 0 <= gap <= 1 and _unbroken(words, office.span[1], one.span[0]):
            said = any(
                first < one.span[0] and office.span[1] < last for first, last in found.get(("voice", "verbs"), ())
            )
            if not said:
                return one
    return office


def _by_the_way(words: Words, found: Found, span: Span) -> bool:
    """Whether a name stands behind a preposition within the speaker's title: "the envoy to the alliance"."""
    if span[0] < 2 or words.words[span[0] - 1] == "of":
        return False
    return any(last == span[0] and first > 0 for role in _PREPOSITIONS for first, last in found.get(("role", role), ()))


def subject_of(original: str, offset: int, words: Words, found: Found, names: Names, span: Span) -> Voice | None:
    """Who does what the words at `span` say, where the deed is itself a saying: "Lukashenko accused Warsaw of ..."."""
    prepositions = {last for role in _PREPOSITIONS for _, last in found.get(("role", role), ())}
    titles = _nouns(found) | {at for one in names.actors if one.adjective for at in range(*one.span)}
    titles |= {at for _, one in names.lands for at in range(*one)}
    speakers = [one for one in names.actors if not one.adjective]
    for named in speakers:
        first, last = named.span
        if named.actor.kind not in _ACTING or last > span[1]:
            continue
        begun = first
        while begun > 0 and words.joined[begun] and begun - 1 in titles:
            begun -= 1
        if begun in prepositions or first in prepositions:
            continue
        opens = begun == 0 or not words.joined[begun]
        near = 0 <= span[0] - last <= _DEED_REACH and _unbroken(words, last, max(span[0] - 1, last))
        if not (near or (opens and first <= _OPENING and span[0] - last <= _DEED_FAR)):
            continue
        if not opens and begun > 0 and (begun - 1) in titles:
            continue
        if last >= len(words) or not words.joined[last]:
            continue
        if named.actor.kind != "ministry" and _oblique(words.words[last - 1], named.actor.name):
            continue
        verb = words.words[last]
        if verb in _TO_BE or verb in _AND or (verb.endswith(_PLURAL_PAST) and named.actor.kind != "ministry"):
            continue
        person = _person(named, speakers, words, found)
        return Voice(as_attribution(person.actor), "who does it", speaker=person.span, own=person.span)
    return None


def _oblique(word: str, name: str) -> bool:
    """Whether the last word of a name stands in another case than the first; names that keep one form never do."""
    return not word.isascii() and word.endswith(_OBLIQUE) and name[-1:].lower() not in "uieo"


_RELAYING = ("outlet", "agency")
# These speak as one body, and are more often told of than heard.
_BODIES = ("state", "force")
_ACTING = ("leader", "official", "ministry", "state", "alliance")
_PREPOSITIONS = ("from", "to", "at", "either")
_TO_BE = frozenset({"is", "are", "was", "were", "be", "been", "being"})
_AND = frozenset({"and", "и", "і", "й", "та", "ды"})
_THAT = frozenset({"that", "что", "чтобы", "що", "щоб", "што", "каб", "якби", "как", "як"})
_PLURAL_PAST = ("ли", "лі", "лися", "ліся", "лись")
_OBLIQUE = ("у", "ю", "ом", "ем", "ам", "ым", "им", "ою", "ею", "е", "и", "і", "ы")
_SPEAKER_REACH = 4
_INVERTED = 4
_ASIDE = 8
_PASSIVE_REACH = 8
_LONGEST_CREDIT = 8
_BRACKET_SLACK = 14
_DEED_REACH = 2
_DEED_FAR = 6
_OPENING = 3


_DASHES = re.compile(r"\s[-\u2013\u2014]\s")
_SUFFIX_WORDS = 9
_LEAST_BEFORE = 3


def _after_dash(original: str, words: Words, offset: int) -> int | None:
    """The first word behind the last dash, where so few follow that they may name who says it."""
    marks = [mark.end() for mark in _DASHES.finditer(original)]
    if not marks:
        return None
    first = sum(1 for start in words.starts if start - offset < marks[-1])
    return first if 0 < len(words) - first <= _SUFFIX_WORDS and first > _LEAST_BEFORE else None


def _is_capital(original: str, words: Words, offset: int, at: int) -> bool:
    start = words.starts[at] - offset
    return original[start : start + 1].isupper()


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
