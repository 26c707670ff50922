"""What bytes are: their kind and their characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsing_builders import a_feed, atom, reading, rss

from feeds.model import FeedKind
from feeds.parsing import sniff
from feeds.parsing.encoding import decode
from feeds.parsing.language import language_of

WORDS = "Колонна техники у Гомеля"
ITEM = f"<item><title>{WORDS}</title></item>"


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (rss(""), FeedKind.SYNDICATION),
        (atom(""), FeedKind.SYNDICATION),
        ("<!-- x --><?x y?><!DOCTYPE rss [<!ENTITY a 'b'>]>\n<rss/>", FeedKind.SYNDICATION),
        ("<rdf:RDF xmlns:rdf='x'/>", FeedKind.SYNDICATION),
        ("<a:feed xmlns:a='http://www.w3.org/2005/Atom'/>", FeedKind.SYNDICATION),
        ("junk <rss version='2.0'><channel/></rss>", FeedKind.SYNDICATION),
        ('<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015"/>', FeedKind.YOUTUBE),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', FeedKind.JSONFEED),
        ('{"articles": []}', FeedKind.GDELT),
        ('<html><body><div class="x tgme_page"></div></body></html>', FeedKind.TELEGRAM),
        ('<div class="tgme_widget_message"></div>', FeedKind.TELEGRAM),
        ("<!doctype html><html></html>", None),
        ("<opml/>", None),
        ('{"a": 1}', None),
        ("[1, 2]", None),
        ("{broken", None),
        ("", None),
        ("words", None),
    ],
)
def test_kind_of_document(document: str, kind: FeedKind | None) -> None:
    """A document's kind is seen in its own first words, past comments, instructions and doctype."""
    assert sniff(document.encode()) == kind


@given(st.binary(max_size=400))
def test_any_bytes_are_sniffed_and_decoded(content: bytes) -> None:
    """No bytes make sniffing or decoding fail."""
    sniff(content)
    decode(content, content_type="text/xml; charset=utf-7", languages=("ru",))


@pytest.mark.parametrize(
    ("declared", "actual", "header"),
    [
        ("utf-8", "utf-8", None),
        ("windows-1251", "cp1251", None),
        ("koi8-r", "koi8-r", None),
        ("utf-8", "cp1251", None),
        ("windows-1251", "utf-8", None),
        ("utf-16", "utf-8", None),
        ("utf-8", "cp1251", "text/xml; charset=windows-1251"),
        ("windows-1251", "cp1251", "text/xml"),
        ("windows-1251", "cp1251", "text/xml; charset=utf-8"),
        ("punycode", "utf-8", None),
        ("no-such-charset", "utf-8", "text/xml; charset=neither"),
        ("utf-16", "utf-16-le", None),
        ("utf-16", "utf-16-be", None),
        ("utf-16", "utf-16", None),
        ("utf-32", "utf-32-be", None),
        ("utf-8", "utf-8-sig", None),
        ("iso-8859-5", "iso-8859-5", None),
    ],
)
def test_wrong_declarations(declared: str, actual: str, header: str | None) -> None:
    """Whatever prolog and header claim, Russian words arrive as Russian words."""
    content = rss(ITEM).replace('encoding="UTF-8"', f'encoding="{declared}"').encode(actual)
    (entry,) = reading(content, a_feed(languages=("ru",)), content_type=header).entries
    assert entry.title == WORDS


def test_a_few_broken_bytes_spoil_nothing_else() -> None:
    """Two broken bytes in UTF-8 cost two characters, not the page."""
    content = rss(ITEM * 10).encode().replace("Гомеля".encode(), b"\xd0\xff", 1)
    titles = [entry.title for entry in reading(content, a_feed(languages=("ru",))).entries]
    assert titles[1:] == [WORDS] * 9
    assert titles[0].startswith("Колонна техники у ")


def test_utf16_without_mark_or_prolog() -> None:
    """UTF-16 is recognised by its zero bytes where neither mark nor prolog tells."""
    content = rss(ITEM).partition("?>")[2].encode("utf-16-le")
    assert reading(content, a_feed(languages=("ru",))).entries[0].title == WORDS


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Колонна техники движется в сторону Гомеля, сообщили очевидцы", "ru"),
        ("Калона тэхнікі рухаецца ў бок Гомеля, паведамілі відавочцы", "be"),
        ("Колона техніки рухається в бік Гомеля, повідомили очевидці", "uk"),
        ("A column of vehicles is moving towards Gomel, witnesses said", "en"),
        ("Kolumna pojazdów porusza się w kierunku Homla, podali świadkowie", "pl"),
        ("1234", "ru"),
    ],
)
def test_language_by_its_letters(text: str, language: str) -> None:
    """Neighbouring languages are told apart by the letters they lack; without letters the source's first counts."""
    assert language_of(text, among=("ru", "be", "uk", "en", "pl")) == language


def test_single_language_source_is_not_second_guessed() -> None:
    """A source of one language writes that language."""
    assert language_of("Гомель", among=("be",), declared="ru") == "be"
    assert language_of("words", declared="en-GB") == "en"


def test_a_text_in_the_other_alphabet_is_not_in_that_language() -> None:
    """An English post in a Russian channel, or a Russian document read without a source, is given its own language."""
    assert language_of("A column of vehicles is moving towards Gomel", among=("ru",)) == "en"
    assert language_of("Колонна техники движется в сторону Гомеля", among=("en",)) == "ru"
    assert language_of("[round video]", among=("ru",)) == "ru"


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5"])
@pytest.mark.parametrize("declared", ["", ' encoding="utf-8"', ' encoding="iso-8859-1"'])
def test_a_cyrillic_set_that_nothing_declares_is_told_by_its_letters(charset: str, declared: str) -> None:
    """Old Cyrillic sets are read right though the prolog says nothing, or what cannot be, and no language is known."""
    words = "Колонна техники прибыла в область, сообщили в министерстве обороны"
    document = (
        f"<?xml version='1.0'{declared}?><rss version='2.0'><channel><item><title>{words}</title></item></channel>"
    )
    assert reading(document.encode(charset), a_feed(languages=())).entries[0].title == words


def test_accents_are_not_taken_for_cyrillic() -> None:
    """Undeclared French, German and Spanish stay Latin letters."""
    words = "Où était la colonne blindée à Brest? Größere Übung für Kräfte; más aviación en la región"
    document = f"<rss version='2.0'><channel><item><title>{words}</title></item></channel></rss>"
    assert reading(document.encode("cp1252"), a_feed(languages=())).entries[0].title == words
