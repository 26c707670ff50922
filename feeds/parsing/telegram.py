"""The public preview of a Telegram channel: every kind of message, who it was forwarded from, and the page before."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.errors import ParseError
from feeds.model import FeedKind, Outcome
from feeds.parsing.document import Document, Draft, Parsed
from feeds.parsing.encoding import decode
from feeds.parsing.entries import finish
from feeds.parsing.guards import guard_html
from feeds.parsing.links import absolute
from feeds.text import clean, line, plain

_MESSAGE = ".tgme_widget_message[data-post]"
_REPLY = ".tgme_widget_message_reply"
_TEXT = ".js-message_text, .tgme_widget_message_text"
_POST = re.compile(r"[\w.-]{1,64}/\d{1,15}(?:/\d{1,15})?")
_HANDLE = re.compile(r"(?:https?://)?t(?:elegram)?\.me/(?:s/)?(\w{3,64})(?:/\d+)?/?(?:\?.*)?$")
_BEFORE = re.compile(r"[?&]before=\d+")
_ADDRESS = re.compile(r"https?://\S+|\bt\.me/\S+")
# A pinning notice repeats the words of the pinned post: reading them again would count them twice.
_QUOTED = re.compile(r"\s*[«“\"].*[»”\"]", re.DOTALL)
# What a message carries besides words, in the order in which it is told.
_MEDIA: tuple[tuple[str, str], ...] = (
    (".tgme_widget_message_photo_wrap", "photo"),
    (".tgme_widget_message_video_player", "video"),
    (".tgme_widget_message_roundvideo_player", "round video"),
    (".tgme_widget_message_voice_player", "voice message"),
    (".tgme_widget_message_sticker_wrap", "sticker"),
    (".tgme_widget_message_location_wrap", "location"),
    (".tgme_widget_message_contact_wrap", "contact"),
    (".tgme_widget_message_invoice_wrap", "invoice"),
    (".tgme_widget_message_game", "game"),
)


def read(document: Document) -> Parsed:
    """The messages of one preview page, oldest first as the page has them."""
    text = decode(document.content, content_type=document.content_type, languages=document.feed.languages)
    if not text.strip():
        return _nothing(Outcome.PREVIEW_OFF, "an empty answer: the channel shows no public preview")
    if "tgme_" not in text:
        raise ParseError(f"{document.where}: no Telegram preview page; use the address https://t.me/s/NAME")
    guard_html(text)
    page = LexborHTMLParser(text)
    drafts, nameless = [], 0
    for message in _messages(page):
        post = (message.attributes.get("data-post") or "").strip()
        if _POST.fullmatch(post):
            drafts.append(_draft(message, post))
        else:
            nameless += 1
    if not drafts:
        return _without_messages(page)
    return finish(
        document,
        drafts,
        kind=FeedKind.TELEGRAM,
        title=_channel(page),
        next_page=_page_before(page, document.url),
        notes=(f"{nameless} messages without a number were left out" if nameless else "",),
    )


def _messages(page: LexborHTMLParser) -> list[LexborNode]:
    """The messages of the page; what lies inside another message is part of it."""
    known = {node.mem_id: node for node in page.css(_MESSAGE)}
    outer = []
    for node in known.values():
        above = node.parent
        while above is not None and above.mem_id not in known:
            above = above.parent
        if above is None:
            outer.append(node)
    return outer


def _without_messages(page: LexborHTMLParser) -> Parsed:
    if page.css_first(".tme_no_messages_found") is not None:
        return _nothing(Outcome.EMPTY, "the page says that no messages were found", _channel(page))
    if page.css_first(".tgme_widget_message_wrap, .tgme_widget_message, [class*=tgme_widget_message_]") is not None:
        return _nothing(
            Outcome.LAYOUT_CHANGED, f"messages without {_MESSAGE}: the page's layout has changed", _channel(page)
        )
    if page.css_first(".tgme_page, .tgme_page_action, .tgme_action_button_new") is not None:
        return _nothing(
            Outcome.PREVIEW_OFF, "the channel's card without messages: its public preview is off", _channel(page)
        )
    if page.css_first(".tgme_channel_history, .tgme_channel_info") is not None:
        return _nothing(Outcome.EMPTY, "the channel shows no messages", _channel(page))
    return _nothing(Outcome.LAYOUT_CHANGED, f"no {_MESSAGE} on the page: its layout has changed", _channel(page))


def _nothing(outcome: Outcome, detail: str, title: str = "") -> Parsed:
    return Parsed(title=title, entries=(), kind=FeedKind.TELEGRAM, trouble=outcome, detail=detail)


def _draft(message: LexborNode, post: str) -> Draft:
    return Draft(
        source_id=post,
        url=_address(message, post),
        title="",
        text=_body(message),
        dates=(_instant(message),),
        author=_author(message),
        forwarded_from=_forwarded_from(message),
        forwarded_handle=_forwarded_handle(message),
    )


def _address(message: LexborNode, post: str) -> str:
    """Where the message says it stands; without a link of its own, where the platform keeps it."""
    dated = message.css_first("a.tgme_widget_message_date[href]")
    link = (dated.attributes.get("href") or "") if dated is not None else ""
    return link.partition("?")[0] if link.startswith(("https://", "http://")) else f"https://t.me/{post}"


def _body(message: LexborNode) -> str:
    """The message's own words; what it carries without words is told in brackets."""
    if "service_message" in (message.attributes.get("class") or ""):
        notice = _own_words(message) or clean(message.text(separator=" "))
        return f"[service message] {line(_QUOTED.sub('', notice))}".strip()
    words = [_own_words(message), _poll(message), *_documents(message), *_places(message)]
    body = "\n\n".join(part for part in words if part)
    if not _ADDRESS.sub("", body).strip():
        # A bare link says what its preview card says; beside words of its own the card is another's text.
        body = "\n\n".join(part for part in (_card(message), body) if part)
    return body or _carried(message)


