"""Reading a catalogue from its folder: everything right at once, or every problem at once."""

from __future__ import annotations

import gc
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from indicators.catalogue.actors import KnownActor, read_actor
from indicators.catalogue.gazetteer import Border, Gazetteer
from indicators.catalogue.knowledge import (
    FAMILIES,
    LANGUAGES,
    Area,
    Catalogue,
    Clause,
    Indicator,
    Language,
    Problem,
    Toward,
)
from indicators.catalogue.lexicon import Lexicon, Rule, read_classes
from indicators.catalogue.problems import CatalogueProblem, CatalogueProblems
from indicators.catalogue.schema import (
    ActorsFile,
    BorderPart,
    ClausePart,
    Door,
    GazetteerFile,
    IndicatorPart,
    IndicatorsFile,
    LanguageFile,
    LexiconFile,
    PlacePart,
    ProblemFile,
)
from indicators.catalogue.words import Endings, PatternError, Term, TermIndex, compile_pattern, parse_term
from indicators.catalogue.yamlfile import YamlFile
from indicators.model.level import Thresholds
from indicators.model.place import Place
from indicators.model.signal import Weight

# Groups whose indicators are words and not deeds; a level above the third is never reached on them alone.
_RHETORIC_CODES = ("P1", "P2", "P3", "P4")
Shape = TypeVar("Shape", bound=Door)


def load(data_folder: Path | str, *, problem: str | None = None, overlay: Path | str | None = None) -> Catalogue:
    """The catalogue of `problem` under `data_folder`, with an overlay folder's files over it; or CatalogueProblems.

    Without a problem's name it is the first that lies under `problems/`; most installations have one.
    """
    root = Path(data_folder)
    reader = _Reader(root, Path(overlay) if overlay is not None else None, problem or next(iter(_problems(root)), ""))
    # A hundred thousand small things are made and kept; collecting garbage between them takes a third of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        catalogue = reader.read()
    finally:
        if collecting:
            gc.enable()
    if reader.problems or catalogue is None:
        raise CatalogueProblems(reader.problems)
    return catalogue


def check(
    data_folder: Path | str, *, problem: str | None = None, overlay: Path | str | None = None
) -> list[CatalogueProblem]:
    """Every problem of every catalogue under a folder, or of one; none when all is well."""
    root = Path(data_folder)
    if (root / "problem.yaml").is_file():
        root, problem = root.resolve().parent.parent, root.resolve().name
    names = [problem] if problem else _problems(root)
    if not names:
        return [
            CatalogueProblem(
                file=str(root),
                line=1,
                key="(folder)",
                message="no problem lies here",
                remedy="name the folder that holds problems/",
            )
        ]
    found: set[CatalogueProblem] = set()
    for name in names:
        reader = _Reader(root, Path(overlay) if overlay is not None else None, name)
        reader.read()
        found.update(reader.problems)
        found.update(_failing_examples(reader.lexicon, reader.number_words))
    return sorted(found)


def _problems(root: Path) -> list[str]:
    """The ids of the problems that lie under a data folder."""
    return sorted(path.parent.name for path in (root / "problems").glob("*/problem.yaml"))


def _failing_examples(lexicon: Lexicon, number_words: Mapping[str, TermIndex]) -> Iterator[CatalogueProblem]:
    """Every example that its own rule gets wrong."""
    for rule, lang, text, wanted in lexicon.examples():
        if lexicon.finds(rule, text, number_words.get(lang)) is not wanted:
            yield CatalogueProblem(
                file=rule.file,
                line=rule.line,
                key="matches" if wanted else "not_matches",
                message=f"the rule {rule.source!r} {'does not find' if wanted else 'finds'} {text!r}",
                remedy="widen the rule or mend the example" if wanted else "narrow the rule, or add a word to unless:",
            )


def examples(catalogue: Catalogue) -> Iterator[tuple[Rule, str, str, bool]]:
    """Every example of every rule: the rule, its language, the text, whether the rule must find it."""
    return catalogue.lexicon.examples()


