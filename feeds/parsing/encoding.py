"""Bytes to characters: marks, patterns and declarations weighed against what the bytes themselves allow."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from feeds.parsing.cyrillic import cyrillic_set

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_EBCDIC_XML = b"\x4c\x6f\xa7\x94"
_XML_DECLARED = re.compile(rb"^\s{0,64}<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_HTML_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
# Codecs that are not character sets, or that cost the square of their input.
_REFUSED = frozenset(("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "utf-7"))
# A browser's reading of names that pages use loosely.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254"}
WESTERN = "cp1252"
_ALIASES = {"x-mac-cyrillic": "mac-cyrillic", "x-cp1251": "cp1251", "win-1251": "cp1251", "cp-1251": "cp1251",
            "win1251": "cp1251", "windows1251": "cp1251", "koi8": "koi8-r"}  # fmt: skip
_SEVEN_BIT = frozenset(("iso2022_jp", "iso2022_kr", "iso2022_jp_1", "iso2022_jp_2", "hz"))
_CYRILLIC_FEEDS = frozenset(("ru", "uk", "be", "bg", "sr", "mk"))


def decode(content: bytes, *, content_type: str | None = None, languages: Sequence[str] = ()) -> str:
    """The document's characters; never fails, and prefers what decodes cleanly over what was declared."""
    marked = _marked(content)
    if marked is not None:
        return marked
    declared = _declared(content, content_type)
    seven_bit = [name for name in declared if name in _SEVEN_BIT]
    if content.isascii() and not seven_bit:
        return content.decode("ascii")
    # Bytes beyond ASCII that form valid UTF-8 are UTF-8, whatever the header or the prolog says.
    for name in (*seven_bit, "utf-8", *(name for name in declared if name != WESTERN)):
        try:
            return content.decode(name)
        except (UnicodeError, LookupError, ValueError):
            continue
    if _mostly_utf8(content):
        return content.decode("utf-8", "replace")
    # A server's default of Latin letters says nothing, and cannot fail: what the bytes look like counts for more.
    fallback = next((name for name in declared if name not in ("utf-8", WESTERN)), None) or cyrillic_set(content)
    return content.decode(fallback or ("cp1251" if _CYRILLIC_FEEDS & set(languages) else WESTERN), "replace")


def _marked(content: bytes) -> str | None:
    """The characters of a document whose first bytes leave no doubt about its encoding."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace")
    if wide := _wide(content):
        return content.decode(wide, "replace")
    if content.startswith(_EBCDIC_XML):
        return content.decode("cp037", "replace")
    return None


def _wide(content: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, known by where the zero bytes of the first characters lie."""
    head = content[:4]
    if len(head) < 4 or 0 not in head:
        return None
    pattern = "".join("x" if byte else "0" for byte in head)
    return {"x0x0": "utf-16-le", "0x0x": "utf-16-be", "x000": "utf-32-le", "000x": "utf-32-be"}.get(pattern)


def _declared(content: bytes, content_type: str | None) -> list[str]:
    head = content[:2048]
    names = []
    if content_type and (match := _CHARSET.search(content_type[:500])):
        names.append(match[1])
    for pattern in (_XML_DECLARED, _HTML_DECLARED):
        if found := pattern.search(head):
            names.append(found[1].decode("ascii", "replace"))
    usable = []
    for name in names:
        try:
            codec = codecs.lookup(_ALIASES.get(name.lower(), name))
        except (LookupError, ValueError):
            continue
        plain = codec.name
        if plain.replace("-", "_") in _REFUSED or plain in _REFUSED or plain.startswith(("utf-16", "utf-32")):
            continue
        try:
            b"a".decode(plain)
        except (LookupError, UnicodeError):
            continue  # a codec that is no character set (hex, zlib, rot13)
        usable.append(_WIDER.get(plain, plain))
    return usable


def _mostly_utf8(content: bytes) -> bool:
    """True when a few broken bytes spoil what is otherwise UTF-8: better two marks of loss than a page of mojibake."""
    sample = content[:200_000]
    text = sample.decode("utf-8", "replace")
    beyond = sum(character > "\x7f" for character in text)
    return text.count("\ufffd") * 10 < beyond
