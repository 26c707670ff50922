"""A page of press releases, read by the selectors its registry entry declares."""

from __future__ import annotations

from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from feeds.errors import ParseError
from feeds.model import FeedKind, Outcome
from feeds.parsing.document import Document, Draft, Parsed
from feeds.parsing.encoding import decode
from feeds.parsing.entries import finish
from feeds.parsing.guards import guard_html
from feeds.parsing.links import absolute
from feeds.text import line, plain, plain_line

_ITSELF = "."


def read(document: Document) -> Parsed:
    """The releases on the page; LAYOUT_CHANGED when the selectors no longer find them.

    Selectors are CSS; `selector@attribute` takes an attribute instead of the text, and `.` means the item itself.
    """
    text = decode(document.content, content_type=document.content_type, languages=document.feed.languages)
    if "<" not in text:
        raise ParseError(f"{document.where}: no HTML page; it begins {line(text[:200])[:60]!r}")
    guard_html(text)
    page = LexborHTMLParser(text)
    selectors = document.feed.selectors
    if not selectors.get("item"):
        raise ParseError(
            f"{document.feed.feed_id}: a release page needs a selector `item`; declare `selectors: {{item: ..., "
            "title: ..., link: ..., date: ...}`"
        )
    title = _page_title(page)
    items = _find_all(page, selectors["item"])
    if not items:
        return _changed(title, f"selector item={selectors['item']!r} finds nothing on the page")
    base = _base(page, document.url)
    drafts = [_draft(item, selectors, base) for item in items]
    named = [draft for draft in drafts if draft.title or draft.text]
    if not named:
        return _changed(
            title, f"{len(items)} items, but selector title={selectors.get('title', '')!r} finds no words in any"
        )
    if selectors.get("title") and not any(draft.title for draft in drafts):
        return _changed(title, f"{len(items)} items, but selector title={selectors['title']!r} finds no words in any")
    missing = len(items) - len(named)
    return finish(
        document,
        named,
        kind=FeedKind.RELEASE_PAGE,
        title=title,
        next_page=_next_page(page, base),
        notes=(
            f"{missing} of {len(items)} items without words were left out" if missing else "",
            *(
                f"selector {name}={selectors[name]!r} finds nothing in any item; compare it with the page"
                for name, found in (("link", "url"), ("date", "dates"), ("text", "text"))
                if selectors.get(name) and not any(getattr(draft, found) for draft in named)
            ),
        ),
    )


def _changed(title: str, detail: str) -> Parsed:
    return Parsed(
        title=title,
        entries=(),
        kind=FeedKind.RELEASE_PAGE,
        trouble=Outcome.LAYOUT_CHANGED,
        detail=f"{detail}: the layout has changed; compare the feed's selectors with the page",
    )


def _draft(item: LexborNode, selectors: Mapping[str, str], base: str) -> Draft:
    link = _link(item, selectors, base)
    title_node = _find(item, selectors.get("title", ""))
    title = _words_in_line(title_node, selectors.get("title", ""))
    text_selector = selectors.get("text", "")
    text_node = _find(item, text_selector) if text_selector else None
    text = plain(text_node.inner_html or "", certainly_html=True) if text_node is not None else ""
    if not title and not selectors.get("title"):
        anchor = item if item.tag == "a" else item.css_first("a[href]")
        title = plain_line(anchor.inner_html or "") if anchor is not None else ""
    return Draft(
        source_id="",
        url=link,
        title=title,
        text=text,
        dates=tuple(raw for raw in _dates(item, selectors.get("date", "")) if raw),
    )


def _link(item: LexborNode, selectors: Mapping[str, str], base: str) -> str:
    declared = selectors.get("link", "")
    if declared:
        _, attribute = _split(declared)
        node = _find(item, declared)
        if node is None:
            return ""
        if attribute or node.attributes.get("href"):
            return absolute(node.attributes.get(attribute or "href"), base)
        inner = node.css_first("a[href]")
        return absolute(inner.attributes.get("href"), base) if inner is not None else ""
    if item.tag == "a":
        return absolute(item.attributes.get("href"), base)
    title = _find(item, selectors.get("title", ""))
    for node in (title, title.css_first("a[href]") if title is not None else None, item.css_first("a[href]")):
        if node is not None and node.attributes.get("href"):
            return absolute(node.attributes.get("href"), base)
    return ""


def _dates(item: LexborNode, selector: str) -> tuple[str, ...]:
    """Raw dates in order of trust: the declared attribute, the machine's form, the words."""
    if not selector:
        node = item.css_first("time[datetime]")
        return (node.attributes.get("datetime") or "",) if node is not None else ()
    _, attribute = _split(selector)
    node = _find(item, selector)
    if node is None:
        return ()
    if attribute:
        return (line(node.attributes.get(attribute) or ""),)
    return (
        line(node.attributes.get("datetime") or node.attributes.get("content") or ""),
        line(node.text(separator=" ")),
    )


def _words_in_line(node: LexborNode | None, selector: str) -> str:
    if node is None:
        return ""
    _, attribute = _split(selector)
    return line(node.attributes.get(attribute) or "") if attribute else plain_line(node.inner_html or "")


def _split(selector: str) -> tuple[str, str]:
    css, _, attribute = selector.partition("@")
    return css.strip() or _ITSELF, attribute.strip()


def _find(item: LexborNode, selector: str) -> LexborNode | None:
    if not selector:
        return None
    css, _ = _split(selector)
    if css == _ITSELF:
        return item
    try:
        return item.css_first(css)
    except SelectolaxError as error:
        raise _unusable(css, error) from None


def _find_all(page: LexborHTMLParser, selector: str) -> list[LexborNode]:
    try:
        return page.css(selector)
    except SelectolaxError as error:
        raise _unusable(selector, error) from None


def _unusable(selector: str, error: Exception) -> ParseError:
    return ParseError(
        f"selector {selector!r} is no CSS selector ({line(str(error))[:80]}); correct it in the feed's entry"
    )


def _page_title(page: LexborHTMLParser) -> str:
    found = page.css_first("title")
    return line(found.text()) if found is not None else ""


def _base(page: LexborHTMLParser, url: str) -> str:
    declared = page.css_first("base[href]")
    return (absolute(declared.attributes.get("href"), url) if declared is not None else "") or url


def _next_page(page: LexborHTMLParser, base: str) -> str | None:
    found = page.css_first("link[rel=next], a[rel=next]")
    return (absolute(found.attributes.get("href"), base) or None) if found is not None else None
