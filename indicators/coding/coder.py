"""From an item to its signals: what a text says happened, who says so, where, when, how many, and whether it counts."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from feeds.model import Feed, Item
from indicators.catalogue import Catalogue
from indicators.catalogue.words import Span, Words, words_of
from indicators.coding.assertion import RECALLED_AFTER, Put, Statement, decide
from indicators.coding.attribution import Voice, own_voice, subject_of, voice_of
from indicators.coding.cues import Cues, Found, Kind
from indicators.coding.dating import occurred, own_days
from indicators.coding.direction import (
    BY_BORDER,
    MOVING,
    NamedActor,
    NamedPlace,
    Names,
    direction_of,
    foreign_force,
    names_in,
    with_roles,
    without_speaker,
)
from indicators.coding.families import BUILT, FORCES, JUDGEMENTS, LEAVING, SAYINGS, SPOKEN, SUPERSEDES, UNITS
from indicators.coding.folding import Folded, fold
from indicators.coding.glance import Gate, Sight
from indicators.coding.ground import Ground
from indicators.coding.happenings import ranked
from indicators.coding.languages import Tongues
from indicators.coding.matching import Hit, Matcher
from indicators.coding.occurrence import When, days_in
from indicators.coding.quantities import Counted, Number, choose, numbers_in, quantities_in
from indicators.coding.sentences import Stretch, split
from indicators.model.actor import Actor, Attribution, AttributionKind
from indicators.model.place import PlaceMention, PlaceRole
from indicators.model.signal import Assertion, Direction, Evidence, Quantity, Signal

# How many sentences back a text's own context reaches when a sentence names no place.
_CONTEXT = 3
_REPEATS = 2
# Fewer than this is no force; its number stands no farther behind its noun.
_LEAST_FORCE = 300
_FORCE_REACH = 10
# A text of no more sentences than this is about one matter.
_SHORT = 8
# A post of no more sentences than this has one source, where it names one.
_POST = 4
# A heading of a roundup is short, and a list has at least so many commas.
_LONGEST_HEADING = 60
_LIST = 2
# A sentence of no more words than this may only go on with the one before it.
_GOES_ON = 14
Whither = tuple[Direction, str, tuple[NamedPlace, ...]]
"""Which way, what says so, and the places it goes to."""
_CLAUSE = re.compile("[:,](?= )")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an item with everything found in it that is not about any problem."""

    number: int
    stretch: Stretch
    original: str
    words: Words
    langs: tuple[str, ...]
    found: Found
    names: Names
    furniture: str
    """Why it reports nothing, or empty."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule found in a sentence, and what was made of it."""

    sentence: Sentence
    hit: Hit
    put: Put | None = None
    inside: bool = False
    place_reason: str = ""
    signal: Signal | None = None
    dropped: str = ""
    """Why no signal of its own came of it, or empty."""


@dataclass(slots=True)
class _Context:
    """What a text has said so far that a later sentence leans on."""

    voice: Attribution | None = None
    voice_line: int = -1
    home: list[int] = field(default_factory=list)
    """Numbers of the sentences that name the problem's ground."""


