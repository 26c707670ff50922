"""How well copies and happenings are told apart on a generated corpus, beside a MinHash baseline."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from zlib import crc32

import pytest
from corpus import KINDS, Told, corpus
from reporting import a_feed

from indicators.events.clustering import cluster
from indicators.events.origin import trace
from indicators.events.syndication import Reprint, ReprintIndex


def pairwise(found: dict[str, object], true: dict[str, int]) -> tuple[float, float]:
    """Precision and recall over pairs of items said to be one, and really one."""

    def pairs(groups: Iterable[int]) -> int:
        return sum(size * (size - 1) // 2 for size in groups)

    together = pairs(Counter(found.values()).values())
    really = pairs(Counter(true[item] for item in found).values())
    both = pairs(Counter((found[item], true[item]) for item in found).values())
    return (both / together if together else 1.0), (both / really if really else 1.0)


def by_events(told: list[Told]) -> tuple[dict[str, object], dict[str, Reprint]]:
    """The event of every item, by the room's own way: reprints, origins, grouping."""
    index = ReprintIndex()
    reprints: dict[str, Reprint] = {}
    reports = []
    for one in told:
        reprint = index.add(one.item)
        if reprint is not None:
            reprints[one.item.item_id] = reprint
        reports.append(trace(one.signal, item=one.item, feed=a_feed(one.item.source), reprint=reprint))
    return {report.signal.item_id: event.event_id for event in cluster(reports) for report in event.reports}, reprints


def by_minhash(told: list[Told], *, rows: int = 4, bands: int = 16, threshold: float = 0.5) -> dict[str, object]:
    """The baseline, in plain form: MinHash of four-word shingles, banded, joined from a likeness of one half."""
    chance = random.Random(1)
    prime = (1 << 31) - 1
    turns = [(chance.randrange(1, prime), chance.randrange(prime)) for _ in range(rows * bands)]
    leader = {one.item.item_id: one.item.item_id for one in told}

    def head(item: str) -> str:
        while leader[item] != item:
            leader[item] = leader[leader[item]]
            item = leader[item]
        return item

    buckets: dict[tuple[int, tuple[int, ...]], list[tuple[str, list[int]]]] = defaultdict(list)
    for one in told:
        words = one.item.body.lower().split()
        shingles = {crc32(" ".join(words[at : at + 4]).encode()) for at in range(max(1, len(words) - 3))}
        mark = [min((a * shingle + b) % prime for shingle in shingles) for a, b in turns]
        for band in range(bands):
            bucket = buckets[band, tuple(mark[band * rows : (band + 1) * rows])]
            for other, seen in bucket:
                if sum(x == y for x, y in zip(mark, seen, strict=True)) / len(mark) >= threshold:
                    leader[head(one.item.item_id)] = head(other)
            bucket.append((one.item.item_id, mark))
    return {item: head(item) for item in leader}


def test_happenings_are_told_apart() -> None:
    """Of items said to be one happening 95 in 100 are, and 85 in 100 that are one are found; MinHash finds few."""
    found: dict[str, object] = {}
    baseline: dict[str, object] = {}
    true: dict[str, int] = {}
    for seed in (20, 21, 22):
        told = corpus(seed=seed)
        true |= {f"{seed}/{one.item.item_id}": 1000 * seed + one.happening for one in told}
        found |= {f"{seed}/{item}": (seed, event) for item, event in by_events(told)[0].items()}
        baseline |= {f"{seed}/{item}": (seed, head) for item, head in by_minhash(told).items()}
    assert len(true) == len(found) > 1500
    precision, recall = pairwise(found, true)
    base_precision, base_recall = pairwise(baseline, true)
    print(
        f"\n{len(true)} items, {len(set(true.values()))} happenings: "
        f"events precision {precision:.3f} recall {recall:.3f}; "
        f"MinHash {base_precision:.3f} {base_recall:.3f}; recall {recall / base_recall:.1f} times"
    )
    assert precision >= 0.95
    assert recall >= 0.85
    assert recall > 2 * base_recall


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_copy_is_found(kind: str) -> None:
    """At least 85 of 100 copies of each kind are found to share their text, in each language; strangers are let be."""
    told = corpus(seed=30, count=240)
    _, reprints = by_events(told)
    for lang in ("en", "ru", "uk", "be"):
        copies = [one for one in told if one.copy == kind and one.item.lang == lang]
        found = [one for one in copies if one.item.item_id in reprints]
        assert len(found) >= 0.85 * len(copies) > 5
    true = {one.item.item_id: one.happening for one in told}
    wrong = [one for one in reprints.values() if true[one.of] != true[one.item_id] and one.kind == "reprint"]
    assert len(wrong) <= 0.02 * len(reprints)
