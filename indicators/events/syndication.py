"""Finds the item that another one repeats: truncated, re-headlined, edited, cut to a brief or quoted in part."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zlib import crc32

from feeds.model import Item
from indicators.events.fingerprint import SHORT, Fingerprint, Sentence, fingerprint, fold, spans

WINDOW = timedelta(days=14)
"""Copies of a text are made within days; later twins are anniversaries."""
SHORT_WITHIN = timedelta(hours=48)
"""One sentence said again after two days is news again ('all Ukraine on alert'), not an echo."""
_SHORT_SECONDS = SHORT_WITHIN.total_seconds()
EDITION_WITHIN = timedelta(hours=18)
"""A source's own text again after so long is its next bulletin, however alike the two are."""
_EDITION_SECONDS = EDITION_WITHIN.total_seconds()
STRICT = 0.6
"""Share of an item's words standing in sentences of another, from which it is a reprint."""
SKETCH = 0.82
"""Share of an item's distinct words found in the item it already shares a sentence with: an edited reprint."""
ALL_WORDS = 0.97
"""The same share for a text of one or two sentences, which may be cut but not changed."""
LOOSE = 0.3
"""Share from which it 'shares text'."""
LOOSE_SENTENCES = 2
"""So many shared sentences are shared text in an article of any length: one may be chance."""
FURNITURE_AFTER = 3
"""A sentence that one source repeats so often is its footer, and no mark of descent."""
COMMON_AFTER = 24
"""A sentence that so many unrelated items carry is a phrase of the trade."""


class ReprintKind(StrEnum):
    """How far an item repeats another."""

    REPRINT = "reprint"
    SHARES_TEXT = "shares_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprint:
    """What an item repeats: `of` is the root, the first item known to carry the text."""

    item_id: str
    of: str
    kind: ReprintKind
    shared: int
    """Sentences found again."""
    total: int
    """Sentences of the item that could be found again: '5 of 7 sentences are those of item X'."""
    spans: tuple[tuple[int, int], ...] = ()
    """Of an item that only shares text: where the shared sentences stand in its body; their words are the root's."""

    def covers(self, start: int, end: int) -> bool:
        """Whether the words from `start` to `end` are the root's words."""
        return self.kind is ReprintKind.REPRINT or any(begin < end and start < finish for begin, finish in self.spans)


class _Kept:
    """One item of the window, as little of it as finds its copies."""

    __slots__ = ("halves", "hashes", "item_id", "known_at", "published", "root", "sketch", "source", "title")

    def __init__(self, item: Item, print_: Fingerprint, hashes: array[int], root: str, published: float) -> None:
        self.item_id = item.item_id
        self.source = item.source
        self.known_at = item.known_at
        self.published = published
        self.hashes = hashes
        self.halves = print_.halves
        self.sketch = print_.sketch
        self.root = root
        self.title = _title(item) if len(hashes) == 1 else 0


_Posting = _Kept | list[_Kept]


class _Kin:
    """What an item shares with one lineage."""

    __slots__ = ("kept", "root", "sentences", "words")

    def __init__(self, root: str) -> None:
        self.root = root
        self.kept: dict[str, _Kept] = {}
        self.sentences: list[Sentence] = []
        self.words = 0

    def met(self, sentence: Sentence, kept: _Kept) -> None:
        """Note that `kept`, of this lineage, carries `sentence`."""
        self.kept[kept.item_id] = kept
        if not self.sentences or self.sentences[-1] is not sentence:
            self.sentences.append(sentence)
            self.words += sentence.words

    def rank(self) -> tuple[int, float, str]:
        """Most words first; of equals the one published first, then the smaller id: never the order of a dictionary."""
        return -self.words, min(kept.published for kept in self.kept.values()), self.root

    def kind(self, item: Item, print_: Fingerprint, plain: frozenset[int], published: float) -> ReprintKind | None:
        """What so much shared text amounts to."""
        informative = [sentence for sentence in print_.sentences if sentence.digest not in plain]
        share = self.words / sum(sentence.words for sentence in informative)
        held = self.kept.values()
        if all(kept.source == item.source and abs(published - kept.published) > _EDITION_SECONDS for kept in held):
            # Tomorrow's bulletin repeats today's but for a number; only the very same text is put out again.
            same = share == 1.0 and any(len(kept.hashes) == len(print_.sentences) for kept in held)
            return ReprintKind.REPRINT if same and len(informative) > 1 else None
        soon = any(abs(published - kept.published) <= _SHORT_SECONDS for kept in held)
        if len(informative) == 1:
            # One sentence is little to go by: the same words, soon after, and not one source's standing teaser.
            return ReprintKind.REPRINT if soon and not all(_teaser(item, kept) for kept in held) else None
        if share >= STRICT:
            return ReprintKind.REPRINT
        # In a short text the one word that differs may be all the news there is.
        enough = SKETCH if len(informative) > SHORT else ALL_WORDS
        if any(_contained(print_.sketch, kept.sketch) >= enough for kept in held):
            return ReprintKind.REPRINT
        if len(self.sentences) >= LOOSE_SENTENCES or (share >= LOOSE and soon):
            return ReprintKind.SHARES_TEXT
        return None