class Coder:
    """A catalogue made ready to read items."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.cues = {code: Cues(language) for code, language in catalogue.languages.items()}
        self.tongues = Tongues(self.cues)
        self.gate = Gate(catalogue.lexicon, (term for cues in self.cues.values() for term in cues.numbers))
        self.matcher = Matcher(catalogue.lexicon)
        self.zone = ZoneInfo(catalogue.problem.timezone)
        self.abbreviations = frozenset[str]().union(*(cues.abbreviations for cues in self.cues.values()))
        self.ground = Ground(catalogue)

    # --- the quick look ------------------------------------------------------------------------

    def code(self, item: Item, feed: Feed | None = None) -> list[Signal]:
        """The signals of an item, in the order of its text."""
        return ranked([one.signal for one in self.candidates(item, feed) if one.signal is not None], self.catalogue)

    def candidates(self, item: Item, feed: Feed | None = None) -> list[Candidate]:
        """Every rule found anywhere in an item, with what was made of it and why."""
        if not self.tongues.declared(item.lang):
            return []
        count, seen = self.gate.look(item.title, item.text)
        if not seen:
            return []
        body = item.body
        folded = fold(body)
        whole = words_of(folded.text)
        if len(whole) != count:
            seen = self.gate.look_at(whole.words)
        return self._candidates(item, body, folded, whole, seen, feed) if seen else []

    def spoken(self, item: Item) -> tuple[str, ...]:
        """The languages an item would be read in; none where the catalogue lacks its language."""
        return self.tongues.spoken(fold(item.body).text[:2000], item.lang) if self.tongues.declared(item.lang) else ()

    # --- the close look ------------------------------------------------------------------------

    def _candidates(
        self,
        item: Item,
        body: str,
        folded: Folded,
        whole: Words,
        seen: Sequence[Sight],
        feed: Feed | None,
    ) -> list[Candidate]:
        lang = item.lang if len(self.tongues.declared(item.lang)) == 1 else f"?{self.tongues.guess(folded.text)}"
        shown = body if folded.origin is None else "".join(body[at] for at in folded.origin[:-1])
        stretches = list(self._clauses(split(shown, self.abbreviations), folded.text))
        starts = whole.starts
        ready = {}
        repeats: Counter[str] = Counter()
        for number, stretch in enumerate(stretches):
            first, last = bisect_left(starts, stretch.start), bisect_left(starts, stretch.end)
            rules = [self.catalogue.lexicon.rules[one] for one in self.gate.ready(seen, first, last)]
            if not rules:
                continue
            # A heading may stand again as the first sentence; what a text says a third time says nothing new.
            said = folded.text[stretch.start : stretch.end]
            repeats[said] += 1
            if repeats[said] <= _REPEATS:
                ready[number] = rules
        if not ready:
            return []
        hits: dict[int, list[Hit]] = {}
        parsed: dict[int, tuple[tuple[str, ...], Words, Found]] = {}
        for number, rules in ready.items():
            stretch = stretches[number]
            langs = self.tongues.spoken(folded.text[stretch.start : stretch.end], lang)
            chosen = frozenset(langs)
            readable = [rule for rule in rules if rule.lang in chosen]
            if not readable:
                continue
            words = whole.part(stretch.start, stretch.end)
            numbers: list[Span] = []
            if any(rule.numbered for rule in readable):
                found = self._cues_in(langs, words)
                parsed[number] = (langs, words, found)
                numbers = [(one.first, one.last) for one in numbers_in(folded.text, words, found)]
            found_here = list(self.matcher.hits(readable, words, numbers, chosen))
            if found_here:
                hits[number] = found_here
        if not hits:
            return []
        home = frozenset(self.catalogue.problem.area.countries) if self._speaks_of_home(item, feed) else frozenset()
        home_countries = self.catalogue.problem.area.countries
        own, _ = own_voice(item, feed, self.catalogue)
        speaker = self.catalogue.actors.get(own.actor or "") if own is not None else None
        speaks = speaker.country if speaker is not None else None
        at_home = self.ground.from_home(feed) or lang.lstrip("?") in self.catalogue.problem.area.languages
        if speaks is None and at_home and len(home_countries) == 1:
            speaks = next(iter(home_countries))
        sentences = self._sentences(lang, shown, folded.text, whole, stretches, parsed, hits, home, speaks)
        return self._judge(item, feed, body, folded, sentences, hits)

    def _clauses(self, stretches: Sequence[Stretch], text: str) -> Iterator[Stretch]:
        """The sentences, a roundup's ("Summary of the day: ..., ..., ...") parted into its clauses."""
        for stretch in stretches:
            colon = text.find(":", stretch.start, min(stretch.end, stretch.start + _LONGEST_HEADING))
            if colon < 0 or text.count(",", colon, stretch.end) < _LIST:
                yield stretch
                continue
            heading = words_of(text, stretch.start, colon)
            if not any(cues.find(heading).get(("cue", "roundup")) for cues in self.cues.values()):
                yield stretch
                continue
            begun = stretch.start
            for mark in _CLAUSE.finditer(text, colon, stretch.end):
                if mark.end() < stretch.end:
                    yield Stretch(begun, mark.end(), stretch.line)
                    begun = mark.end() + 1
            yield Stretch(begun, stretch.end, stretch.line)

    def _parse(self, text: str, whole: Words, stretch: Stretch, lang: str) -> tuple[tuple[str, ...], Words, Found]:
        langs = self.tongues.spoken(text[stretch.start : stretch.end], lang)
        words = whole.part(stretch.start, stretch.end)
        return langs, words, self._cues_in(langs, words)

    def _cues_in(self, langs: Sequence[str], words: Words) -> Found:
        """The languages' own words in a sentence."""
        if len(langs) == 1:
            return self.cues[langs[0]].find(words)
        found: dict[Kind, list[Span]] = {}
        for code in langs:
            for kind, places in self.cues[code].find(words).items():
                found[kind] = sorted({*found[kind], *places}) if kind in found else places
        return found

    def _sentences(
        self,
        lang: str,
        shown: str,
        text: str,
        whole: Words,
        stretches: Sequence[Stretch],
        parsed: dict[int, tuple[tuple[str, ...], Words, Found]],
        hits: Mapping[int, Sequence[Hit]],
        home: frozenset[str],
        speaks: str | None,
    ) -> list[Sentence]:
        sentences: list[Sentence] = []
        spelt: dict[int, list[tuple[int, int, int]]] = {}
        over = ""
        lines: dict[int, str] = {}
        for number in range(max(hits) + 2):
            if number >= len(stretches):
                break
            stretch = stretches[number]
            langs, words, found = parsed.get(number) or self._parse(text, whole, stretch, lang)
            original = shown[stretch.start : stretch.end]
            named = self.catalogue.names.find(_spelt(words.words), words.joined)
            names = names_in(
                named, original, words, stretch.start, self.catalogue, frozenset(langs), found, frozenset(), speaks
            )
            if number in hits:
                spelt[number] = named
            after = found.get(("page", "furniture_after"))
            if after and len(words) <= 6 and number > 2:
                over = f"it stands after {' '.join(words.words[slice(*after[0])])!r}"
            why = over or _furniture(words, found)
            for first, last in found.get(("page", "caption"), ()):
                lines.setdefault(stretch.line, f"{' '.join(words.words[first:last])!r} marks a picture's caption")
            sentences.append(Sentence(number, stretch, original, words, langs, found, names, why))
        lengths: dict[int, int] = {}
        for sentence in sentences:
            lengths[sentence.stretch.line] = lengths.get(sentence.stretch.line, 0) + len(sentence.words)
        mentioned = home.union(*(sentence.names.countries() for sentence in sentences))
        finished = []
        for sentence in sentences:
            why = sentence.furniture
            if not why and sentence.stretch.line in lines and lengths[sentence.stretch.line] <= 35:
                why = lines[sentence.stretch.line]
            names = sentence.names
            if sentence.number in hits:
                names = names_in(
                    spelt[sentence.number],
                    sentence.original,
                    sentence.words,
                    sentence.stretch.start,
                    self.catalogue,
                    frozenset(sentence.langs),
                    sentence.found,
                    mentioned,
                    speaks,
                )
            same = names is sentence.names and why == sentence.furniture
            finished.append(sentence if same else replace(sentence, names=names, furniture=why))
        return finished

    def _judge(
        self,
        item: Item,
        feed: Feed | None,
        body: str,
        folded: Folded,
        sentences: Sequence[Sentence],
        hits: Mapping[int, Sequence[Hit]],
    ) -> list[Candidate]:
        published = item.published_at.astimezone(_zone(feed, self.zone)).date()
        own, own_how = own_voice(item, feed, self.catalogue)
        context = _Context()
        home_item = own is not None and own.actor in self.catalogue.problem.area.actors
        candidates: list[Candidate] = []
        abroad = any(self.ground.abroad(sentence.names) for sentence in sentences)
        # A text that names the area and no other ground is about the area, wherever in it the name stands.
        local = not abroad and (
            self.ground.from_home(feed)
            or any(code in self.catalogue.problem.area.languages for one in sentences[:1] for code in one.langs[:1])
            or (len(sentences) <= _SHORT and any(self.ground.names_home(sentence.names) for sentence in sentences))
        )
        voices = self._voices(sentences, hits, context)
        heading = 0 if item.title else -1
        headed = _heading_day(sentences, hits, folded.text, published)
        to_and_fro = next(
            (
                " ".join(sentence.words.words[first:last])
                for sentence in sentences
                for first, last in sentence.found.get(("role", "there_and_back"), ())
            ),
            "",
        )
        opinion = _opinion(sentences[0]) if sentences else ""
        for sentence in sentences:
            if self.ground.names_home(sentence.names):
                context.home.append(sentence.number)
            voice, how, telling = voices.get(sentence.number, (None, "", None))
            rows = [_uncancelled(hit, telling) for hit in hits.get(sentence.number, ())]
            if not rows:
                continue
            days = days_in(folded.text, sentence.original, sentence.words, sentence.found, published) or headed
            statement = Statement(
                text=folded.text,
                original=sentence.original,
                words=sentence.words,
                found=sentence.found,
                days=days,
                published=published,
                heading=sentence.number == heading,
            )
            numbers = numbers_in(folded.text, sentence.words, sentence.found)
            counted = quantities_in(sentence.words, numbers, sentence.found)
            best: dict[tuple[str, str | None], Hit] = {}
            rows = _without_routine(rows)
            for hit in rows:
                if hit.cancelled_by is None:
                    key = hit.rule.family, hit.rule.indicator
                    if key not in best or hit.rank > best[key].rank:
                        best[key] = hit
            near_home = (
                home_item
                or local
                or (bool(context.home) and (context.home[-1] >= sentence.number - _CONTEXT or context.home[0] == 0))
            )
            made: list[Candidate] = []
            whither = self._whither(sentence, sentences, hits)
            for hit in rows:
                if hit.cancelled_by is not None:
                    candidates.append(Candidate(sentence, hit, dropped=f"cancelled by {hit.cancelled_by!r}"))
                    continue
                if best[hit.rule.family, hit.rule.indicator] is not hit:
                    candidates.append(
                        Candidate(
                            sentence, hit, dropped=f"{best[hit.rule.family, hit.rule.indicator].rule.id} says more here"
                        )
                    )
                    continue
                voice, how, telling = self._credited(sentence, hit, voices, heading)
                if voice is None and own is not None:
                    voice, how = own, own_how
                made.append(
                    self._signal(
                        item,
                        body,
                        folded,
                        sentence,
                        hit,
                        statement,
                        days,
                        counted,
                        voice,
                        how,
                        telling.own if telling is not None else (0, 0),
                        [other for other in best.values() if other.rule.family != hit.rule.family],
                        to_and_fro,
                        opinion,
                        near_home,
                        whither,
                        published,
                    )
                )
            made = _without_superseded(made) + self._denials(made)
            candidates += made
        return candidates

    @staticmethod
    def _credited(
        sentence: Sentence,
        hit: Hit,
        voices: Mapping[int, tuple[Attribution | None, str, Voice | None]],
        heading: int,
    ) -> tuple[Attribution | None, str, Voice | None]:
        """Whose word a find is: its sentence's voice; of a deed that is a saying, whoever does it."""
        voice, how, telling = voices.get(sentence.number, (None, "", None))
        if telling is not None and not telling.tail and hit.end <= telling.span[0]:
            voice, how, telling = None, "", None
        if hit.rule.family in SAYINGS and (voice is None or voice.kind is AttributionKind.MEDIA):
            begun, span = sentence.stretch.start, (hit.start, hit.end)
            doer = subject_of(sentence.original, begun, sentence.words, sentence.found, sentence.names, span)
            if doer is not None:
                voice, how = doer.attribution, doer.how
        if voice is None and sentence.number == heading:
            voice, how = _below(voices)
        return voice, how, telling

    def _denials(self, made: Sequence[Candidate]) -> list[Candidate]:
        """A denied thing gives one signal more: the denial, which counts in its own series and only there."""
        serving = self.catalogue.families.get("denial", ())
        if not serving or any(one.hit.rule.family == "denial" for one in made):
            return []
        for one in made:
            if one.signal is not None and one.signal.assertion is Assertion.DENIED:
                counts = one.inside and not one.sentence.furniture
                signal = replace(
                    one.signal,
                    family="denial",
                    indicator=serving[0],
                    weight=self.catalogue.weight(serving[0]),
                    assertion=Assertion.HAPPENED,
                    direction=Direction.NONE,
                    quantity=None,
                    counted=counts,
                    why=f"denial of {one.signal.family}: {one.put.because if one.put else ''}; {one.place_reason}",
                )
                return [replace(one, signal=signal)]
        return []

    def _voices(
        self, sentences: Sequence[Sentence], hits: Mapping[int, Sequence[Hit]], context: _Context
    ) -> dict[int, tuple[Attribution | None, str, Voice | None]]:
        """For each sentence, its voice and how that was told; a named voice carries through its report."""
        voices: dict[int, tuple[Attribution | None, str, Voice | None]] = {}
        for sentence in sentences:
            voice: Voice | None = None
            if not sentence.furniture:
                voice = voice_of(
                    sentence.original,
                    sentence.stretch.start,
                    sentence.words,
                    sentence.found,
                    sentence.names,
                    told=frozenset[int]().union(*(hit.words for hit in hits.get(sentence.number, ()))),
                )
            quoted = sentence.original[:1] in '"\u201c\u00ab\u201e'
            if voice is not None and voice.attribution is not None:
                named = voice.attribution
                # "The monitor said" after a name is the same voice.
                if (
                    named.actor is None
                    and context.voice is not None
                    and context.voice.actor is not None
                    and named.kind is context.voice.kind is AttributionKind.INDEPENDENT_MONITOR
                ):
                    named = context.voice
                voices[sentence.number] = (named, voice.how, voice)
                context.voice, context.voice_line = named, sentence.stretch.line
                previous = sentence.number - 1
                if voice.of_previous and previous in hits and voices.get(previous, (None, "", None))[0] is None:
                    voices[previous] = (named, f"credited by the sentence after it, {voice.how}", None)
            elif voice is not None and voice.before and context.voice is not None:
                voices[sentence.number] = (context.voice, voice.how, None)
                context.voice_line = sentence.stretch.line
            elif context.voice is not None and (quoted or sentence.stretch.line == context.voice_line):
                voices[sentence.number] = (context.voice, "the report goes on", None)
                context.voice_line = sentence.stretch.line
        if len(sentences) <= _POST:
            self._credit_post(sentences, voices)
        return voices

    def _credit_post(
        self, sentences: Sequence[Sentence], voices: dict[int, tuple[Attribution | None, str, Voice | None]]
    ) -> None:
        """A post of few sentences that names one source, and that behind its news, has all of it from there."""
        named = [(number, row) for number, row in voices.items() if row[0] is not None]
        if len({row[0].actor for _, row in named if row[0] is not None}) != 1:
            return
        first, (voice, how, telling) = named[0]
        if voice is None or telling is None or voice.actor is None:
            return
        if not telling.referred and self.catalogue.actors[voice.actor].kind not in ("monitor", "outlet", "agency"):
            return
        for sentence in sentences:
            if sentence.number < first and not sentence.furniture:
                voices[sentence.number] = (voice, f"credited by a sentence after it, {how}", None)

    def _speaks_of_home(self, item: Item, feed: Feed | None) -> bool:
        """Whether an item's own voice is one of the problem's actors."""
        own, _ = own_voice(item, feed, self.catalogue)
        return own is not None and own.actor in self.catalogue.problem.area.actors

    def _direction(
        self, sentence: Sentence, names: Names, span: Span, to_and_fro: str, family: str, whither: Whither | None
    ) -> tuple[Direction, str]:
        """Which way it goes; of what goes there and back, only a way back that says whither tells."""
        if not to_and_fro:
            direction, why = direction_of(names, sentence.words, sentence.found, self.catalogue, span)
            if direction is Direction.NONE and family in LEAVING:
                return Direction.AWAY, "what withdraws goes away"
            if direction is Direction.NONE and whither is not None:
                return whither[0], whither[1]
            return direction, why
        both = sentence.found.get(("role", "there_and_back"), ())
        back = [
            one
            for one in sentence.found.get(("role", "away"), ())
            if not any(first < one[1] and one[0] < last for first, last in both)
        ]
        plain = {**sentence.found, ("role", "away"): back, ("role", "toward"): ()}
        direction, why = direction_of(names, sentence.words, plain, self.catalogue, span)
        told = why == BY_BORDER or any(
            one.role is PlaceRole.TO and any(first < one.span[0] for first, _ in back) for one in names.places
        )
        if direction is Direction.AWAY and told:
            return direction, why
        return Direction.NONE, f"{to_and_fro!r} says it goes there and back"

    def _disowns(self, voice: Attribution | None) -> bool:
        """Whether a voice is of those whose deeds the problem watches: their "no" denies what another's only finds."""
        area = self.catalogue.problem.area
        actor = self.catalogue.actors.get(voice.actor or "") if voice is not None else None
        return (
            actor is not None
            and actor.kind in ("leader", "official", "ministry")
            and actor.attribution is AttributionKind.OFFICIAL
            and actor.country in (area.forces or area.countries)
        )

    def _whither(
        self, sentence: Sentence, sentences: Sequence[Sentence], hits: Mapping[int, Sequence[Hit]]
    ) -> Whither | None:
        """Which way it goes by the next sentence of a post, where that only goes on: "They were heading for ..."."""
        at = sentence.number + 1
        if len(sentences) > _POST or at >= len(sentences) or hits.get(at):
            return None
        following = sentences[at]
        if following.furniture or not 0 < len(following.words) <= _GOES_ON:
            return None
        cues = self.cues.get(following.langs[0]) if following.langs else None
        if cues is None or not self.ground.tells_way(following.names, following.found):
            return None
        home = self.catalogue.problem.area.countries
        names = with_roles(following.names, following.words, following.found, cues, moving=True, home=home)
        direction, why = direction_of(
            names, following.words, following.found, self.catalogue, (0, len(following.words))
        )
        if direction is Direction.NONE:
            return None
        places = tuple(one for one in names.places if one.role is PlaceRole.TO)
        return direction, f"{why}, in the sentence after it", places

    def _elsewhere(self, sentence: Sentence, statement: Statement) -> str:
        """The word of sport or show business in a sentence, or empty."""
        for first, last in sentence.found.get(("cue", "elsewhere"), ()):
            return " ".join(statement.words.words[first:last])
        return ""

    def _signal(
        self,
        item: Item,
        body: str,
        folded: Folded,
        sentence: Sentence,
        hit: Hit,
        statement: Statement,
        days: Sequence[When],
        counted: Sequence[Counted],
        voice: Attribution | None,
        voice_how: str,
        speaker: Span,
        others: Sequence[Hit],
        to_and_fro: str,
        opinion: str,
        near_home: bool,
        whither: Whither | None,
        published: date,
    ) -> Candidate:
        rule = hit.rule
        span = (hit.start, hit.end)
        moving = rule.family in MOVING
        names = with_roles(
            sentence.names,
            sentence.words,
            sentence.found,
            self.cues[rule.lang],
            moving=moving,
            home=self.catalogue.problem.area.countries,
        )
        foreign_words = _of_others(hit, others, sentence.words, sentence.found)
        places = tuple(named for named in names.places if named.span[0] not in foreign_words)
        # A judgement is of what it judges: another clause's place is none of its own.
        names = replace(names, places=places or (() if rule.family in JUDGEMENTS else names.places))
        counted = [one for one in counted if one.first not in foreign_words]
        about = without_speaker(names, speaker)
        if rule.family not in SPOKEN:
            names = replace(names, places=about.places)
        put = decide(
            replace(statement, days=own_days(days, hit, sentence.words, sentence.found)),
            hit.words,
            rule.family,
            rule.assertion,
        )
        unsaid = rule.family not in SPOKEN | LEAVING and not any(one.rule.family in SAYINGS for one in others)
        if put.assertion is Assertion.NEGATED and unsaid and self._disowns(voice):
            put = replace(put, assertion=Assertion.DENIED, because=f"{put.because}, and those who would do it say so")
        inside, place_reason = self.ground.inside(
            replace(names, places=about.places) if rule.family in SPOKEN else about,
            sentence.found,
            rule.family,
            near_home,
            voice,
        )
        if not inside and not about.places:
            # Its own clause names no place at all: a place of the area in another clause of the sentence tells.
            whole = next((one.place for one in sentence.names.places if self.ground.is_home(one.place)), None)
            if whole is not None and rule.family not in JUDGEMENTS:
                inside, place_reason = True, f"the sentence names {whole.name}"
        if not inside and (there := self.ground.also_there(about, rule.family, span[0])):
            inside, place_reason = True, f"{rule.indicator} counts in {there} too"
        forces = self.catalogue.problem.area.forces
        if inside and forces and rule.family in FORCES:
            foreign = foreign_force(about, sentence.found, span, forces, self.catalogue.problem.area.countries)
            if foreign is not None:
                inside, place_reason = False, f"it tells of {foreign} forces, which the problem does not watch"
        direction, direction_why = (
            self._direction(sentence, names, span, to_and_fro, rule.family, whither) if moving else (Direction.NONE, "")
        )
        if whither is not None and direction_why == whither[1]:
            known = {(one.place.id, one.role) for one in names.places}
            told = (one for one in whither[2] if (one.place.id, one.role) not in known)
            names = replace(names, places=(*names.places, *told))
        if rule.family in JUDGEMENTS:
            # A judgement is as old as its telling; a day named in another clause is of another matter.
            days = [
                when
                for when in days
                if all(
                    sentence.words.joined[at]
                    for at in range(min(when.span[0], span[0]) + 1, max(when.span[1], span[1]))
                )
            ]
        days = own_days(days, hit, sentence.words, sentence.found)
        first, last, day_why = occurred(days, span, put, published)
        quantity = choose(counted, span, UNITS.get(rule.family, ()))
        if quantity is None and rule.family == "force_size":
            quantity = _size(numbers_in(folded.text, sentence.words, sentence.found), span)
        # A force is sized by a number; talk of numbers without one sizes nothing.
        unsized = rule.family == "force_size" and quantity is None
        elsewhere = self._elsewhere(sentence, statement)
        counts = put.assertion.countable and inside and not sentence.furniture and not unsized and not elsewhere
        counts = counts and not rule.routine
        nearer = rule.family == "withdrawal" and direction is Direction.TOWARD
        counts = counts and not nearer and not opinion
        start, end = folded.span(sentence.stretch.start, sentence.stretch.end)
        evidence = Evidence(item_id=item.item_id, start=start, end=end, quote=body[start:end])
        taken = " … ".join(_quoted(sentence, one) for one in _runs(hit.taken))
        reasons = [
            f"{rule.id} finds {taken!r}",
            f"{put.assertion}: {put.because}",
            place_reason,
            day_why,
            f"{direction}: {direction_why}" if direction_why else "",
            f"credited to {voice.name} ({voice_how})" if voice else "",
            f"not counted: {sentence.furniture}" if sentence.furniture else "",
            "not counted: no number is given" if unsized else "",
            f"not counted: {rule.routine}" if rule.routine else "",
            "not counted: what goes toward the border is not withdrawn" if nearer else "",
            f"not counted: {opinion!r} marks it as opinion, not report" if opinion else "",
            f"not counted: {elsewhere!r} is of sport or show business" if elsewhere else "",
        ]
        signal = Signal(
            item_id=item.item_id,
            source=item.source,
            indicator=rule.indicator,
            family=rule.family,
            weight=self.catalogue.weight(rule.indicator),
            evidence=evidence,
            actors=_actors(names.actors),
            places=_places(names.places, self.catalogue),
            quantity=quantity,
            direction=direction,
            assertion=put.assertion,
            attribution=voice,
            occurred_on=(first, last),
            counted=counts,
            why="; ".join(reason for reason in reasons if reason),
            rule=rule.id,
            published_at=item.published_at,
            known_at=item.known_at,
            catalogue_version=self.catalogue.version,
        )
        return Candidate(sentence, hit, put, inside, place_reason, signal)


