"""Hostile text made plain: no markup, no control or direction characters, NFC, paragraphs kept."""

from __future__ import annotations

import html
import re
import sys
import unicodedata

import nh3


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# A block ends a line; these also leave a blank line, so that paragraphs stay paragraphs.
_PARAGRAPHS = _names(
    "address article aside blockquote dd details dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr main nav ol p pre section table ul"
)
_LINES = _names("br caption center dir div li optgroup option summary tbody tfoot thead tr")
_CELLS = frozenset(("td", "th"))
_KEPT_TAGS = _PARAGRAPHS | _LINES | _CELLS
# What stands inside these is machinery, not words.
_DROPPED_WITH_CONTENT = _names(
    "script style noscript template iframe object embed applet svg math head title select textarea audio video "
    "canvas noembed noframes"
)
_VOID = _names("area base br col embed hr img input link meta param source track wbr")
# HTML closes these by itself, so that a thousand of them unclosed is untidy, not deep.
_SELF_CLOSING = _names("p li td th tr dt dd option optgroup thead tbody tfoot colgroup")

# Beyond these a tree builder's cost grows with the square of the input (measured: 20,000 open elements take 2.4 s,
# 500,000 entities in one text 4.5 s); such a text loses its markup by a plain linear sweep instead.
MAX_OPEN_ELEMENTS = 512
_MAX_ENTITIES = 20_000
_MAX_TREE_LENGTH = 400_000
_MAX_ATTRIBUTES = 1_000

