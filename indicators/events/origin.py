"""Traces a report to who first said it; whoever merely passes it on is no second voice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from feeds.model import Feed, Item, OriginKind
from indicators.events.fingerprint import fold
from indicators.events.syndication import Reprint
from indicators.model.actor import Attribution, AttributionKind
from indicators.model.event import NOBODY, Origin, Report
from indicators.model.signal import Signal

UNKNOWN = Origin(id=NOBODY, name="unknown")
"""Nobody that could be asked: it corroborates nothing."""


class Voice(Protocol):
    """An entry of the actor list, as far as this room reads it; `kind`, `country`, `attribution`, `controlled_by`
    and `names` are used where the entry has them."""

    @property
    def name(self) -> str:
        """The actor's name in English."""


_OFFICIAL_KINDS = frozenset({"state", "ministry", "force", "leader", "alliance", "official"})

# 'Telegram channels', 'media reports', 'sources', in four languages: nobody in particular.
_UNNAMED = re.compile(
    r"""\b(?:
        sources? | channels? | reports? | media | outlets? | witness(?:es)? | residents? | locals? | observers?
      | experts? | analysts? | bloggers? | social\ networks? | social\ media | users? | press | rumou?rs?
      | источник\w* | канал\w* | паблик\w* | сми | соцсет\w* | очевид\w* | местны\w* | эксперт\w* | наблюдател\w*
      | аналитик\w* | блогер\w* | пользовател\w*
      | джерел\w* | змі | соцмереж\w* | очевидц\w* | місцев\w* | спостерігач\w* | аналітик\w*
      | крыніц\w* | сродк\w* | сацсет\w* | відавочц\w* | мясцов\w* | назіральнік\w* | аналітык\w*
    )\b""",
    re.VERBOSE,
)


def trace(
    signal: Signal,
    *,
    item: Item,
    feed: Feed | None = None,
    reprint: Reprint | None = None,
    root: Origin | None = None,
    actors: Mapping[str, Voice] | None = None,
    channels: Mapping[str, Origin] | None = None,
) -> Report:
    """The report that `signal` makes, with the origin of its word and how that was found.

    In order: whom the text names, whom a forwarded post names, the origin of the text it repeats (`root`, where
    `reprint` says that it repeats one), nobody for unnamed 'sources', and at last the publisher itself.
    `channels` maps folded channel names to origins; see `known_channels`.
    """
    people = actors or {}
    origin, traced_by = (
        _named(signal, item, people, channels or {})
        or _inherited(signal, reprint, root)
        or (_publisher(signal, item, feed, people, channels or {}))
    )
    return Report(
        signal=signal,
        url=item.url,
        title=item.title,
        owner=_owner(item, feed),
        reliability=feed.reliability if feed is not None else "F",
        origin=origin,
        traced_by=traced_by,
        # A quoted sentence is a copy too: where it is the evidence, the report goes where the quoted one is.
        reprint_of=reprint.of if reprint is not None and _covers(reprint, signal) else None,
    )


def _named(
    signal: Signal, item: Item, actors: Mapping[str, Voice], channels: Mapping[str, Origin]
) -> tuple[Origin, str] | None:
    """Whom the text or the forwarded post's header names."""
    said = signal.attribution
    if said is not None and said.actor is not None:
        return actor_origin(said.actor, actors, said=said), "attribution"
    if item.forwarded_from:
        return _forwarded(item.forwarded_from, actors, channels), "forwarded"
    return None


def _inherited(signal: Signal, reprint: Reprint | None, root: Origin | None) -> tuple[Origin, str] | None:
    """The origin of the text that is repeated."""
    if reprint is None or root is None or not _covers(reprint, signal):
        return None
    return root, f"reprint of {reprint.of}"


def _covers(reprint: Reprint, signal: Signal) -> bool:
    """Whether the words of this signal are the root's words."""
    return reprint.covers(signal.evidence.start, signal.evidence.end)


