"""Telegram previews: every kind of message, who it comes from, and the ways a channel falls silent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from parsing_builders import a_feed, reading

from feeds.errors import ParseError
from feeds.model import Entry, FeedKind, Outcome
from feeds.parsing import Parsed

PREVIEW = "https://t.me/s/channel"


def message(inner: str, *, post: str = "channel/7", kind: str = "") -> str:
    """One message as the preview wraps it."""
    return (
        f'<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message {kind} '
        f'js-widget_message" data-post="{post}"><div class="tgme_widget_message_bubble">'
        '<div class="tgme_widget_message_author"><a class="tgme_widget_message_owner_name" href="https://t.me/channel">'
        f'<span dir="auto">Channel</span></a></div>{inner}<div class="tgme_widget_message_footer">'
        '<span class="tgme_widget_message_views">1K</span><span class="tgme_widget_message_meta">'
        f'<a class="tgme_widget_message_date" href="https://t.me/{post}"><time '
        f'datetime="2022-12-19T11:05:31+00:00">14:05</time>'
        "</a></span></div></div></div></div>"
    )


def page(messages: str, *, more: str = "") -> str:
    """A preview page around these messages."""
    return (
        '<!DOCTYPE html><html><body class="widget_frame_base tgme_webpreview"><header class="tgme_header">'
        '<div class="tgme_channel_info_header_title"><span>Channel &amp; Co</span></div></header><main '
        'class="tgme_main">'
        f'<section class="tgme_channel_history">{more}{messages}</section></main></body></html>'
    )


def text(words: str) -> str:
    """A message's own words."""
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{words}</div>'


def preview(document: str) -> Parsed:
    """The reading of a preview page."""
    return reading(document, a_feed(FeedKind.TELEGRAM, languages=("ru", "be")), url=PREVIEW)


def only(inner: str, *, kind: str = "") -> Entry:
    """The entry of a page with one message."""
    (entry,) = preview(page(message(inner, kind=kind))).entries
    return entry


def test_text_message() -> None:
    """A post's number is its identity; its words keep their lines; its date is exact; it has no title."""
    entry = only(text("<b>Колонна</b> из 20 танков<br/><br/>Гомель, <a href='https://a/'>видео</a>"))
    assert (entry.entry_id, entry.url, entry.title) == ("channel/7", "https://t.me/channel/7", "")
    assert entry.text == "Колонна из 20 танков\n\nГомель, видео"
    assert entry.published_at == datetime(2022, 12, 19, 11, 5, 31, tzinfo=UTC)
    assert (entry.author, entry.lang, entry.forwarded_from) == ("Channel", "ru", "")


def test_signed_message() -> None:
    """A post signed by a person is that person's."""
    signed = '<span class="tgme_widget_message_from_author" dir="auto">Ivan</span>'
    assert only(text("слова") + signed).author == "Ivan"


def test_forward_names_its_origin() -> None:
    """A forwarded post says whose words these are; without that it would pass for a second witness."""
    origin = (
        '<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from <a '
        'class="tgme_widget_message_forwarded_from_name" href="https://t.me/Hajun_BY/6000"><span>Беларускі '
        "Гаюн</span></a></div>"
    )
    forwarded = only(origin + text("слова"))
    assert (forwarded.forwarded_from, forwarded.forwarded_handle) == ("Беларускі Гаюн", "Hajun_BY")
    hidden = (
        '<div class="tgme_widget_message_forwarded_from">Forwarded from <span '
        'class="tgme_widget_message_forwarded_from_name">Ivan</span></div>'
    )
    person = only(hidden + text("слова"))
    assert (person.forwarded_from, person.forwarded_handle) == ("Ivan", "")


def test_short_posts_are_in_the_language_of_their_channel() -> None:
    """A word or a picture shows no language of its own: the channel's other posts tell it."""
    long = text("Колонна техники замечена в городе, сообщили в министерстве, это уже не первый выезд")
    posts = message(long, post="channel/1") + message(text("Переслано"), post="channel/2")
    posts += message('<a class="tgme_widget_message_photo_wrap" href="x"></a>', post="channel/3")
    feed = a_feed(FeedKind.TELEGRAM, languages=())
    assert [entry.lang for entry in reading(page(posts), feed, url=PREVIEW).entries] == ["ru", "ru", "ru"]


def test_reply_does_not_repeat_what_it_answers() -> None:
    """The quoted post is another's words, said before: only the answer is read."""
    quoted = (
        '<a class="tgme_widget_message_reply" href="https://t.me/channel/6"><div '
        'class="tgme_widget_message_author">Channel</div>'
        '<div class="tgme_widget_message_text js-message_reply_text">Колонна из 20 танков</div></a>'
    )
    assert only(quoted + text("Уточнение: 12 танков")).text == "Уточнение: 12 танков"


def test_nested_copy_is_read_once() -> None:
    """The preview sometimes wraps the words twice; they are said once."""
    assert only(f'<div class="tgme_widget_message_text js-message_text">{text("слова")}</div>').text == "слова"


def test_link_card_speaks_only_for_a_bare_link() -> None:
    """A bare link says what its card says; beside words of the channel's own the card is someone else's text."""
    card = (
        '<a class="tgme_widget_message_link_preview" href="https://a/"><div class="link_preview_title">Headline</div>'
        '<div class="link_preview_description">first<br>second</div></a>'
    )
    assert only(text("<a href='https://a/x'>https://a/x</a>") + card).text == "Headline\n\nfirst\nsecond\n\nhttps://a/x"
    assert only(text("Свои слова https://a/x") + card).text == "Свои слова https://a/x"