@lru_cache(maxsize=8)
def coder(catalogue: Catalogue) -> Coder:
    """The coder of a catalogue, made once."""
    return Coder(catalogue)


def code(item: Item, catalogue: Catalogue, *, feed: Feed | None = None) -> list[Signal]:
    """The signals of an item, in the order of its text: one for each indicator and happening."""
    return coder(catalogue).code(item, feed)


def languages_of(item: Item, catalogue: Catalogue) -> tuple[str, ...]:
    """The languages an item would be read in; none where the catalogue holds no wording in its language."""
    return coder(catalogue).spoken(item)


def _spelt(words: Sequence[str]) -> Sequence[str]:
    """The words as names are written: the short sound that a name begins with behind a vowel is the full one."""
    if not any(word[0] == "\u045e" for word in words):
        return words
    return [f"\u0443{word[1:]}" if word[0] == "\u045e" else word for word in words]


def _without_superseded(made: Sequence[Candidate]) -> list[Candidate]:
    """The candidates of a sentence with those dropped that a more telling one of the same words replaces."""
    kept = []
    for one in made:
        over = next(
            (
                other
                for other in made
                if one.hit.rule.family in SUPERSEDES.get(other.hit.rule.family, ())
                and (one.hit.words & other.hit.words or _one_clause(one, other))
            ),
            None,
        )
        kept.append(
            replace(one, signal=None, dropped=f"{over.hit.rule.family} ({over.hit.rule.id}) says more here")
            if over
            else one
        )
    return kept