_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:_-]*)")
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{20000,}")
_ANY_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)[^<>]*>?|<![^<>]*>?|<\?[^<>]*>?")
_KEPT_TAG = re.compile(r"<(/?)([a-z0-9]+)>")
_HAS_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*>|!--|!\[CDATA\[)")
# Written as XML writes it; a tree builder would make two breaks of it.
_CLOSED_BREAK = re.compile(r"(<br\s*/?>)\s*</br\s*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")

_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_ASCII_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# Invisible characters split words that the lexicon would match, or turn the reading direction of a line.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# The joiner that builds one emoji out of several is kept between symbols and dropped beside letters.
_JOINER = re.compile("\u200d+(?=[\\w\\s]|$)|(?:(?<=[\\w\\s])|^)\u200d+|\u200d{2,}")
# Every run of blanks but the single space it becomes.
_SPACES = re.compile(r" [^\S\n]+|[^\S\n ][^\S\n]*")
_AROUND_BREAK = re.compile(r" \n ?|\n ")
_BLANK_LINES = re.compile(r"\n{3,}")
# Where blocks begin and end, until it is known what meets there; the source's own control characters are gone by then.
_PARAGRAPH_EDGE, _LINE_EDGE = "\x01", "\x02"
_EDGES = re.compile(r"[\x01\x02][ \n\x01\x02]*")


def _combining_class() -> str:
    """The body of a character class of all marks that normalisation reorders."""
    ranges: list[list[int]] = []
    for point in range(0x300, 0x1F000):
        if unicodedata.combining(chr(point)):
            if ranges and ranges[-1][1] == point - 1:
                ranges[-1][1] = point
            else:
                ranges.append([point, point])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


# Normalising a run of marks costs the square of its length; 30 is the bound of Unicode's stream-safe text (UAX 15).
# A cheap question first: no mark lies among the letters and signs of Europe, and theirs is nearly all our text.
_MAYBE_ENDLESS = re.compile("[^\x00-\u02ff\u0370-\u0482\u048a-\u0590\u2000-\u20cf\u2100-\u2cee]{31}")
_ENDLESS_MARKS = re.compile(f"([{_combining_class()}]{{30}})[{_combining_class()}]+")


def clean(text: str) -> str:
    """Plain text as given, without control, direction and invisible characters; paragraphs and lines kept."""
    if text.isascii():
        text = _ASCII_CONTROLS.sub("", _ascii_breaks(text))
    else:
        text = _INVISIBLE.sub("", _BREAKS.sub("\n", text))
        if "\u200d" in text:
            text = _JOINER.sub("", text)
        if _MAYBE_ENDLESS.search(text):
            text = _ENDLESS_MARKS.sub(r"\1", text)
        text = unicodedata.normalize("NFC", text)
    text = _SPACES.sub(" ", text)
    text = _AROUND_BREAK.sub("\n", text)
    return _BLANK_LINES.sub("\n\n", text).strip()


def _ascii_breaks(text: str) -> str:
    for broken in ("\r\n", "\r", "\x0b", "\x0c"):
        text = text.replace(broken, "\n")
    return text


def line(text: str) -> str:
    """The same on one line: for titles, names and messages."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join(clean(text).split())


def plain(markup: str, *, certainly_html: bool = False) -> str:
    """What a reader of this HTML would read: scripts and styles gone, paragraphs kept, nothing left to render."""
    if not _HAS_TAG.search(markup):
        # A description without any tag is text with line breaks of its own, whatever its type says; only inside a
        # page is a line break known to be no more than a space.
        return clean(unescape(" ".join(markup.split()) if certainly_html else markup))
    markup = _CLOSED_BREAK.sub(r"\1", _INVISIBLE.sub("", markup))
    swept = _by_tree(markup) if _is_tame(markup) else _by_sweep(markup)
    return clean(_settle(swept))


def plain_line(markup: str) -> str:
    """HTML on one line: for titles."""
    return " ".join(plain(markup).split())


def unescape(text: str) -> str:
    """Character references resolved once; a bare ampersand, or one without its semicolon, stays as it is."""
    return _ENTITY.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    return html.unescape(match.group())


def open_elements(markup: str) -> int:
    """The greatest number of elements open at once, counted without building anything."""
    depth = deepest = 0
    for match in _TAG_NAME.finditer(markup):
        closing, name = match.group(1), sys.intern(match.group(2).lower())
        if name in _VOID or name in _SELF_CLOSING:
            continue
        if closing:
            depth = max(depth - 1, 0)
        else:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def overgrown_tag(markup: str) -> bool:
    """True when one tag carries more attributes than any honest page; comparing them costs the square."""
    return any(
        len(match.group().split(None, _MAX_ATTRIBUTES + 1)) > _MAX_ATTRIBUTES for match in _LONG_TAG.finditer(markup)
    )


def _is_tame(markup: str) -> bool:
    return (
        len(markup) <= _MAX_TREE_LENGTH
        and markup.count("&") <= _MAX_ENTITIES
        and open_elements(markup) <= MAX_OPEN_ELEMENTS
        and not overgrown_tag(markup)
    )


def _by_tree(markup: str) -> str:
    kept = nh3.clean(
        re.sub(r"\s+", " ", markup) if "<pre" not in markup.lower() else markup,
        tags=set(_KEPT_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes={},
        link_rel=None,
        strip_comments=True,
    )
    return html.unescape(_KEPT_TAG.sub(_break, kept))


def _by_sweep(markup: str) -> str:
    """Markup removed in one pass, for texts built to exhaust a tree builder."""
    markup = _without_comments(markup)
    pieces: list[str] = []
    position, inside = 0, ""
    for match in _ANY_TAG.finditer(markup):
        if not inside:
            pieces.append(markup[position : match.start()])
        position = match.end()
        closing, name = match.group(1), (match.group(2) or "").lower()
        if inside:
            if closing and name == inside:
                inside = ""
            continue
        if name in _DROPPED_WITH_CONTENT and not closing:
            inside = name
        elif name in _KEPT_TAGS:
            pieces.append(_break_of(name))
    if not inside:
        pieces.append(markup[position:])
    return unescape("".join(pieces))


def _without_comments(markup: str) -> str:
    pieces: list[str] = []
    position = 0
    while (start := markup.find("<!--", position)) >= 0:
        pieces.append(markup[position:start])
        end = markup.find("-->", start + 4)
        if end < 0:
            return "".join(pieces)
        position = end + 3
    pieces.append(markup[position:])
    return "".join(pieces)


def _break(match: re.Match[str]) -> str:
    return _break_of(match.group(2))


def _break_of(name: str) -> str:
    if name == "br":
        return "\n"
    if name in _PARAGRAPHS:
        return _PARAGRAPH_EDGE
    return " " if name in _CELLS else _LINE_EDGE


def _settle(text: str) -> str:
    """Edges of blocks that meet become one break: a blank line where one of them is a paragraph's."""
    pieces, position = [], 0
    for run in _EDGES.finditer(text):
        pieces.append(text[position : run.start()].rstrip(" \n"))
        pieces.append("\n\n" if _PARAGRAPH_EDGE in run.group() else "\n")
        position = run.end()
    pieces.append(text[position:])
    return "".join(pieces)
