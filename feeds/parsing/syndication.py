"""RSS of any version, RDF and Atom, as they really are: recovered as far as they can be, refused when they are none."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from html.entities import html5
from typing import Any

import feedparser

from feeds.errors import ParseError
from feeds.model import FeedKind
from feeds.parsing.document import Document, Draft, Hints, Parsed
from feeds.parsing.encoding import decode
from feeds.parsing.entries import finish
from feeds.parsing.guards import guard_xml
from feeds.parsing.links import absolute, unwrapped
from feeds.text import clean, line, plain, plain_line, unescape

_HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))
_TEXT_TYPES = frozenset(("text/plain", "", *_HTML_TYPES))
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,500}\?>")
# What XML 1.0 forbids stops the strict parser at the first such character; nobody wants to read them anyway.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CHARACTER_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,64})|([0-9]{1,64}));?")
_SECTION = re.compile(r"<!--|<!\[CDATA\[")
_NAMED = re.compile(r"&(?:([a-zA-Z][a-zA-Z0-9]{1,31});|(?!#))")
_XML_NAMES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_ENTRY_EDGE = re.compile(r"</?(?:item|entry)(?=[\s>])")
_ADDRESS_LIKE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://|/|\?|\.\.?/")
_LESSER_RELATIONS = ("other form", "self", "related", "via", "enclosure")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}


def read(document: Document, *, kind: FeedKind = FeedKind.SYNDICATION) -> Parsed:
    """The entries of an RSS, RDF or Atom document; ParseError when it is none of them."""
    text = decode(document.content, content_type=document.content_type, languages=document.feed.languages)
    text = _scrub(text)
    guard_xml(text)
    found = _feedparser(text)
    channel: Mapping[str, Any] = found["feed"]
    if not found.get("version") and not found["entries"]:
        raise ParseError(
            f"{document.where}: no RSS, RDF or Atom in the document; it begins {_beginning(text)!r}; check the address"
        )
    base = document.url
    drafts = [_draft(entry, base) for entry in found["entries"]]
    notes = [_repair(found)]
    if drafts and found.get("bozo") and _says_nothing(drafts[-1]) and _ends_inside_entry(text):
        # The next poll will find it whole; half an entry would return as another one.
        drafts.pop()
        notes.append("the last entry is cut off before its first word and was left out")
    return finish(
        document,
        drafts,
        kind=kind,
        title=_title(channel),
        next_page=_next_page(channel, base),
        hints=_hints(channel, base),
        notes=notes,
        declared_language=_text(channel, "language"),
    )


def _scrub(text: str) -> str:
    text = _DECLARATION.sub("", text.lstrip("\ufeff \t\r\n"), count=1)
    text = _CHARACTER_REFERENCE.sub(_lawful, _FORBIDDEN.sub("", text))
    # A document that declares entities of its own knows what its names mean.
    return text if "<!ENTITY" in text else "".join(_with_entities(text))


def _with_entities(text: str) -> Iterator[str]:
    """Names that XML does not know become what HTML means by them, and a bare ampersand stays one.

    Sections and comments are left as they are: there an ampersand is a letter.
    """
    position = 0
    while (opening := _SECTION.search(text, position)) is not None:
        yield _NAMED.sub(_meant, text[position : opening.start()])
        end = "-->" if opening.group() == "<!--" else "]]>"
        stop = text.find(end, opening.end())
        # Of a section that never ends the tolerant parser makes something, or nothing.
        position = stop + len(end) if stop >= 0 else len(text)
        yield text[opening.start() : position]
    yield _NAMED.sub(_meant, text[position:])


def _meant(reference: re.Match[str]) -> str:
    name = reference[1]
    if not name:
        return "&amp;"
    if name in _XML_NAMES:
        return reference.group()
    return html5.get(f"{name};") or f"&amp;{name};"


def _lawful(reference: re.Match[str]) -> str:
    """A character reference kept when it names a character that XML allows, dropped otherwise."""
    hexadecimal, decimal = reference[1], reference[2]
    point = int(hexadecimal, 16) if hexadecimal else int(decimal)
    if point > 0x10FFFF or _FORBIDDEN.match(chr(point)):
        return ""
    return reference.group()


def _feedparser(text: str) -> Any:
    content = b"<?xml version='1.0' encoding='utf-8'?>\n" + text.encode("utf-8", "replace")
    try:
        return feedparser.parse(
            io.BytesIO(content),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (ValueError, TypeError, AttributeError, LookupError, AssertionError, OverflowError, RecursionError) as error:
        # The tolerant parser is not tolerant of everything; a document it trips over is a document not read.
        raise ParseError(f"the document breaks the feed parser ({type(error).__name__}: {str(error)[:80]})") from None


def _draft(entry: Mapping[str, Any], base: str) -> Draft:
    source = _own(entry, "source")
    stated = _text(source, "title") if isinstance(source, Mapping) else ""
    publisher = line(unescape(stated or _text(entry, "news_source")))
    return Draft(
        source_id=line(_text(entry, "id")),
        url=_link(entry, base),
        title=_title(entry),
        text=_body(entry),
        dates=tuple(raw for key in ("published", "updated", "created") if (raw := _text(entry, key))),
        author=_author(entry),
        forwarded_from=publisher[:200],
        lang=_language(entry),
    )


def _says_nothing(draft: Draft) -> bool:
    return not (draft.source_id or draft.url or draft.title or draft.text or draft.dates or draft.author)


def _ends_inside_entry(text: str) -> bool:
    ends = [match.end() for match in _ENTRY_EDGE.finditer(text[-200_000:])]
    return bool(ends) and not text[-200_000:][: ends[-1]].endswith(("/item", "/entry"))


def _own(entry: Mapping[str, Any], key: str) -> Any:
    # The parser's dictionaries answer for missing keys with other keys (`updated` with `published`); never here.
    return dict.get(entry, key) if isinstance(entry, dict) else None


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = _own(entry, key)
    return value if isinstance(value, str) else ""


def _author(entry: Mapping[str, Any]) -> str:
    """Whoever is named, without their mail address where there is a name."""
    authors = _own(entry, "authors")
    several = [author for author in authors if isinstance(author, Mapping)] if isinstance(authors, Sequence) else []
    names = [line(unescape(_text(author, "name"))) for author in several]
    shown = ", ".join(dict.fromkeys(name for name in names if name))
    return (shown or line(unescape(_text(entry, "author"))))[:200]


def _title(entry: Mapping[str, Any]) -> str:
    detail = _own(entry, "title_detail")
    value = _text(entry, "title") or _text(entry, "itunes_title")
    if isinstance(detail, Mapping) and detail.get("type") not in _HTML_TYPES:
        return line(unescape(value))
    return plain_line(value)


def _body(entry: Mapping[str, Any]) -> str:
    """The fullest text an entry carries: its content when it has one, else its summary."""
    raw: dict[str, str] = {}
    contents = _own(entry, "content")
    for content in contents if isinstance(contents, Sequence) else ():
        if content.get("type", "") in _TEXT_TYPES:
            raw.setdefault(str(content.get("value") or ""), content.get("type", ""))
    detail = _own(entry, "summary_detail")
    kind = detail.get("type", "text/html") if isinstance(detail, Mapping) else "text/html"
    summary = _text(entry, "summary")
    if kind in _TEXT_TYPES:
        # The parser repeats the content as a summary where there is none; the same words are read once.
        raw.setdefault(summary, kind)
    if not any(raw):
        raw.setdefault(_text(entry, "subtitle"), "text/html")
    return max((_readable(value, form) for value, form in raw.items()), key=len, default="")


def _readable(value: str, kind: str) -> str:
    return clean(unescape(value)) if kind == "text/plain" else plain(value)


def _link(entry: Mapping[str, Any], base: str) -> str:
    """The page of the publication: the first of several alternates, never an id that is no address."""
    # A feed run through a counting service names the page it leads to.
    if original := absolute(_text(entry, "feedburner_origlink"), base):
        return original
    return unwrapped(_stated_link(entry, base))


def _stated_link(entry: Mapping[str, Any], base: str) -> str:
    links = _own(entry, "links")
    found: dict[str, str] = {}
    for candidate in links if isinstance(links, Sequence) else ():
        if isinstance(candidate, Mapping) and (address := absolute(str(candidate.get("href") or ""), base)):
            readable = candidate.get("type", "text/html") in _HTML_TYPES
            relation = str(candidate.get("rel") or "alternate")
            found.setdefault(relation if readable or relation != "alternate" else "other form", address)
    if "alternate" in found:
        return found["alternate"]
    link = _text(entry, "link")
    # An identifier that nobody marked as no address counts as the link only when it looks like one.
    if link and (link != _text(entry, "id") or _ADDRESS_LIKE.match(link)):
        return absolute(link, base)
    return next((found[relation] for relation in _LESSER_RELATIONS if relation in found), "")


def _language(entry: Mapping[str, Any]) -> str:
    for key in ("title_detail", "summary_detail"):
        detail = _own(entry, key)
        if isinstance(detail, Mapping) and isinstance(detail.get("language"), str):
            return str(detail["language"])
    return ""


def _next_page(channel: Mapping[str, Any], base: str) -> str | None:
    return _related(channel, "next", base) or None


def _related(channel: Mapping[str, Any], relation: str, base: str) -> str:
    links = _own(channel, "links")
    for candidate in links if isinstance(links, Sequence) else ():
        if isinstance(candidate, Mapping) and candidate.get("rel") == relation:
            return absolute(str(candidate.get("href") or ""), base)
    return ""


def _hints(channel: Mapping[str, Any], base: str) -> Hints:
    return Hints(ttl=_ttl(channel), hub=_related(channel, "hub", base) or None)


def _ttl(channel: Mapping[str, Any]) -> timedelta | None:
    stated = _text(channel, "ttl").strip()
    if re.fullmatch(r"\d{1,6}", stated) and int(stated) > 0:
        return timedelta(minutes=int(stated))
    period = _PERIODS.get(_text(channel, "sy_updateperiod").strip().lower())
    if period is None:
        return None
    frequency = _text(channel, "sy_updatefrequency").strip()
    times = int(frequency) if re.fullmatch(r"[1-9]\d{0,3}", frequency) else 1
    return period / times


def _repair(found: Any) -> str:
    if not found.get("bozo"):
        return ""
    return f"ill-formed, recovered: {line(str(found.get('bozo_exception', '')))[:120]}"


def _beginning(text: str) -> str:
    return line(text[:400])[:60]