def _publisher(
    signal: Signal, item: Item, feed: Feed | None, actors: Mapping[str, Voice], channels: Mapping[str, Origin]
) -> tuple[Origin, str]:
    """The listed source that the text names, nobody where it names nobody in particular, else the publisher."""
    said = signal.attribution
    if said is None or said.kind is AttributionKind.AUTHOR:
        own = publisher_origin(feed, item=item, actors=actors)
        if own.official and not own.state:
            # A ministry's own agency is known by the family that both belong to.
            family = channels.get(f"owner:{_owner(item, feed)}", own)
            own = replace(own, state=family.state)
        return own, "publisher"
    listed = channels.get(folded(said.name))
    if listed is not None:
        return listed, "attribution"
    nobody = replace(UNKNOWN, name=said.name or UNKNOWN.name)
    # A name that no list holds may be a known voice in another spelling: it must not corroborate.
    return nobody, "unnamed" if is_unnamed(said.name) else "named, but not in the actor list"


def actor_origin(actor: str, actors: Mapping[str, Voice], *, said: Attribution | None = None) -> Origin:
    """The origin that an actor of the actor list is; without an entry, the attribution's own words decide."""
    entry = actors.get(actor)
    kind = _word(entry, "attribution") or (said.kind.value if said is not None else "")
    controlled_by = _word(entry, "controlled_by")
    official = (
        kind == AttributionKind.OFFICIAL
        or bool(controlled_by)
        or (not kind and _word(entry, "kind") in _OFFICIAL_KINDS)
        or (said is not None and said.kind is AttributionKind.OFFICIAL)
    )
    name = entry.name if entry is not None else (said.name if said is not None else actor)
    state = (controlled_by or _word(entry, "country")) if official else ""
    if official and not state and _word(entry, "kind") == "state":
        state = actor
    return Origin(id=actor, name=name, official=official, state=_state(state, actors), kind=kind)


def publisher_origin(feed: Feed | None, *, item: Item | None = None, actors: Mapping[str, Voice]) -> Origin:
    """The publisher speaking for itself: the actor it speaks for, else its owner family."""
    if feed is None:
        source = item.source if item is not None else ""
        return Origin(id=f"owner:{source}", name=source) if source else UNKNOWN
    state_word = feed.state_controlled or feed.origin_kind is OriginKind.OFFICIAL
    if feed.speaks_for is not None:
        spoken = actor_origin(feed.speaks_for, actors)
        return replace(
            spoken,
            name=spoken.name if feed.speaks_for in actors else feed.name,
            official=spoken.official or state_word,
            kind=spoken.kind or feed.origin_kind.value,
            state=spoken.state or (_country(feed.speaks_for, actors) if state_word else ""),
        )
    family = feed.owner or feed.feed_id
    # A state medium that is also in the actor list under its owner's name lends its controller from there.
    state = _country(family.upper(), actors) if state_word and family.upper() in actors else ""
    return Origin(id=f"owner:{family}", name=feed.name, official=state_word, state=state, kind=feed.origin_kind.value)


def known_channels(feeds: Iterable[Feed], actors: Mapping[str, Voice]) -> dict[str, Origin]:
    """Origins for `trace`: by folded name every feed, handle and actor; by `owner:<family>` each family's own voice."""
    feeds = tuple(feeds)
    found: dict[str, Origin] = {}
    for actor, entry in sorted(actors.items()):
        names = getattr(entry, "names", {})
        spoken: list[str] = [entry.name]
        if isinstance(names, Mapping):
            for forms in names.values():
                spoken += [form for form in ([forms] if isinstance(forms, str) else forms) if isinstance(form, str)]
        for name in spoken:
            # Word forms with named endings ('путин{m}') are patterns, not names.
            if "{" not in name and "(" not in name and "*" not in name:
                found.setdefault(folded(name), actor_origin(actor, actors))
    for feed in sorted(feeds, key=lambda feed: feed.feed_id):
        origin = publisher_origin(feed, actors=actors)
        found.setdefault(folded(feed.name), origin)
        if "t.me/" in feed.url:
            found[folded(feed.url.rstrip("/").rsplit("/", 1)[-1])] = origin
    found.pop("", None)
    # No folded name holds a colon, so families stand beside names.
    found.update({f"owner:{family}": own for family, own in voices(feeds, actors).items()})
    return found


def voices(feeds: Iterable[Feed], actors: Mapping[str, Voice]) -> dict[str, Origin]:
    """The own voice of each owner family, by which `resolve_loops` knows that A cites B and B cites A."""
    own: dict[str, Origin] = {}
    for feed in sorted(feeds, key=lambda feed: (feed.speaks_for is None, feed.feed_id)):
        own.setdefault(feed.owner or feed.feed_id, publisher_origin(feed, actors=actors))
    return own