def _without_routine(rows: Sequence[Hit]) -> list[Hit]:
    """The finds without those whose words a rule for the routine of every day takes."""
    routine = [hit for hit in rows if hit.rule.routine and hit.cancelled_by is None]
    return [
        hit
        for hit in rows
        if hit.rule.routine or not any(hit.rule.family == one.rule.family and hit.words & one.words for one in routine)
    ]


def _of_others(hit: Hit, others: Sequence[Hit], words: Words, found: Found) -> frozenset[int]:
    """The words of a sentence that are of another happening's clause."""
    conjunctions = {first for first, _ in found.get(("cue", "and"), ())}
    foreign: set[int] = set()
    for other in others:
        if other.words & hit.words or not (other.end <= hit.start or hit.end <= other.start):
            continue
        one, two = sorted((hit, other), key=lambda row: row.start)
        edges = [at for at in range(one.end, two.start + 1) if not words.joined[at] or at in conjunctions]
        if edges:
            foreign |= set(range(edges[-1], len(words)) if one is hit else range(edges[-1]))
    return frozenset(foreign)


def _size(numbers: Sequence[Number], span: Span) -> Quantity | None:
    """The number of troops where the noun stands apart: "the number of troops has reached 10,000"."""
    for number in numbers:
        if number.low >= _LEAST_FORCE and span[0] <= number.first <= span[1] + _FORCE_REACH:
            return Quantity(low=number.low, high=number.high, unit="troops", approximate=number.approximate)
    return None