class _Reader:
    """Reads one problem's files; keeps what is wrong."""

    def __init__(self, root: Path, overlay: Path | None, problem: str) -> None:
        self.roots = [root] if overlay is None else [root, overlay]
        self.home = Path("problems") / problem
        self.shared: Path | None = None
        """The home of the problem whose wording is shared."""
        self.wanted = problem
        self.problems: list[CatalogueProblem] = []
        self.digest = hashlib.blake2b(digest_size=8)
        self._named: list[tuple[str, str, str]] = []
        self.names = TermIndex()
        self.lexicon = Lexicon()
        self.number_words: dict[str, TermIndex] = {}

    def read(self) -> Catalogue | None:
        problem = self._problem()
        indicators = self._indicators(problem)
        actors, actor_parts = self._actors()
        gazetteer, name_parts = self._gazetteer()
        languages = self._languages()
        families = {name: tuple(one.id for one in indicators.values() if one.family == name) for name in FAMILIES}
        lexicon = self._lexicon(languages, families)
        if problem is not None:
            self._refer(problem, indicators, actors, gazetteer)
        for file, path, kind, id_, names in (*actor_parts, *name_parts):
            self._name(file, path, kind, id_, names, languages)
        if self.problems or problem is None:
            return None
        return Catalogue(
            problem=problem[1],
            indicators=MappingProxyType(indicators),
            families=MappingProxyType(families),
            actors=MappingProxyType(actors),
            gazetteer=gazetteer,
            languages=MappingProxyType(languages),
            lexicon=lexicon,
            names=self.names,
            named=tuple(self._named),
            version=self.digest.hexdigest(),
        )

    def _files(self, pattern: str, shape: type[Shape]) -> Iterator[tuple[YamlFile, Shape | None, Path]]:
        """Each file of each root that fits `pattern`, in order of name, the overlay's last."""
        for root in self.roots:
            for path in sorted(root.glob(pattern)):
                relative = path.relative_to(root)
                try:
                    content = path.read_bytes()
                except OSError as trouble:
                    self.problems.append(
                        CatalogueProblem(
                            file=str(path),
                            line=1,
                            key="(file)",
                            message=f"cannot be read: {trouble.strerror}",
                            remedy="mend its rights",
                        )
                    )
                    continue
                self.digest.update(str(relative.as_posix()).encode() + b"\0" + content + b"\0")
                file = YamlFile(_shown(path), content)
                yield file, file.read(shape), relative
                self.problems.extend(file.problems)

    def _problem(self) -> tuple[YamlFile, Problem] | None:
        parts: list[tuple[YamlFile, ProblemFile]] = []
        seen = False
        for file, part, _ in self._files(str(self.home / "problem.yaml"), ProblemFile):
            seen = True
            if part is not None:
                parts.append((file, part))
        if not seen:
            known = sorted(
                path.parent.name for root in self.roots for path in (root / "problems").glob("*/problem.yaml")
            )
            self.problems.append(
                CatalogueProblem(
                    file=_shown(self.roots[0] / self.home / "problem.yaml"),
                    line=1,
                    key="(file)",
                    message=f"there is no problem {self.wanted!r}",
                    remedy=f"use one of: {', '.join(known)}" if known else "name the folder that holds problems/",
                )
            )
        if not parts:
            return None
        file, part = parts[-1]
        if part.wording is not None:
            self.shared = self.home.parent / part.wording
            if not any((root / self.shared / "problem.yaml").is_file() for root in self.roots):
                file.add(("wording",), f"there is no problem {part.wording!r}", "name one that lies under problems/")
        if part.id != self.wanted:
            file.add(("id",), f"{part.id!r} lies in the folder {self.wanted!r}", "give both one name")
        area = Area(
            countries=frozenset(part.area.countries),
            places=frozenset(part.area.places),
            actors=frozenset(part.area.actors),
            forces=frozenset(part.area.forces),
            timezones=frozenset(part.area.timezones),
            languages=frozenset(part.area.languages),
        )
        return file, Problem(
            id=part.id,
            name=part.name,
            question=part.question,
            timezone=part.timezone,
            area=area,
            toward=Toward(border=part.toward.border, places=part.toward.places),
            topics=MappingProxyType(dict(part.topics)),
            groups=MappingProxyType(dict(part.groups)),
            ladder=MappingProxyType(dict(part.ladder)),
            hypotheses=part.hypotheses,
            sufficiency_line=part.sufficiency_line,
            board=part.board,
        )

    def _indicators(self, problem: tuple[YamlFile, Problem] | None) -> dict[str, Indicator]:
        found: dict[str, Indicator] = {}
        codes: dict[str, str] = {}
        for file, content, _relative in self._files(str(self.home / "indicators" / "*.yaml"), IndicatorsFile):
            here: set[str] = set()
            for at, part in enumerate(content.indicators if content else ()):
                path = ("indicators", at)
                if part.id in here or (part.id in found and len(self.roots) == 1):
                    file.add((*path, "id"), f"the indicator {part.id!r} stands twice", "give one of the two another id")
                if codes.setdefault(part.code, part.id) != part.id:
                    file.add(
                        (*path, "code"),
                        f"{part.code} is also the code of {codes[part.code]!r}",
                        "number one of them anew",
                    )
                if part.family not in FAMILIES:
                    file.add(
                        (*path, "family"),
                        f"the family {part.family!r} is not known",
                        f"use one of: {', '.join(FAMILIES)}",
                    )
                if problem is not None and part.group not in problem[1].groups:
                    known = ", ".join(problem[1].groups)
                    file.add(
                        (*path, "group"), f"the group {part.group!r} is not in problem.yaml", f"use one of: {known}"
                    )
                limits = part.thresholds
                if not limits.watch <= limits.warning <= limits.critical:
                    file.add((*path, "thresholds"), "the limits do not rise", "write watch <= warning <= critical")
                here.add(part.id)
                found[part.id] = _indicator(part)
        order = {name: place for place, name in enumerate(problem[1].groups)} if problem else {}
        return dict(sorted(found.items(), key=lambda pair: (order.get(pair[1].group, 99), *_code_order(pair[1].code))))

    def _actors(self) -> tuple[dict[str, KnownActor], list[Any]]:
        actors: dict[str, KnownActor] = {}
        names: dict[tuple[str, str], Any] = {}
        for file, content, _ in self._files("actors*.yaml", ActorsFile):
            here: set[str] = set()
            for at, part in enumerate(content.actors if content else ()):
                path: tuple[str | int, ...] = ("actors", at)
                if part.id in here:
                    file.add((*path, "id"), f"the actor {part.id!r} stands twice", "give one of the two another id")
                here.add(part.id)
                actors[part.id] = read_actor(file, path, part)
                names["actor", part.id] = (file, (*path, "names"), "actor", part.id, part.names)
                names["bare", part.id] = (file, (*path, "bare"), "bare", part.id, part.bare)
                names["adjective", part.id] = (file, (*path, "adjectives"), "adjective", part.id, part.adjectives)
        return actors, list(names.values())

    def _gazetteer(self) -> tuple[Gazetteer, list[Any]]:
        places: dict[str, Place] = {}
        borders: dict[str, Border] = {}
        near: dict[str, tuple[str, ...]] = {}
        sources: dict[str, str] = {}
        names: dict[str, Any] = {}
        later: list[tuple[YamlFile, tuple[str | int, ...], tuple[str, ...]]] = []
        for file, content, _ in self._files("gazetteer/*.yaml", GazetteerFile):
            if content is None:
                continue
            here: set[str] = set()
            rows: list[tuple[str, int, PlacePart | BorderPart]] = [
                *(("places", at, part) for at, part in enumerate(content.places)),
                *(("borders", at, part) for at, part in enumerate(content.borders)),
                *(("rivers", at, part) for at, part in enumerate(content.rivers)),
            ]
            for key, at, part in rows:
                if part.id in here or (part.id in places and len(self.roots) == 1):
                    file.add((key, at, "id"), f"the place {part.id!r} stands twice", "give one of the two another id")
                here.add(part.id)
                names[part.id] = (file, (key, at, "names"), "place", part.id, part.names)
                sources[part.id] = part.source
                if isinstance(part, PlacePart):
                    near[part.id] = part.near
                    if part.near:
                        later.append((file, (key, at, "near"), part.near))
                    places[part.id] = Place(
                        id=part.id,
                        name=part.name,
                        lat=part.lat,
                        lon=part.lon,
                        radius_km=part.radius_km,
                        kind=part.kind,
                        country=part.country,
                        grade=part.grade,
                    )
                else:
                    kind = "river" if key == "rivers" else part.kind
                    borders[part.id] = Border(
                        id=part.id,
                        name=part.name,
                        kind=kind,
                        countries=part.countries,
                        line=part.line,
                        source=part.source,
                    )
        for id_, line in borders.items():
            if id_ not in places:
                places[id_] = _line_place(line)
        for file, path, ids in later:
            for id_ in ids:
                if id_ not in places:
                    self._refuse(
                        file, path, f"{id_!r} is no place, border or river of the gazetteer", "add it, or mend the id"
                    )
        return (
            Gazetteer(
                places=MappingProxyType(places),
                borders=MappingProxyType(borders),
                near=MappingProxyType(near),
                sources=MappingProxyType(sources),
            ),
            list(names.values()),
        )

    def _languages(self) -> dict[str, Language]:
        found: dict[str, Language] = {}
        for file, content, relative in self._files("languages/*.yaml", LanguageFile):
            code = relative.stem
            if code not in LANGUAGES:
                self._refuse(
                    file, (), f"{code!r} is no language of the catalogue", f"use one of: {', '.join(LANGUAGES)}"
                )
                continue
            if content is None:
                continue
            if code in found:
                over = {key: getattr(content, key) for key in content.model_fields_set}
                merged = found[code].file.model_copy(update=over)
            else:
                merged = content
            found[code] = Language(code=code, file=merged, endings=Endings(merged.endings))
            before = len(file.problems)
            _check_terms(file, content, found[code].endings)
            if len(file.problems) == before:
                numbers = self.number_words[code] = TermIndex()
                for source in (*content.numbers.words, *content.numbers.multipliers, *content.numbers.vague):
                    numbers.add(parse_term(source, found[code].endings), 0)
        return found

    def _wordings(self) -> Iterator[tuple[YamlFile, LexiconFile | None, Path]]:
        """The files of the lexicon: those of the problem whose wording is shared first, then its own."""
        for home in (self.shared, self.home):
            if home is not None:
                yield from self._files(str(home / "lexicon" / "*" / "*.yaml"), LexiconFile)

    def _lexicon(self, languages: Mapping[str, Language], families: Mapping[str, tuple[str, ...]]) -> Lexicon:
        lexicon = self.lexicon
        shared: dict[str, dict[str, tuple[Term, ...]]] = {}
        files: list[tuple[YamlFile, LexiconFile, Path]] = []
        for file, content, relative in self._wordings():
            lang = relative.parent.name
            if lang not in LANGUAGES:
                self._refuse(
                    file, (), f"{lang!r} is no language of the catalogue", f"use one of: {', '.join(LANGUAGES)}"
                )
            elif lang not in languages:
                if content is not None:
                    self._refuse(file, (), f"there is no languages/{lang}.yaml", "add it, if only with endings:")
            elif content is not None and relative.stem == "shared":
                known = shared.setdefault(lang, {})
                known.update(read_classes(file, content, endings=languages[lang].endings, shared=known))
            elif content is not None:
                files.append((file, content, relative))
        for file, content, relative in files:
            lang = relative.parent.name
            before = len(file.problems)
            lexicon.add_file(
                file,
                content,
                stem=relative.stem,
                lang=lang,
                endings=languages[lang].endings,
                shared=shared.get(lang, {}),
                families=families,
            )
            self.problems.extend(file.problems[before:])
        return lexicon

    def _name(
        self,
        file: YamlFile,
        path: tuple[str | int, ...],
        kind: str,
        id_: str,
        names: Mapping[str, tuple[str, ...]],
        languages: Mapping[str, Language],
    ) -> None:
        for lang, sources in names.items():
            if lang not in languages:
                continue
            slot = len(self._named)
            self._named.append((lang, kind, id_))
            for at, source in enumerate(sources):
                try:
                    self.names.add(parse_term(source, languages[lang].endings), slot)
                except PatternError as trouble:
                    self._refuse(file, (*path, lang, at), trouble.message, trouble.remedy)

    def _refer(
        self,
        found: tuple[YamlFile, Problem],
        indicators: Mapping[str, Indicator],
        actors: Mapping[str, KnownActor],
        gazetteer: Gazetteer,
    ) -> None:
        """Note every id that names nothing."""
        file, problem = found
        checks = [
            (("area", "places"), sorted(problem.area.places), gazetteer.places, "place of the gazetteer"),
            (("area", "actors"), sorted(problem.area.actors), actors, "actor of actors.yaml"),
            (
                ("toward", "border"),
                [problem.toward.border] if problem.toward.border else [],
                gazetteer.borders,
                "border",
            ),
            (("toward", "places"), list(problem.toward.places), gazetteer.places, "place of the gazetteer"),
            (("board",), list(problem.board), indicators, "indicator"),
            *(
                (("topics", topic), [one for one in carried if one != "*"], indicators, "indicator")
                for topic, carried in problem.topics.items()
            ),
        ]
        for path, ids, known, what in checks:
            for id_ in ids:
                if id_ not in known:
                    self._refuse(file, path, f"{id_!r} is no {what}", "mend the id, or add what it names")
        for indicator in indicators.values():
            for clause in indicator.critical_when:
                for id_ in clause.near:
                    if id_ not in gazetteer.places:
                        self.problems.append(
                            CatalogueProblem(
                                file=_shown(self.roots[0] / self.home / "indicators"),
                                line=1,
                                key=f"{indicator.id}.critical_when.near",
                                message=f"{id_!r} is no place, border or river of the gazetteer",
                                remedy="mend the id, or add the place",
                            )
                        )

    def _refuse(self, file: YamlFile, path: tuple[str | int, ...], message: str, remedy: str) -> None:
        file.add(path, message, remedy)
        self.problems.append(file.problems[-1])