def resolve_loops(reports: Sequence[Report], own: Mapping[str, Origin]) -> tuple[Report, ...]:
    """Reports of one event, with every loop of mutual citation given to whoever in it published first.

    `own` is each owner family's own voice. A cites B when A's report names B's voice as its origin; when B's reports in
    turn lead back to A and none of them speaks for itself, neither is a second voice.
    """
    owner = reports[0].owner
    for report in reports:
        if report.owner != owner:
            break
    else:
        return tuple(reports)
    cites: dict[str, set[str]] = {}
    for report in reports:
        if report.origin.id != NOBODY:
            cites.setdefault(_me(report, own), set()).add(report.origin.id)
    if not any(of != me and of in cites for me, named in cites.items() for of in named):
        return tuple(reports)
    looped = _looped({me: {of for of in named if of != me} for me, named in cites.items() if me not in named})
    if not looped:
        return tuple(reports)
    settled = []
    for report in reports:
        loop = looped.get(report.origin.id)
        if loop is None or not report.origin.known:
            settled.append(report)
            continue
        first = min(
            (one for one in reports if _me(one, own) in loop),
            key=lambda one: (one.signal.published_at, one.signal.item_id, one.signal.signal_id),
        )
        origin = own.get(first.owner, Origin(id=f"owner:{first.owner}", name=first.owner))
        if origin.id == report.origin.id:
            settled.append(report)
        else:
            settled.append(replace(report, origin=origin, traced_by=f"loop resolved to {origin.name}, who was first"))
    return tuple(settled)


def _me(report: Report, own: Mapping[str, Origin]) -> str:
    """Whose word a report is when nobody else's."""
    voice = own.get(report.owner)
    return voice.id if voice is not None else f"owner:{report.owner}"


def _looped(cites: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    """For every voice in a circle, the voices that lead to it and back."""
    reach = {start: _reached(start, cites) for start in cites}
    loops: dict[str, frozenset[str]] = {}
    for start, reached in reach.items():
        if start in reached:
            loops[start] = frozenset(other for other in reached if start in reach.get(other, ()))
    return loops


def _reached(start: str, cites: Mapping[str, set[str]]) -> set[str]:
    """Every voice that a chain of citations leads to from `start`."""
    reached: set[str] = set()
    front = list(cites.get(start, ()))
    while front:
        voice = front.pop()
        if voice not in reached:
            reached.add(voice)
            front.extend(cites.get(voice, ()))
    return reached


def is_unnamed(name: str) -> bool:
    """Whether a name is nobody in particular: 'Telegram channels', 'СМИ', 'джерела'."""
    return not name.strip() or _UNNAMED.search(name.lower()) is not None


def folded(name: str) -> str:
    """A name as names are compared: folded words, no sign in front of a handle."""
    return " ".join(fold(name.replace("_", " ")))


def _forwarded(name: str, actors: Mapping[str, Voice], channels: Mapping[str, Origin]) -> Origin:
    """The origin that a forwarded post names: a known channel, an actor, else the channel itself."""
    key = folded(name)
    known = channels.get(key)
    if known is not None:
        return known
    for actor, entry in actors.items():
        if folded(entry.name) == key:
            return actor_origin(actor, actors)
    return Origin(id=f"channel:{key}", name=name) if key else UNKNOWN


def _owner(item: Item, feed: Feed | None) -> str:
    return (feed.owner or feed.feed_id) if feed is not None else item.source


def _country(actor: str, actors: Mapping[str, Voice]) -> str:
    entry = actors.get(actor)
    return _state(_word(entry, "controlled_by") or _word(entry, "country"), actors)


def _state(holder: str, actors: Mapping[str, Voice]) -> str:
    """The state behind whoever controls a voice: a ministry's medium is its state's."""
    for _ in range(4):
        entry = actors.get(holder)
        above = _word(entry, "controlled_by") or _word(entry, "country")
        if not above or above == holder:
            return holder
        holder = above
    return holder


def _word(entry: object, attribute: str) -> str:
    value = getattr(entry, attribute, None)
    return str(value) if value else ""