def _below(voices: Mapping[int, tuple[Attribution | None, str, Voice | None]]) -> tuple[Attribution | None, str]:
    """The voice a heading without one speaks with: the actor that the text's first sentence names."""
    voice, how, telling = voices.get(1, (None, "", None))
    if voice is None or telling is None or voice.actor is None:
        return None, ""
    return voice, f"the text under the heading, {how}"


def _one_clause(one: Candidate, other: Candidate) -> bool:
    """Whether a leaving and a move stand in one unbroken clause: they are one movement."""
    first, last = min(one.hit.start, other.hit.start), max(one.hit.end, other.hit.end)
    if other.hit.rule.family in BUILT:
        apart = max(one.hit.start, other.hit.start) - min(one.hit.end, other.hit.end)
        return apart <= 1 and all(one.sentence.words.joined[first + 1 : last])
    return other.hit.rule.family in LEAVING and all(one.sentence.words.joined[first + 1 : last])


def _heading_day(
    sentences: Sequence[Sentence], hits: Mapping[int, Sequence[Hit]], text: str, published: date
) -> list[When]:
    """The day in the heading of a roundup ("Summary for 19 December:"), for those of its sentences that name none."""
    for sentence in sentences[:2]:
        if sentence.number in hits or len(sentence.words) > 12 or not sentence.original.rstrip().endswith(":"):
            continue
        days = days_in(text, sentence.original, sentence.words, sentence.found, published)
        if len(days) == 1 and days[0].rule not in ("month",) and published - days[0].last <= RECALLED_AFTER:
            return [replace(days[0], span=(0, 0), rule=f"the heading, {days[0].rule}")]
    return []


