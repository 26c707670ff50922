"""A source's document as it stood at an instant, in the source's own form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape
from xml.sax.saxutils import escape as xml
from xml.sax.saxutils import quoteattr

from indicators.replay.recording import Publication

Render = Callable[[str, str, str, Sequence[Publication], datetime], str]


def render(
    form: str, *, name: str, source: str, base: str, window: Sequence[Publication], at: datetime
) -> tuple[str, str]:
    """The document and its content type."""
    draw, content_type = FORMS[form]
    return draw(name, source, base, window, at), content_type


def address(base: str, one: Publication) -> str:
    """Where a publication can be read on the loopback server."""
    return f"{base}/{one.source}/{one.id}"


def page(one: Publication, at: datetime, *, label: str) -> str:
    """A publication as a page of its own, so that evidence links lead somewhere."""
    title, text = one.as_of(at)
    return (
        f"<!doctype html><html lang={quoteattr(one.lang)}><meta charset='utf-8'>"
        f"<title>{escape(title or one.id)}</title>"
        f"<body style='font:18px/1.5 sans-serif;max-width:40em;margin:3em auto'><p><em>{escape(label)}</em></p>"
        f"<h1>{escape(title)}</h1><p>{one.at:%Y-%m-%d %H:%M} UTC, {escape(one.source)}</p>"
        f"<p>{escape(text)}</p></body></html>"
    )


def _rss(name: str, source: str, base: str, window: Sequence[Publication], at: datetime) -> str:
    items = []
    for one in window:
        title, text = one.as_of(at)
        items.append(
            f"<item><title>{xml(title)}</title><link>{xml(address(base, one))}</link>"
            f"<guid isPermaLink='false'>{xml(one.id)}</guid><pubDate>{format_datetime(one.at)}</pubDate>"
            f"<description>{xml('<p>' + escape(text) + '</p>')}</description></item>"
        )
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel>"
        f"<title>{xml(name)}</title><link>{base}/{source}</link><description>{xml(name)}</description>"
        f"<ttl>60</ttl>{''.join(items)}</channel></rss>"
    )


def _atom(name: str, source: str, base: str, window: Sequence[Publication], at: datetime) -> str:
    entries = []
    for one in window:
        title, text = one.as_of(at)
        entries.append(
            f"<entry><id>urn:recording:{xml(one.id)}</id><title>{xml(title)}</title>"
            f"<link href={quoteattr(address(base, one))}/><published>{one.at.isoformat()}</published>"
            f"<updated>{one.changed_at(at).isoformat()}</updated><summary>{xml(text)}</summary></entry>"
        )
    updated = window[0].changed_at(at).isoformat() if window else "2000-01-01T00:00:00+00:00"
    return (
        "<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom'>"
        f"<id>{base}/{source}</id><title>{xml(name)}</title><updated>{updated}</updated>{''.join(entries)}</feed>"
    )


def _youtube(name: str, source: str, base: str, window: Sequence[Publication], at: datetime) -> str:
    entries = []
    for one in window:
        title, text = one.as_of(at)
        entries.append(
            f"<entry><id>yt:video:{xml(one.id)}</id><yt:videoId>{xml(one.id)}</yt:videoId><title>{xml(title)}</title>"
            f"<link rel='alternate' href={quoteattr(address(base, one))}/><published>{one.at.isoformat()}</published>"
            f"<updated>{one.changed_at(at).isoformat()}</updated><media:group><media:title>{xml(title)}</media:title>"
            f"<media:description>{xml(text)}</media:description></media:group></entry>"
        )
    return (
        "<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom' "
        "xmlns:yt='http://www.youtube.com/xml/schemas/2015' xmlns:media='http://search.yahoo.com/mrss/'>"
        f"<id>yt:channel:{source}</id><title>{xml(name)}</title><link rel='alternate' href='{base}/{source}'/>"
        f"{''.join(entries)}</feed>"
    )


def _jsonfeed(name: str, source: str, base: str, window: Sequence[Publication], at: datetime) -> str:
    items = []
    for one in window:
        title, text = one.as_of(at)
        items.append(
            {
                "id": one.id,
                "url": address(base, one),
                "title": title,
                "content_text": text,
                "date_published": one.at.isoformat(),
                "language": one.lang,
            }
        )
    head = {"version": "https://jsonfeed.org/version/1.1", "title": name, "home_page_url": f"{base}/{source}"}
    return json.dumps({**head, "items": items}, ensure_ascii=False)


def _telegram(name: str, source: str, base: str, window: Sequence[Publication], at: datetime) -> str:
    """A channel's preview page: oldest first, numbered messages, a link to the page before."""
    messages = []
    for one in reversed(window):
        _, text = one.as_of(at)
        media = {
            "photo": "<a class='tgme_widget_message_photo_wrap' href='#'></a>",
            "video": "<a class='tgme_widget_message_video_player' href='#'></a>",
            "text": "",
        }[one.kind]
        forwarded = (
            "<div class='tgme_widget_message_forwarded_from accent_color'>Forwarded from "
            f"<span class='tgme_widget_message_forwarded_from_name'>{escape(one.forwarded_from)}</span></div>"
            if one.forwarded_from
            else ""
        )
        edited = " edited" if one.changed_at(at) > one.at else ""
        messages.append(
            "<div class='tgme_widget_message_wrap js-widget_message_wrap'>"
            f"<div class='tgme_widget_message js-widget_message' data-post='{source}/{_number(one)}'>{forwarded}{media}"
            f"<div class='tgme_widget_message_text js-message_text' dir='auto'>{escape(text)}</div>"
            f"<div class='tgme_widget_message_footer'><span class='tgme_widget_message_meta'>{edited}"
            f"<a class='tgme_widget_message_date' href='{address(base, one)}'>"
            f"<time datetime='{one.at.isoformat()}' class='time'>{one.at:%H:%M}</time></a></span></div></div></div>"
        )
    more = (
        f"<a href='/s/{source}?before={_number(window[-1])}' class='tme_messages_more js-messages_more' "
        f"data-before='{_number(window[-1])}'></a>"
        if window
        else ""
    )
    return (
        "<!doctype html><html><head><meta charset='utf-8'><title>channel</title></head><body>"
        f"<div class='tgme_channel_info_header_title'><span dir='auto'>{escape(name)}</span></div>"
        f"<section class='tgme_channel_history js-message_history'>{more}{''.join(messages)}</section></body></html>"
    )


def _number(one: Publication) -> int:
    return int(one.id.rsplit("-", 1)[1])


FORMS: Mapping[str, tuple[Render, str]] = {
    "rss": (_rss, "application/rss+xml; charset=utf-8"),
    "atom": (_atom, "application/atom+xml; charset=utf-8"),
    "youtube": (_youtube, "application/atom+xml; charset=utf-8"),
    "jsonfeed": (_jsonfeed, "application/feed+json; charset=utf-8"),
    "telegram": (_telegram, "text/html; charset=utf-8"),
}