# Words, alternatives and a last star: most of what a language file writes, and never wrong.
_SOUND = re.compile(r"[^\W_]['\w -]*(?:\([\w'|]*\)[\w' -]*)*\*?")


def _check_terms(file: YamlFile, content: LanguageFile, endings: Endings) -> None:
    """Note every word of a language file that cannot be read."""

    def look(value: Any, path: tuple[str | int, ...]) -> None:
        if isinstance(value, Door):
            for name, field_ in type(value).model_fields.items():
                look(getattr(value, name), (*path, field_.alias or name))
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if isinstance(inner, tuple) and inner and isinstance(inner[0], str):
                    look(inner, (*path, str(key)))
                elif path and path[-1] in ("words", "multipliers", "vague"):
                    look(str(key), (*path, str(key)))
        elif isinstance(value, tuple):
            for at, inner in enumerate(value):
                look(inner, (*path, at))
        elif isinstance(value, str) and not _SOUND.fullmatch(value):
            try:
                compile_pattern(value, endings=endings, classes={}, slot=lambda _: 1, number_slot=0, within=None)
            except PatternError as trouble:
                file.add(path, trouble.message, trouble.remedy)

    for name in (
        "furniture",
        "captions",
        "furniture_after",
        "cues",
        "attribution",
        "dates",
        "numbers",
        "units",
        "roles",
    ):
        if name in content.model_fields_set:
            look(getattr(content, name), (name,))


