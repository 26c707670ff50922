"""How fast and how small the coder is; tiny in the normal run, over archives with VEDETTE_BENCH_ARCHIVE=A.jsonl.gz:B...

Run it alone, with `-s` to see the figures: `python -m pytest tests/benchmarks/test_coder_speed.py -s`.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.archive import read_items
from feeds.model import Item
from indicators.catalogue import Catalogue, examples, load
from indicators.coding import code
from indicators.coding.coder import coder
from indicators.settings import data_folder

pytestmark = pytest.mark.benchmark

ARCHIVES = [path for path in os.environ.get("VEDETTE_BENCH_ARCHIVE", "").split(os.pathsep) if path]
ADDED = 1_000
NOON = datetime(2022, 12, 24, 12, tzinfo=UTC)


def corpus(catalogue: Catalogue) -> Iterator[Item]:
    """The items of the archives; without any, the examples of the wording between sentences of everyday words."""
    if ARCHIVES:
        for path in ARCHIVES:
            yield from read_items(path)
        return
    chance = random.Random(5)
    plain = [word for language in catalogue.languages.values() for word in language.file.common]
    for number, (_, lang, text, _) in enumerate(examples(catalogue)):
        filler = ". ".join(" ".join(chance.choices(plain, k=12)).capitalize() for _ in range(12))
        body = f"{text} {filler}." if number % 12 == 0 else f"{filler}."
        yield Item(
            item_id=f"bench:{number}", source="bench", url="", title="", text=body,
            published_at=NOON, known_at=NOON, lang=lang,
        )  # fmt: skip


def seconds(items: Iterable[Item], catalogue: Catalogue) -> float:
    """CPU seconds to code the items."""
    begun = time.process_time()
    for item in items:
        code(item, catalogue)
    return time.process_time() - begun


def alternation(catalogue: Catalogue) -> re.Pattern[str]:
    """The same wording as one plain expression: what one would write first."""
    words: dict[str, None] = {}
    for rule in catalogue.lexicon.rules:
        for slot in sorted(rule.pattern.required):
            for term in catalogue.lexicon.slot_terms[slot]:
                said = []
                for forms in term:
                    one = "|".join(
                        re.escape(stem) + (r"\w*" if endings is None else f"(?:{'|'.join(sorted(endings))})")
                        for stem, endings in forms
                    )
                    said.append(f"(?:{one})")
                words[r"\W+".join(said)] = None
    return re.compile(r"\b(?:" + "|".join(words) + r")\b", re.IGNORECASE)


def megabytes() -> float:
    """The most memory this process ever held, where the system tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def test_items_a_second_against_a_plain_expression(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole coder, from item to signals, against one regular expression that only looks for the same words."""
    begun = time.process_time()
    catalogue = load(data_folder())
    loaded = time.process_time() - begun
    begun = time.process_time()
    coder(catalogue)
    ready = time.process_time() - begun
    spent = 0.0
    count = 0
    sample: list[Item] = []
    for item in corpus(catalogue):
        begun = time.process_time()
        code(item, catalogue)
        spent += time.process_time() - begun
        if count % (500 if ARCHIVES else 200) == 0:
            sample.append(item)
        count += 1
    peer = alternation(catalogue)
    begun = time.process_time()
    found = sum(len(peer.findall(item.body)) for item in sample)
    plain = (time.process_time() - begun) / len(sample)
    with capsys.disabled():
        print(
            f"\ncatalogue read in {loaded:.2f} s, coder made in {ready:.2f} s\n"
            f"{count} items in {spent:.1f} CPU s: {count / spent:,.0f} items/s; "
            f"one expression over the same wording: {1 / plain:,.0f} items/s ({found} words found in {len(sample)}); "
            f"{plain * count / spent:.0f} times as fast; at most {megabytes():.0f} MB"
        )
    assert count
    assert sample


def test_the_cost_of_more_wording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a thousand phrases more, made of the corpus's own frequent words, add to the time of an item."""
    catalogue = load(data_folder())
    every = 7 if ARCHIVES else 4
    items = [item for number, item in enumerate(corpus(catalogue)) if number % every == 0]
    folder = tmp_path / "problems" / catalogue.problem.id / "lexicon" / "en"
    folder.mkdir(parents=True)
    phrases = frequent_pairs(items)
    rules = "".join(f'  - pattern: "{one} {two}"\n    matches: ["{one} {two}"]\n' for one, two in phrases)
    (folder / "added.yaml").write_text(f"family: concern\nrules:\n{rules}", encoding="utf-8")
    wider = load(data_folder(), overlay=tmp_path)
    code(items[0], catalogue), code(items[0], wider)
    before, after = seconds(items, catalogue), seconds(items, wider)
    added = (after - before) / len(items) * 1e6
    with capsys.disabled():
        print(
            f"\n{len(phrases)} phrases more: {before / len(items) * 1e6:.0f} -> {after / len(items) * 1e6:.0f} "
            f"microseconds an item ({added:+.0f} a thousand phrases)"
        )
    assert len(wider.lexicon.rules) == len(catalogue.lexicon.rules) + len(phrases)


def frequent_pairs(items: Sequence[Item]) -> list[tuple[str, str]]:
    """A thousand pairs of words that are frequent in these items, yet seldom stand side by side."""
    words = Counter(word for item in items for word in re.findall(r"\b[a-z]{4,}\b", item.body.lower()))
    often = [word for word, _ in words.most_common(ADDED)] or ["word", "term"]
    chance = random.Random(11)
    found: dict[tuple[str, str], None] = {}
    for _ in range(ADDED * 3):
        if len(found) < ADDED:
            found[chance.choice(often), chance.choice(often)] = None
    return list(found)
