"""Refusals before reading: documents whose only purpose, or effect, would be to stop a poller."""

from __future__ import annotations

import re
from xml.parsers import expat

from feeds.errors import ParseError
from feeds.text import open_elements, overgrown_tag

MAX_XML_DEPTH = 256
MAX_HTML_DEPTH = 2000
MAX_EXPANSION = 2_000_000
"""Characters that internal entities may add to a document: a thousand long names, not a bomb."""

_ENTITY_DECLARED = re.compile(r"<!ENTITY\s+(?:%\s+)?([\w.:-]{1,200})\s+(?:\"([^\"]*)\"|'([^']*)')")
_SECTION = re.compile(r"<!--|<!\[CDATA\[")


class _TooDeep(Exception):
    """Raised inside the counting parser to leave it early."""


def guard_xml(text: str) -> None:
    """Refuse a feed that declares a bomb of entities or nests its elements beyond any feed's need."""
    _guard_entities(text)
    _guard_depth(text)


def guard_html(text: str) -> None:
    """Refuse a page on which a tree builder would spend the square of its length."""
    deepest = open_elements(text)
    if deepest > MAX_HTML_DEPTH:
        raise ParseError(f"the page nests {deepest} elements (limit {MAX_HTML_DEPTH}); it is not read")
    if overgrown_tag(text):
        raise ParseError("the page holds a tag with thousands of attributes; it is not read")


def _guard_entities(text: str) -> None:
    start = text.find("<!ENTITY")
    if start < 0:
        return
    added = 0
    for match in _ENTITY_DECLARED.finditer(text, start):
        name, value = match[1], match[2] or match[3] or ""
        if re.search(r"&(?!#)[\w.:-]", value):
            raise ParseError(f"the document builds entity {name[:40]!r} out of other entities; it is not read")
        added += len(value) * text.count(f"&{name};")
        if added > MAX_EXPANSION:
            raise ParseError(
                f"the document's entities would add more than {MAX_EXPANSION} characters to it; it is not read"
            )


def _guard_depth(text: str) -> None:
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def opened(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_XML_DEPTH:
            raise _TooDeep

    def closed(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except _TooDeep:
        raise ParseError(f"the document nests more than {MAX_XML_DEPTH} elements; it is not read") from None
    except expat.ExpatError:
        _guard_ill_formed(text)


def _guard_ill_formed(text: str) -> None:
    # Markup inside CDATA is text to the feed, and is bounded where it is read.
    deepest = open_elements(_without_sections(text))
    if deepest > 4 * MAX_XML_DEPTH:
        raise ParseError(f"the ill-formed document nests {deepest} elements; it is not read")


def _without_sections(text: str) -> str:
    """The text without closed comments and CDATA sections, in one pass."""
    pieces, position = [], 0
    while (opening := _SECTION.search(text, position)) is not None:
        end = "-->" if opening.group() == "<!--" else "]]>"
        stop = text.find(end, opening.end())
        if stop < 0:
            break
        pieces.append(text[position : opening.start()])
        position = stop + len(end)
    pieces.append(text[position:])
    return "".join(pieces)