def _own_words(message: LexborNode) -> str:
    return "\n\n".join(
        part for node in _outermost(message, _TEXT) if (part := plain(node.inner_html or "", certainly_html=True))
    )


def _outermost(message: LexborNode, selector: str) -> list[LexborNode]:
    """Matches that lie neither in a quoted reply nor in another match: the preview nests the same text twice."""
    known = {node.mem_id: node for node in message.css(selector)}
    quoted = {node.mem_id for node in message.css(f"{_REPLY}, .tgme_widget_message_link_preview")}
    kept = []
    for node in known.values():
        above = node.parent
        while above is not None and above.mem_id not in known and above.mem_id not in quoted:
            above = above.parent if above.mem_id != message.mem_id else None
        if above is None:
            kept.append(node)
    return kept


def _poll(message: LexborNode) -> str:
    question = _first(message, ".tgme_widget_message_poll_question")
    if not question:
        return ""
    options = [line(option.text()) for option in message.css(".tgme_widget_message_poll_option_text")]
    return "\n".join((question, *(f"- {option}" for option in options if option)))


def _documents(message: LexborNode) -> list[str]:
    return [
        " ".join(
            part
            for part in (
                _first(node, ".tgme_widget_message_document_title"),
                _first(node, ".tgme_widget_message_document_extra"),
            )
            if part
        )
        for node in message.css(".tgme_widget_message_document")
    ]


def _places(message: LexborNode) -> list[str]:
    selector = ".tgme_widget_message_location_info, .tgme_widget_message_venue, .tgme_widget_message_contact_name"
    return [line(node.text(separator=" ")) for node in message.css(selector)]


def _card(message: LexborNode) -> str:
    card = message.css_first(".tgme_widget_message_link_preview")
    if card is None:
        return ""
    title = _first(card, ".link_preview_title")
    description = card.css_first(".link_preview_description")
    words = plain(description.inner_html or "", certainly_html=True) if description is not None else ""
    return "\n\n".join(part for part in (title, words) if part)


def _carried(message: LexborNode) -> str:
    counted = [(name, len(message.css(selector))) for selector, name in _MEDIA]
    parts = [name if count == 1 else f"{count} {name}s" for name, count in counted if count]
    label = _first(message, ".message_media_not_supported_label")
    if not parts and label:
        parts = [label]
    return f"[{', '.join(parts)}]" if parts else ""


def _instant(message: LexborNode) -> str:
    for selector in (
        ".tgme_widget_message_date time[datetime]",
        ".tgme_widget_message_footer time[datetime]",
        "time[datetime]",
    ):
        found = message.css_first(selector)
        if found is not None:
            return found.attributes.get("datetime") or ""
    return ""


def _author(message: LexborNode) -> str:
    signed = _first(message, ".tgme_widget_message_from_author")
    return (signed or _first(message, ".tgme_widget_message_owner_name"))[:200]


def _forwarded_from(message: LexborNode) -> str:
    """The channel or person a forward gives as its origin, by the name it shows; by its handle where it has no name."""
    node = message.css_first(".tgme_widget_message_forwarded_from_name")
    if node is None:
        whole = _first(message, ".tgme_widget_message_forwarded_from")
        return re.sub(r"^(?:Forwarded from|Переслано от|Переслано з)\s*:?\s*", "", whole)[:200]
    return (line(node.text()) or _forwarded_handle(message))[:200]


def _forwarded_handle(message: LexborNode) -> str:
    """The channel's own name in its address, which it keeps when it calls itself something else; none for a person."""
    node = message.css_first("a.tgme_widget_message_forwarded_from_name[href]")
    handle = _HANDLE.match((node.attributes.get("href") or "").strip()) if node is not None else None
    return handle[1] if handle else ""


def _first(node: LexborNode, selector: str) -> str:
    found = node.css_first(selector)
    return line(found.text()) if found is not None else ""


def _channel(page: LexborHTMLParser) -> str:
    for selector in (".tgme_channel_info_header_title", ".tgme_page_title", ".tgme_widget_message_owner_name"):
        found = page.css_first(selector)
        if found is not None and (name := line(found.text())):
            return name
    return ""


def _page_before(page: LexborHTMLParser, base: str) -> str | None:
    for node in page.css("a.tme_messages_more, link[rel=prev]"):
        address = node.attributes.get("href") or ""
        if _BEFORE.search(address):
            return absolute(address, base) or None
    return None