PHOTO = '<a class="tgme_widget_message_photo_wrap" href="#"></a>'
UNSUPPORTED = (
    '<div class="message_media_not_supported_wrap"><div class="message_media_not_supported_label">Please open Telegram'
    " to view this post</div></div>"
)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (PHOTO, "[photo]"),
        (f'<div class="tgme_widget_message_grouped_wrap">{PHOTO * 3}</div>', "[3 photos]"),
        (f'{PHOTO}<a class="tgme_widget_message_video_player"></a>', "[photo, video]"),
        (f'<a class="tgme_widget_message_video_player not_supported">{UNSUPPORTED}</a>', "[video]"),
        ('<div class="tgme_widget_message_roundvideo_player"></div>', "[round video]"),
        ('<div class="tgme_widget_message_sticker_wrap"></div>', "[sticker]"),
        ('<a class="tgme_widget_message_voice_player"></a>', "[voice message]"),
        (UNSUPPORTED, "[Please open Telegram to view this post]"),
        ("", ""),
    ],
)
def test_messages_without_words(inner: str, words: str) -> None:
    """A message without words is kept, and says in brackets what it carries."""
    assert only(inner).text == words


def test_words_of_a_partly_unsupported_message_are_read() -> None:
    """What the preview cannot show does not hide the words that it does."""
    unsupported = (
        '<div class="message_media_not_supported_wrap media_not_supported_cont"><div '
        'class="message_media_not_supported_label">'
        f'This media is not supported</div></div><div class="media_supported_cont">{text("Слова")}</div>'
    )
    assert only(unsupported).text == "Слова"


def test_photo_with_caption_is_its_caption() -> None:
    """Where there are words, the media add none."""
    assert only('<a class="tgme_widget_message_photo_wrap"></a>' + text("Колонна")).text == "Колонна"


def test_poll() -> None:
    """A poll says its question and its answers, not its percentages."""
    poll = (
        '<div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">Будет наступление?</div>'
        '<div class="tgme_widget_message_poll_type">Anonymous Poll</div><a class="tgme_widget_message_poll_options">'
        '<div class="tgme_widget_message_poll_option"><div class="tgme_widget_message_poll_option_percent">16%</div>'
        '<div class="tgme_widget_message_poll_option_text">Да</div></div><div class="tgme_widget_message_poll_option">'
        '<div class="tgme_widget_message_poll_option_text">Нет</div></div></a></div>'
    )
    assert only(poll).text == "Будет наступление?\n- Да\n- Нет"


def test_document() -> None:
    """A document says its name."""
    document = (
        '<a class="tgme_widget_message_document_wrap"><div class="tgme_widget_message_document">'
        '<div class="tgme_widget_message_document_title">Приказ.pdf</div>'
        '<div class="tgme_widget_message_document_extra">2.1 MB</div></div></a>'
    )
    assert only(document + text("Приказ")).text == "Приказ\n\nПриказ.pdf 2.1 MB"


def test_service_message_does_not_repeat_the_pinned_words() -> None:
    """A notice of pinning is kept, without the pinned words: they were counted when they were said."""
    notice = text('<a href="https://t.me/channel">Channel</a> pinned «<a href="#">Колонна из 20 танков</a>»')
    assert only(notice, kind="service_message").text == "[service message] Channel pinned"


def test_page_before() -> None:
    """The older page is named by an absolute address; the newer one is not mistaken for it."""
    more = (
        '<a href="/s/channel?after=9" class="tme_messages_more"></a><a href="/s/channel?before=3" '
        'class="tme_messages_more"></a>'
    )
    parsed = preview(page(message(text("a")), more=more))
    assert (parsed.next_page, parsed.title) == ("https://t.me/s/channel?before=3", "Channel & Co")
    assert preview(page(message(text("a")))).next_page is None


CARD = (
    '<html><body class="no_transition"><div class="tgme_page_wrap"><div class="tgme_page"><div class="tgme_page_title">'
    '<span>Channel</span></div><div class="tgme_page_action"><a class="tgme_action_button_new">View</a></div></div>'
    "</div></body></html>"
)


@pytest.mark.parametrize(
    ("document", "trouble"),
    [
        (page('<div class="tme_no_messages_found">No messages found</div>'), Outcome.EMPTY),
        (page(""), Outcome.EMPTY),
        (CARD, Outcome.PREVIEW_OFF),
        ("", Outcome.PREVIEW_OFF),
        (page('<div class="tgme_widget_message_wrap"><div class="tgme_widget_message">no number</div></div>'),
         Outcome.LAYOUT_CHANGED),
    ],
)  # fmt: skip
def test_silences_are_told_apart(document: str, trouble: Outcome) -> None:
    """An empty channel, one whose preview is off, and a page we no longer understand are three different things."""
    parsed = preview(document)
    assert (parsed.entries, parsed.trouble) == ((), trouble)
    assert parsed.detail


def test_other_pages_are_refused() -> None:
    """A page that is no preview is refused, with the address that would be one."""
    with pytest.raises(ParseError, match=r"https://t\.me/s/NAME"):
        preview("<html><body>hello</body></html>")


def test_hostile_message_is_plain_text() -> None:
    """Whatever a message carries, its text is words."""
    entry = only(text("<img src=x onerror=alert(1)>слова<script>x</script>\u202e\u200b<tg-spoiler>тайна</tg-spoiler>"))
    assert entry.text == "словатайна"


def test_message_inside_a_message_is_not_another() -> None:
    """A message cannot be forged inside another one's words."""
    parsed = preview(page(message(text("слова" + message(text("чужие"), post="Hajun_BY/1")))))
    assert [entry.entry_id for entry in parsed.entries] == ["channel/7"]
