"""GDELT's own files, written every fifteen minutes: events, mentions and the knowledge graph, packed or not.

They name articles and what a machine found in them, never the articles' words. An entry is one article; its title is
the page's own where the file has it, else what its address spells out. A feed's entry may ask for some countries only
(`selectors: {country: "BO,UP"}`, by the two letters that these files use).
"""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from feeds.errors import ParseError
from feeds.model import FeedKind
from feeds.parsing.document import Document, Draft, Parsed
from feeds.parsing.entries import finish
from feeds.parsing.links import absolute
from feeds.text import line

UNPACKED_BYTES = 64 * 1024 * 1024
"""A quarter of an hour of the whole world takes a third of this."""
MOST_ARTICLES = 20_000
_PACKED = b"PK\x03\x04"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# A bad head or sum, a damaged stream, an end too early, an offset before the beginning, a later kind of ZIP.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)
_LISTED = re.compile(r"\d+\s+[0-9a-f]{32}\s+(https?://\S+\.(?:export|mentions|gkg)\.csv(?:\.zip)?)", re.IGNORECASE)
_PREFERRED = re.compile(r"\.export\.csv", re.IGNORECASE)
_PAGE_TITLE = re.compile(r"<PAGE_TITLE>(.{1,1000}?)</PAGE_TITLE>", re.DOTALL)
_GRAPH_RECORD = re.compile(r"\d{14}-T?\d+")
_SPELT = re.compile(r"[^\W\d_]{2,}|\d{1,4}")
_FEWEST_WORDS = 3


@dataclass(slots=True, kw_only=True)
class _Article:
    """What the rows about one article say together."""

    url: str
    dated: str
    title: str = ""
    source: str = ""
    facts: dict[str, None] = field(default_factory=dict)
    countries: set[str] = field(default_factory=set)


def is_file(content: bytes) -> bool:
    """True for a packed or plain file of GDELT's, and for its list of the latest ones."""
    if content.startswith(_PACKED):
        return _holds_table(content)
    head = content[:20_000].decode("utf-8", "replace")
    first = head.partition("\n")[0]
    return _LISTED.match(head.strip()) is not None or _reader(first.rstrip("\r").split("\t")) is not None


def read(document: Document) -> Parsed:
    """The articles of a file, each once; of the list of latest files, where the events of this quarter-hour are."""
    text = _text(document)
    if (listed := _LISTED.findall(text[:4000])) and _LISTED.match(text.strip()):
        latest = next((url for url in listed if _PREFERRED.search(url)), listed[0])
        return Parsed(title="GDELT", entries=(), kind=FeedKind.GDELT, continues_at=absolute(latest, document.url))
    wanted = frozenset(re.findall(r"[A-Z]{2}", document.feed.selectors.get("country", "").upper()))
    articles: dict[str, _Article] = {}
    broken = 0
    for row in text.split("\n"):
        columns = row.rstrip("\r").split("\t")
        reader = _reader(columns)
        if reader is None:
            broken += bool(row.strip())
            continue
        found = reader(columns)
        if found is None or (wanted and wanted.isdisjoint(found.countries)):
            continue
        _merge(articles, found)
        if len(articles) > MOST_ARTICLES:
            raise ParseError(
                f"{document.where}: names more than {MOST_ARTICLES} articles; ask for some countries with "
                "`selectors: {country: ...}`"
            )
    if broken and not articles:
        raise ParseError(f"{document.where}: no file of GDELT's; it begins {line(text[:200])[:60]!r}")
    return finish(
        document,
        [_draft(article) for article in articles.values()],
        kind=FeedKind.GDELT,
        title="GDELT",
        notes=(f"{broken} rows have not the columns of this file and were left out" if broken else "",),
    )


def _text(document: Document) -> str:
    content = document.content
    if content.startswith(_PACKED):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                table = _table(packed)
                if table is None:
                    raise ParseError(f"{document.where}: a packed file without a table in it; check the address")
                with packed.open(table) as stream:
                    content = stream.read(UNPACKED_BYTES + 1)
        except _DAMAGED as error:
            raise ParseError(f"{document.where}: cannot be unpacked ({line(str(error))[:80]}); try again") from None
    if len(content) > UNPACKED_BYTES:
        raise ParseError(f"{document.where}: holds more than {UNPACKED_BYTES // 1024**2} MiB; it is not read")
    return content.decode("utf-8", "replace")


