"""A catalogue is read whole, or everything wrong with it is said at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from indicators.catalogue import CatalogueProblems, check, examples, load

PROBLEM = """\
id: little
name: A little problem
question: Does anything move?
area: {countries: [AAA], actors: [CHIEF]}
toward: {border: line}
groups: {posture: Posture}
topics: {all: "*", moves: [moves]}
board: [moves]
"""
INDICATORS = """\
indicators:
  - id: moves
    code: M1
    name: Moves
    family: equipment_move
    group: posture
    weight: supporting
    definition: Tanks move.
    thresholds: {watch: 1, warning: 2, critical: 4, within: 36h}
    critical_when:
      - quantity: {unit: [tank], at_least: 20}
      - origins: 2
        within: 3d
"""
LEXICON = """\
family: equipment_move
words: {tank: ["tank{s}"]}
rules:
  - pattern: "@tank & moved"
    matches: ["Ten tanks moved."]
    not_matches: ["The tanker moved."]
"""
ACTORS = """\
actors:
  - {id: CHIEF, name: The Chief, kind: leader, country: AAA, names: {en: [Chief]}}
"""
GAZETTEER = """\
places:
  - {id: town, name: T, kind: town, country: AAA, lat: 50.0, lon: 30.0, radius_km: 3, names: {en: [Town]}, near: [line]}
borders:
  - {id: line, name: The line, countries: [AAA, BBB], line: [[49.0, 29.0], [49.0, 31.0]]}
"""
ENGLISH = "endings: {s: ['', s]}\n"


def a_catalogue(folder: Path, **files: str) -> Path:
    """A little catalogue in `folder`, some of its files replaced."""
    written = {
        "problems/little/problem.yaml": PROBLEM,
        "problems/little/indicators/posture.yaml": INDICATORS,
        "problems/little/lexicon/en/moves.yaml": LEXICON,
        "actors.yaml": ACTORS,
        "gazetteer/places.yaml": GAZETTEER,
        "languages/en.yaml": ENGLISH,
    }
    short = {"problem": 0, "indicators": 1, "lexicon": 2, "actors": 3, "gazetteer": 4, "english": 5}
    for name, text in files.items():
        written[list(written)[short[name]]] = text
    for name, text in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[str]:
    """What loading the folder says is wrong, without the folder's own name."""
    with pytest.raises(CatalogueProblems) as trouble:
        load(folder, problem="little")
    return [str(one).replace(f"{folder}/", "") for one in trouble.value.problems]


def test_a_sound_catalogue_loads_whole(tmp_path: Path) -> None:
    """Indicators, limits, clauses, actors, places and examples are there, frozen and with a digest."""
    catalogue = load(a_catalogue(tmp_path), problem="little")
    moves = catalogue.indicators["moves"]
    assert (moves.thresholds.critical, moves.thresholds.within.total_seconds()) == (4, 36 * 3600)
    assert [clause.text for clause in moves.critical_when] == ["at least 20 tank", "2 independent origins, within 3 d"]
    assert catalogue.families["equipment_move"] == ("moves",)
    assert round(catalogue.gazetteer.distance_km("town", "line") or 0) == 111
    assert [(text, wanted) for _, _, text, wanted in examples(catalogue)] == [
        ("Ten tanks moved.", True),
        ("The tanker moved.", False),
    ]
    assert load(tmp_path, problem="little").version == catalogue.version
    assert check(tmp_path) == []


def test_any_change_of_any_file_changes_the_version(tmp_path: Path) -> None:
    """Two different catalogues never share a digest."""
    first = load(a_catalogue(tmp_path), problem="little").version
    assert load(a_catalogue(tmp_path, actors=ACTORS.replace("The Chief", "A Chief")), problem="little").version != first


def test_every_problem_of_every_file_is_said_with_line_key_and_remedy(tmp_path: Path) -> None:
    """Unknown keys, bad values, unknown ids, bad patterns and broken YAML come together, each with its line."""
    a_catalogue(
        tmp_path,
        indicators=INDICATORS.replace("    weight: supporting\n", "    wieght: supporting\n").replace("36h", "36"),
        lexicon=LEXICON.replace("@tank & moved", "@tanks & moved"),
        gazetteer=GAZETTEER.replace("near: [line]", "near: [lime]"),
        actors=ACTORS + "  - [",
    )
    said = problems(tmp_path)
    assert any(
        one.startswith("problems/little/indicators/posture.yaml:7: indicators.0.wieght: ") and "weight" in one
        for one in said
    )
    assert any(
        one.startswith("problems/little/indicators/posture.yaml:9: indicators.0.thresholds.within: ") for one in said
    )
    assert any(
        one.startswith("problems/little/lexicon/en/moves.yaml:4: rules.0.pattern: ") and "@tank" in one for one in said
    )
    assert any(one.startswith("gazetteer/places.yaml:2: places.0.near: 'lime'") for one in said)
    assert any(one.startswith("actors.yaml:") and "this is no YAML" in one for one in said)


def test_an_example_its_rule_gets_wrong_is_a_problem(tmp_path: Path) -> None:
    """The check runs every example."""
    (wrong,) = check(a_catalogue(tmp_path, lexicon=LEXICON.replace("The tanker moved.", "The tank moved.")))
    assert (wrong.key, wrong.line) == ("not_matches", 4)


def test_a_missing_problem_names_the_ones_there_are(tmp_path: Path) -> None:
    """A problem that does not exist is answered with those that do."""
    with pytest.raises(CatalogueProblems, match="use one of: little"):
        load(a_catalogue(tmp_path), problem="other")


def test_an_overlay_replaces_by_id_and_adds_rules(tmp_path: Path) -> None:
    """A deployment's folder changes an indicator and adds wording without touching the shipped files."""
    base, over = a_catalogue(tmp_path / "base"), tmp_path / "over"
    for name, text in {
        "problems/little/indicators/own.yaml": INDICATORS.replace("watch: 1", "watch: 2"),
        "problems/little/lexicon/en/own.yaml": LEXICON.replace("moved", "rolled"),
    }.items():
        (over / name).parent.mkdir(parents=True, exist_ok=True)
        (over / name).write_text(text, encoding="utf-8")
    catalogue = load(base, problem="little", overlay=over)
    assert catalogue.indicators["moves"].thresholds.watch == 2
    assert len(catalogue.lexicon.rules) == 2


def test_the_check_is_a_command(tmp_path: Path) -> None:
    """`python -m indicators.catalogue FOLDER` exits 0 when all is well and 1 when something is not."""
    command = [sys.executable, "-m", "indicators.catalogue", str(a_catalogue(tmp_path))]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    a_catalogue(tmp_path, problem=PROBLEM + "colour: red\n")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "problem.yaml:9: colour: this key is not known here" in done.stdout