def _uncancelled(hit: Hit, voice: Voice | None) -> Hit:
    """The hit, no longer cancelled where the cancelling words only name who says it: "the General Staff of Ukraine"."""
    if hit.cancelled_by is None or voice is None:
        return hit
    inside = voice.speaker[0] <= hit.cancelled_at[0] and hit.cancelled_at[1] <= voice.speaker[1]
    return Hit(hit.rule, hit.taken) if inside else hit


def _zone(feed: Feed | None, default: ZoneInfo) -> ZoneInfo:
    if feed is None or not feed.timezone:
        return default
    return ZoneInfo(feed.timezone)


def _furniture(words: Words, found: Found) -> str:
    """Why a sentence is part of the page and not of the report, or empty."""
    for first, last in found.get(("page", "furniture"), ()):
        if last - first > 1 or first == 0 or len(words) <= 8:
            return f"{' '.join(words.words[first:last])!r} marks a part of the page, not of the report"
    return ""


def _opinion(first: Sentence) -> str:
    """The word that marks a text as somebody's view, where it stands apart at the head of it, or closes the heading."""
    words = first.words
    for begun, ended in first.found.get(("cue", "opinion"), ()):
        opens = begun == 0 and ended < len(words) and not words.joined[ended]
        closes = begun > 0 and ended == len(words) and not words.joined[begun]
        if opens or closes or (begun == 0 and ended == len(words)):
            return " ".join(words.words[begun:ended])
    return ""


