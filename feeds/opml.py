"""Lists of feeds in the form that every feed reader exchanges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit
from xml.etree import ElementTree as Tree

from feeds.errors import FeedError
from feeds.model import Feed, FeedKind

DEEPEST = 64
LONGEST_BYTES = 4 * 1024 * 1024


class OpmlProblem(FeedError):
    """A list that cannot be read; one line says why."""


def write(feeds: Iterable[Feed], *, title: str = "Vedette") -> bytes:
    """The feeds as OPML 2.0; what other readers do not know travels in attributes that they ignore."""
    root = Tree.Element("opml", version="2.0")
    Tree.SubElement(Tree.SubElement(root, "head"), "title").text = title
    body = Tree.SubElement(root, "body")
    for feed in feeds:
        if not feed.url:
            continue
        outline = {
            "type": "rss",
            "text": feed.name,
            "title": feed.name,
            "xmlUrl": feed.url,
            "language": feed.languages[0] if feed.languages else "",
            "category": ",".join(f"/{topic}" for topic in feed.topics),
            "vedetteId": feed.feed_id,
            "vedetteKind": feed.kind.value,
        }
        Tree.SubElement(body, "outline", {key: value for key, value in outline.items() if value})
    Tree.indent(root)
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + Tree.tostring(root, encoding="unicode").encode()


def read(content: bytes, *, taken: Iterable[str] = ()) -> tuple[Feed, ...]:
    """The feeds a list names, each once, with ids that are not `taken`; raises `OpmlProblem`.

    Their grade is F whatever the list says: an officer judges a source. Topics come from OPML categories.
    """
    root = _root(content)
    used = set(taken)
    feeds: dict[str, Feed] = {}
    for outline in _outlines(root, 0):
        url = _attribute(outline, "xmlUrl")
        parts = _parts(url)
        if parts is None or url in feeds:
            continue
        host, path = parts
        name = _attribute(outline, "title") or _attribute(outline, "text") or host
        feed_id = _free_id(_attribute(outline, "vedetteId") or name, host, used)
        used.add(feed_id)
        language = _attribute(outline, "language").lower()[:2]
        feeds[url] = Feed(
            feed_id=feed_id,
            name=" ".join(name.split()),
            url=url,
            kind=_kind(_attribute(outline, "vedetteKind"), host, path),
            languages=(language if re.fullmatch(r"[a-z]{2}", language) else "en",),
            topics=_topics(_attribute(outline, "category")),
            owner=feed_id,
        )
    return tuple(feeds.values())


def _root(content: bytes) -> Tree.Element:
    if len(content) > LONGEST_BYTES:
        raise OpmlProblem(f"the list is larger than {LONGEST_BYTES // (1024 * 1024)} MiB; split it")
    if re.search(rb"<!\s*(?:DOCTYPE|ENTITY)", content, re.IGNORECASE):
        # An honest list declares nothing; entities are how a small one becomes a large one.
        raise OpmlProblem("the list declares a document type or entities; take the declaration out")
    try:
        root = Tree.fromstring(content)  # noqa: S314 - nothing is declared in it, see above
    except Tree.ParseError as error:
        raise OpmlProblem(f"the list is not well-formed XML ({error}); export it again") from error
    if root.tag.lower() != "opml":
        raise OpmlProblem(f"the document is <{root.tag[:40]}>, not <opml>; give an OPML file")
    return root


def _outlines(element: Tree.Element, depth: int) -> Iterator[Tree.Element]:
    if depth > DEEPEST:
        raise OpmlProblem(f"the list is nested more than {DEEPEST} folders deep; flatten it")
    for child in element:
        if child.tag.lower() == "outline" and _attribute(child, "xmlUrl"):
            yield child
        yield from _outlines(child, depth + 1)


def _attribute(outline: Tree.Element, name: str) -> str:
    # Exporters disagree about capitals.
    return next((value.strip() for key, value in outline.attrib.items() if key.lower() == name.lower()), "")


def _parts(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return host, parts.path


def _kind(given: str, host: str, path: str) -> FeedKind:
    if given in set(FeedKind):
        return FeedKind(given)
    if host in ("t.me", "telegram.me") and path.startswith("/s/"):
        return FeedKind.TELEGRAM
    if host.endswith("youtube.com") and path == "/feeds/videos.xml":
        return FeedKind.YOUTUBE
    return FeedKind.SYNDICATION


def _topics(category: str) -> tuple[str, ...]:
    words = (part.strip("/ ").lower() for part in category.split(","))
    return tuple(word for word in words if re.fullmatch(r"[a-z][a-z0-9_]*", word))


def _free_id(name: str, host: str, used: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:48]
    if len(stem) < 2:
        stem = re.sub(r"[^a-z0-9]+", "_", host.removeprefix("www.")).strip("_")[:48] or "feed"
    candidate, number = stem, 2
    while candidate in used:
        candidate, number = f"{stem}_{number}", number + 1
    return candidate
