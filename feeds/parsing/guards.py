"""Refusals before reading: documents whose only purpose, or effect, would be to stop a poller."""

from __future__ import annotations

import re
from xml.parsers import expat

from feeds.errors import ParseError
from feeds.text import open_elements, overgrown_tag

MAX_XML_DEPTH = 256
MAX_HTML_DEPTH = 512
MAX_EXPANSION = 2_000_000
"""Characters that internal entities may add to a document: a thousand long names, not a bomb."""
MAX_ENTITIES = 1000
MAX_ATTRIBUTES = 256
MAX_ENTRIES = 20_000
"""Entries of one document: reading so many takes the tolerant parser four seconds."""
MAX_ELEMENTS = 150_000
"""Elements of one document, at some forty microseconds each."""
MAX_MARKS = 400_000
"""Brackets and ampersands of an ill-formed document: each is a question to the tolerant parser."""
MAX_SHORT_FIELD = 1000
"""Characters of a field that is a name or a date; the tolerant parser searches them by the square of their length."""
MAX_TAG_WORK = 20_000_000
"""Sum of the squares of the entries' numbers of tags: each is compared with all before it."""

# Fields by their local names, in lower case.
_ENTRIES = frozenset(("item", "entry"))
_NAMES = frozenset(("author", "creator", "managingeditor", "webmaster", "publisher", "contributor", "owner"))
_DATES = frozenset(
    (
        "pubdate",
        "published",
        "issued",
        "updated",
        "modified",
        "created",
        "date",
        "lastbuilddate",
        "expirationdate",
        "valid",
    )
)
_TAGS = frozenset(("category", "subject", "keywords", "tags"))
_SHORT_FIELDS = _NAMES | _DATES
_ENTITY_DECLARED = re.compile(r"<!ENTITY\s+(?:%\s+)?([\w.:-]{1,200})\s+(?:\"([^\"]*)\"|'([^']*)')")
_COUNTED = re.compile(rf"<((?:[\w.-]{{1,40}}:)?(?:{'|'.join(sorted(_ENTRIES | _TAGS))}))[\s/>]", re.IGNORECASE)
_SHORT_FIELD = re.compile(rf"<((?:[\w.-]{{1,40}}:)?(?:{'|'.join(sorted(_SHORT_FIELDS))}))(?:\s[^<>]*)?>", re.IGNORECASE)
_SECTION = re.compile(r"<!--|<!\[CDATA\[")


def guard_xml(text: str) -> None:
    """Refuse a feed on which the tolerant parser would spend far more than on any honest one."""
    _guard_entities(text)
    census = _Census()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = census.opened
    parser.EndElementHandler = census.closed
    parser.CharacterDataHandler = census.characters
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        # The strict reading ends here, the tolerant parser will go on: what follows is counted by its tags alone.
        _guard_ill_formed(text)


class _Census:
    """Counts while the strict parser reads, and refuses as soon as a bound is passed."""

    def __init__(self) -> None:
        self.depth = 0
        self.elements = 0
        self.entries = 0
        self.tags = 0
        self.tag_work = 0
        self.field = ""
        self.field_depth = 0
        self.field_length = 0

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise ParseError(f"the document holds more than {MAX_ELEMENTS} elements; it is not read")
        self.depth += 1
        if self.depth > MAX_XML_DEPTH:
            raise ParseError(f"the document nests more than {MAX_XML_DEPTH} elements; it is not read")
        if len(attributes) > MAX_ATTRIBUTES:
            raise ParseError(f"element {name[:40]!r} carries {len(attributes)} attributes; the document is not read")
        local = name.rpartition(":")[2].lower()
        if local in _ENTRIES:
            self.entries += 1
            self.tags = 0
            if self.entries > MAX_ENTRIES:
                raise ParseError(f"the document holds more than {MAX_ENTRIES} entries; it is not read")
        elif local in _TAGS:
            self.tag_work += 2 * self.tags + 1
            self.tags += 1
            if self.tag_work > MAX_TAG_WORK:
                raise ParseError(f"an entry carries {self.tags} or more tags; the document is not read")
        elif local in _SHORT_FIELDS and not self.field:
            self.field, self.field_depth, self.field_length = local, self.depth, 0

    def closed(self, _name: str) -> None:
        """An element ends."""
        if self.field and self.depth <= self.field_depth:
            self.field = ""
        self.depth -= 1

    def characters(self, text: str) -> None:
        """Text inside whatever is open."""
        if not self.field:
            return
        self.field_length += len(text)
        # Atom spreads an author over several elements; the bound holds for their sum all the same.
        if self.field_length > MAX_SHORT_FIELD:
            raise ParseError(
                f"field {self.field!r} is longer than {MAX_SHORT_FIELD} characters; the document is not read"
            )


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
    for number, match in enumerate(_ENTITY_DECLARED.finditer(text, start), start=1):
        name, value = match[1], match[2] or match[3] or ""
        if re.search(r"&(?!#)[\w.:-]", value):
            raise ParseError(f"the document builds entity {name[:40]!r} out of other entities; it is not read")
        if number > MAX_ENTITIES:
            raise ParseError(f"the document declares more than {MAX_ENTITIES} entities; it is not read")
        added += len(value) * text.count(f"&{name};")
        if added > MAX_EXPANSION:
            raise ParseError(
                f"the document's entities would add more than {MAX_EXPANSION} characters to it; it is not read"
            )


def _guard_ill_formed(text: str) -> None:
    # Markup inside CDATA is text to the feed, and is bounded where it is read.
    markup = _without_sections(text)
    marks = markup.count("<") + markup.count("&")
    if marks > MAX_MARKS:
        raise ParseError(f"the ill-formed document holds {marks} marks of markup (limit {MAX_MARKS}); it is not read")
    deepest = open_elements(markup)
    if deepest > 4 * MAX_XML_DEPTH:
        raise ParseError(f"the ill-formed document nests {deepest} elements; it is not read")
    if overgrown_tag(markup):
        raise ParseError("the ill-formed document holds a tag with thousands of attributes; it is not read")
    census = _Census()
    for match in _COUNTED.finditer(markup):
        census.depth = 0
        census.field = ""
        census.opened(match[1], {})
    for match in _SHORT_FIELD.finditer(text):
        end = text.find("</", match.end())
        length = (end if end >= 0 else len(text)) - match.end()
        if length > MAX_SHORT_FIELD:
            raise ParseError(
                f"field {match[1][:20]!r} is longer than {MAX_SHORT_FIELD} characters; the document is not read"
            )


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