def _teaser(item: Item, kept: _Kept) -> bool:
    """Whether one source says the same line under another headline."""
    return kept.source == item.source and kept.title not in (0, _title(item))


class ReprintIndex:
    """The window of recent items by sentence: `add` says what an item repeats, then remembers it.

    Adding the same items in the same order gives the same answers; nothing depends on the clock. At start the index is
    rebuilt from the window's items with the roots that were recorded for them.
    """

    def __init__(self, *, window: timedelta = WINDOW, capacity: int = 600_000) -> None:
        self._window = window
        self._reach = window.total_seconds()
        self._capacity = capacity
        self._postings: dict[int, _Posting] = {}
        self._order: deque[_Kept] = deque()
        self._held: dict[str, _Kept] = {}
        # How often a source has said a sentence again: digest -> source -> times.
        self._furniture: dict[int, dict[str, int]] = {}
        self._clock: datetime | None = None
        self.left_early = 0
        """Items dropped before their time because the window was full: to be told, never hidden."""

    def __len__(self) -> int:
        return len(self._held)

    @property
    def window(self) -> timedelta:
        """How long an item can be found again."""
        return self._window

    @classmethod
    def rebuilt(
        cls,
        items: Iterable[Item],
        *,
        roots: Mapping[str, str] | None = None,
        window: timedelta = WINDOW,
        capacity: int = 600_000,
    ) -> ReprintIndex:
        """The index as it was when it had seen `items`, in the order in which they became known.

        `roots` gives the recorded root of an item that is a reprint; without it the root is looked for again, which
        differs only for a root that has left the window.
        """
        index = cls(window=window, capacity=capacity)
        known = roots or {}
        for item in items:
            index.add(item, root=known.get(item.item_id))
        return index

    def add(self, item: Item, *, root: str | None = None) -> Reprint | None:
        """What `item` repeats, if anything; from now on it can be found itself. A revision replaces its item."""
        if self._clock is None or item.known_at > self._clock:
            self._clock = item.known_at
            self._forget_old()
        earlier = self._held.get(item.item_id)
        if earlier is not None:
            root = root or (earlier.root if earlier.root != item.item_id else None)
            self._remove(earlier)
        print_ = fingerprint(item)
        published = item.published_at.timestamp()
        reprint = self._look_up(item, print_, published)
        if root is None and reprint is not None and reprint.kind is ReprintKind.REPRINT:
            root = reprint.of
        self._insert(item, print_, root or item.item_id, published)
        return reprint

    # -- looking up ---------------------------------------------------------------------------------------------

    def _look_up(self, item: Item, print_: Fingerprint, published: float) -> Reprint | None:
        """The best root this fingerprint descends from."""
        postings = self._postings
        hits = [(sentence, postings[sentence.digest]) for sentence in print_.sentences if sentence.digest in postings]
        if not hits:
            return self._near_identical(item, print_, published) if print_.halves else None
        plain = self._plain(item, print_)
        kin: dict[str, _Kin] = {}
        for sentence, posting in hits:
            members = [posting] if isinstance(posting, _Kept) else posting
            if any(kept.source == item.source for kept in members):
                said = self._furniture.setdefault(sentence.digest, {})
                said[item.source] = said.get(item.source, 0) + 1
            if sentence.digest in plain or len(members) >= COMMON_AFTER:
                continue
            for kept in members:
                if abs(published - kept.published) <= self._reach:
                    kin.setdefault(kept.root, _Kin(kept.root)).met(sentence, kept)
        if not kin:
            return None
        best = min(kin.values(), key=_Kin.rank)
        kind = best.kind(item, print_, plain, published)
        if kind is None:
            return None
        return Reprint(
            item_id=item.item_id,
            of=best.root,
            kind=kind,
            shared=len(best.sentences),
            total=len(print_.sentences) - len(plain),
            spans=(spans(item, best.sentences, headline=print_.headline) if kind is ReprintKind.SHARES_TEXT else ()),
        )

    def _plain(self, item: Item, print_: Fingerprint) -> frozenset[int]:
        """The sentences of a fingerprint that are its source's furniture."""
        furniture = self._furniture
        return frozenset(
            sentence.digest
            for sentence in print_.sentences
            if sentence.digest in furniture and furniture[sentence.digest].get(item.source, 0) >= FURNITURE_AFTER
        )

    def _near_identical(self, item: Item, print_: Fingerprint, published: float) -> Reprint | None:
        """A short item with a word changed: one half found, all numbers equal, nearly all words the same."""
        near: list[_Kept] = []
        for half in print_.halves:
            posting = self._postings.get(half)
            if posting is None:
                continue
            near += [
                kept
                for kept in ([posting] if isinstance(posting, _Kept) else posting)
                if abs(published - kept.published) <= _SHORT_SECONDS
                and _overlap(print_.sketch, kept.sketch) >= SKETCH
                and not _teaser(item, kept)
            ]
        if not near:
            return None
        root = min(near, key=lambda kept: (kept.published, kept.item_id)).root
        total = len(print_.sentences)
        return Reprint(item_id=item.item_id, of=root, kind=ReprintKind.REPRINT, shared=total, total=total)

    # -- keeping ------------------------------------------------------------------------------------------------

    def _insert(self, item: Item, print_: Fingerprint, root: str, published: float) -> None:
        """Remember the item; within one lineage the newest holder of a sentence answers for it and lives longest."""
        digests = [sentence.digest for sentence in print_.sentences]
        kept = _Kept(item, print_, array("q", digests), root, published)
        postings = self._postings
        for digest in (*digests, *print_.halves):
            posting = postings.get(digest)
            if posting is None:
                postings[digest] = kept
            elif isinstance(posting, _Kept):
                postings[digest] = kept if posting.root == root else [posting, kept]
            else:
                for place, other in enumerate(posting):
                    if other.root == root:
                        posting[place] = kept
                        break
                else:
                    # A phrase of the trade proves nothing; remembering more of its users would prove no more.
                    if len(posting) < COMMON_AFTER:
                        posting.append(kept)
        self._held[item.item_id] = kept
        self._order.append(kept)
        while len(self._held) > self._capacity:
            self._pop_oldest()
            self.left_early += 1

    def _forget_old(self) -> None:
        """Let go of what became known before the window."""
        assert self._clock is not None
        since = self._clock - self._window
        while self._order and self._order[0].known_at < since:
            self._pop_oldest()

    def _pop_oldest(self) -> None:
        while self._order:
            kept = self._order.popleft()
            if self._held.get(kept.item_id) is kept:
                self._remove(kept)
                return

    def _remove(self, kept: _Kept) -> None:
        """Take an item out of every posting that still names it."""
        del self._held[kept.item_id]
        for digest in (*kept.hashes, *kept.halves):
            posting = self._postings.get(digest)
            if posting is kept:
                del self._postings[digest]
                self._furniture.pop(digest, None)
            elif isinstance(posting, list):
                posting[:] = [other for other in posting if other is not kept]
                if len(posting) == 1:
                    self._postings[digest] = posting[0]


def _title(item: Item) -> int:
    """A short hash of the headline's words."""
    return crc32(" ".join(fold(item.title)).encode())


def _contained(words: array[int], other: array[int]) -> float:
    """Share of `words` found in `other`, wherever in a sentence they stand."""
    mine = set(map(abs, words))
    return len(mine.intersection(map(abs, other))) / len(mine) if mine else 0.0


def _overlap(words: array[int], other: array[int]) -> float:
    """Share of the words of both that both have."""
    mine, theirs = set(map(abs, words)), set(map(abs, other))
    return len(mine & theirs) / len(mine | theirs) if mine else 0.0