def _holds_table(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return _table(packed) is not None
    except _DAMAGED:
        return False


def _table(packed: zipfile.ZipFile) -> zipfile.ZipInfo | None:
    """The one table in a packed file that can be read without a password."""
    for member in packed.infolist()[:20]:
        readable = member.compress_type in _METHODS and not member.flag_bits & _ENCRYPTED
        if readable and member.filename.lower().endswith((".csv", ".tsv")):
            return member
    return None


_Reader = Callable[[Sequence[str]], _Article | None]


def _reader(columns: Sequence[str]) -> _Reader | None:
    """What reads a row with these columns: the files have no heads, and tell themselves apart by their number."""
    first = columns[0]
    if len(columns) in EVENT_COLUMNS and first.isdigit() and columns[1].isdigit():
        return _event
    if len(columns) == MENTION_COLUMNS and first.isdigit() and columns[2].isdigit():
        return _mention
    if len(columns) in (GRAPH_COLUMNS, GRAPH_COLUMNS - 1) and _GRAPH_RECORD.fullmatch(first):
        return _graph
    return None


EVENT_COLUMNS: Mapping[int, tuple[int, int, int]] = {61: (52, 59, 60), 58: (50, 56, 57)}
"""By the number of columns: where the place of the action, the instant and the address stand."""
MENTION_COLUMNS, GRAPH_COLUMNS = 16, 27


def _event(columns: Sequence[str]) -> _Article | None:
    place, added, source = EVENT_COLUMNS[len(columns)]
    actors = " and ".join(dict.fromkeys(name.title() for name in (columns[6], columns[16]) if name))
    facts = [fact for fact in (actors, line(columns[place]), f"CAMEO {columns[26]}" if columns[26] else "") if fact]
    countries = {columns[place + 1], columns[37]}
    return _article(columns[source], columns[added], facts="; ".join(facts), countries=countries)


def _mention(columns: Sequence[str]) -> _Article | None:
    return _article(columns[5], columns[2], source=columns[4])


def _graph(columns: Sequence[str]) -> _Article | None:
    titled = _PAGE_TITLE.search(columns[-1])
    places = [place.split("#") for place in columns[9].split(";") if place]
    named = list(dict.fromkeys(line(parts[1]) for parts in places if len(parts) > 2))
    return _article(
        columns[4],
        columns[1],
        title=line(html.unescape(titled[1])) if titled is not None else "",
        source=columns[3],
        facts="; ".join(named[:12]),
        countries={parts[2] for parts in places if len(parts) > 2},
    )


def _article(
    url: str, dated: str, *, title: str = "", source: str = "", facts: str = "", countries: set[str] | None = None
) -> _Article | None:
    address = absolute(url, "")
    if not address:
        return None
    found = _Article(url=address, dated=dated, title=title, source=line(source), countries=countries or set())
    if facts:
        found.facts[facts] = None
    return found


def _merge(articles: dict[str, _Article], found: _Article) -> None:
    held = articles.setdefault(found.url, found)
    if held is not found:
        held.facts |= found.facts
        held.title = held.title or found.title


def _draft(article: _Article) -> Draft:
    host = (urlsplit(article.url).hostname or "").removeprefix("www.")
    # What the machine found is told in brackets: it is about the article, and no words of it.
    facts = "\n".join(f"[{fact}]" for fact in list(article.facts)[:20])
    return Draft(
        source_id=article.url,
        url=article.url,
        title=article.title or spelt(article.url),
        text=facts,
        # The files keep universal time and do not say so.
        dates=(f"{article.dated}Z" if re.fullmatch(r"\d{14}", article.dated) else article.dated,),
        forwarded_from=(article.source or host)[:200],
    )


def spelt(url: str) -> str:
    """The words that an address spells out, as most outlets' addresses do; nothing where they are too few."""
    best: list[str] = []
    for part in urlsplit(url).path.split("/"):
        stem = re.sub(r"\.[a-z]{2,5}$", "", unquote(part), flags=re.IGNORECASE)
        words = _SPELT.findall(stem) if re.search(r"[-_+ ]", stem) else []
        if sum(not word.isdigit() for word in words) > sum(not word.isdigit() for word in best):
            best = words
    while best and best[-1].isdigit():
        best.pop()
    if sum(not word.isdigit() for word in best) < _FEWEST_WORDS:
        return ""
    title = " ".join(best)
    return title[0].upper() + title[1:]