def _indicator(part: IndicatorPart) -> Indicator:
    limits = part.thresholds
    return Indicator(
        id=part.id,
        code=part.code,
        name=part.name,
        family=part.family,
        group=part.group,
        weight=Weight(part.weight),
        definition=part.definition,
        why=part.why,
        traps=part.traps,
        thresholds=Thresholds(
            watch=limits.watch, warning=limits.warning, critical=limits.critical, within=limits.within
        ),
        critical_when=tuple(_clause(one) for one in part.critical_when),
        rhetoric=part.code in _RHETORIC_CODES if part.rhetoric is None else part.rhetoric,
        diagnosticity=part.diagnosticity,
        also_in=frozenset(part.also_in),
    )


def _clause(part: ClausePart) -> Clause:
    said = []
    if part.origins is not None:
        said.append(f"{part.origins} independent origins")
    if part.quantity is not None:
        said.append(
            f"at least {part.quantity.at_least:g} {' or '.join(unit.replace('_', ' ') for unit in part.quantity.unit)}"
        )
    if part.events is not None:
        said.append(f"{part.events} events")
    if part.states is not None:
        said.append(f"{part.states} states")
    if part.near:
        said.append("near " + ", ".join(part.near))
    if part.force is not None:
        said.append("reported force at the sufficiency line")
    if part.direction is not None:
        said.append(f"direction {part.direction}")
    if part.families:
        said.append("family " + ", ".join(part.families))
    if part.routine is not None:
        said.append(f"{part.routine} of routine")
    if part.within is not None:
        said.append(f"within {_words(part.within)}")
    return Clause(
        origins=part.origins,
        units=part.quantity.unit if part.quantity else (),
        at_least=part.quantity.at_least if part.quantity else None,
        events=part.events,
        states=part.states,
        near=part.near,
        within_km=part.within_km,
        force=part.force,
        direction=part.direction,
        families=part.families,
        routine=part.routine,
        within=part.within,
        text=part.text or ", ".join(said),
    )


def _words(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    return f"{hours // 24} d" if hours % 24 == 0 else f"{hours} h"


def _code_order(code: str) -> tuple[str, int]:
    letters = code.rstrip("0123456789")
    return letters, int(code[len(letters) :])


def _line_place(line: Border) -> Place:
    """A border or river as a place: its middle point, with the radius that reaches its ends, never drawn as a point."""
    middle = line.line[len(line.line) // 2]
    reach = max(hypot_km(middle, line.line[0]), hypot_km(middle, line.line[-1]))
    country = line.countries[0] if line.countries else ""
    return Place(
        id=line.id,
        name=line.name,
        lat=middle[0],
        lon=middle[1],
        radius_km=round(reach),
        kind=line.kind,
        country=country,
        grade="C",
    )


def hypot_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance of two points in km."""
    from indicators.catalogue.gazetteer import distance_km

    return distance_km(one, other)


def _shown(path: Path) -> str:
    """The path as a person would type it: from the working directory where it lies below."""
    shown = os.path.relpath(path)
    return str(path) if shown.startswith(os.pardir) else shown