def _quoted(sentence: Sentence, span: Span) -> str:
    begun = sentence.words.starts[span[0]] - sentence.stretch.start
    ended = sentence.words.ends[span[1] - 1] - sentence.stretch.start
    return sentence.original[begun:ended]


def _runs(taken: Sequence[Span]) -> list[Span]:
    """Adjacent spans as one."""
    runs: list[Span] = []
    for start, end in sorted(taken):
        if runs and start <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


def _actors(named: Sequence[NamedActor]) -> tuple[Actor, ...]:
    """Each actor once, those named by noun before those by adjective."""
    rows = sorted(named, key=lambda one: (one.adjective, one.span))
    return tuple({one.actor.id: one.actor.actor for one in rows}.values())


def _places(named: Sequence[NamedPlace], catalogue: Catalogue) -> tuple[PlaceMention, ...]:
    """Each place and role once: places of the area first, towns and grounds before regions and countries."""
    area = catalogue.problem.area

    def order(one: NamedPlace) -> tuple[bool, bool, bool, int]:
        place = one.place
        return (
            not (place.country in area.countries or place.id in area.places),
            place.kind == "country",
            place.kind in ("border", "region", "oblast"),
            one.span[0],
        )

    # A foreign country that is only named tells nobody where; it stays where something comes from it or goes to it.
    telling = [
        one
        for one in named
        if one.place.kind != "country" or one.place.country in area.countries or one.role is not PlaceRole.AT
    ]
    rows = sorted(telling, key=order)
    return tuple({(one.place.id, one.role): one.mention for one in rows}.values())
