"""Which of a source's languages a text is written in, from the letters that tell neighbours apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Letters a language does not have: each of them in a text speaks against it.
_FOREIGN = {
    "be": re.compile(r"[ищъїєґ]"),
    "uk": re.compile(r"[ыэёъў]"),
    "ru": re.compile(r"[іўїєґ]"),
    "en": re.compile(r"[ąęłńśźżćó]"),
}
_WORDS = {
    "en": re.compile(r"\b(?:the|of|and|to|in|is|for|on|that|with|by|from|has|was|are)\b"),
    "ru": re.compile(
        r"\b(?:и|в|что|это|с|до|о|об|его|также|были|когда|как|на|от|не|по|за|из|для|после|или|уже|только|ее|они)\b"
    ),
    "be": re.compile(r"\b(?:і|што|гэта|з|да|пра|яго|таксама|былі|калі|як|на|ад|паведамляе)\b"),
    "uk": re.compile(r"\b(?:і|й|що|це|з|до|про|його|також|були|коли|як|на|від|та)\b"),
    "pl": re.compile(r"\b(?:i|w|z|na|do|że|nie|się|jest|to|oraz|przez|dla|po|od)\b"),
    "de": re.compile(r"\b(?:der|die|das|und|ist|nicht|mit|von|den|auf|ein|eine|im|zu|sich|für)\b"),
    "fr": re.compile(r"\b(?:le|la|les|des|et|est|une|du|dans|pour|sur|qui|que|par|au)\b"),
    "es": re.compile(r"\b(?:el|los|las|y|una|del|por|con|para|que|en|se|su)\b"),
    "lt": re.compile(r"\b(?:ir|yra|kad|su|dėl|apie|bus|buvo|iš|į|tai)\b"),
    "lv": re.compile(r"\b(?:un|ir|par|ar|kas|uz|no|tika|būs|gan)\b"),
}
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC_LANGUAGES = frozenset(("be", "uk", "ru", "bg", "sr", "mk"))
_LATIN_LANGUAGES = frozenset(("en", "pl", "de", "fr", "es", "it", "lt", "lv", "et", "cs", "sk", "ro", "hu", "tr"))
# The first few thousand characters decide; a court file does not need reading to the end.
_SAMPLE = 4000


def language_of(text: str, *, declared: str = "", among: Sequence[str] = (), leaning: str = "") -> str:
    """The language of `text`: among the source's own, by its letters; what the document declares breaks a tie.

    `leaning` is the language of the document as a whole, for a text too short to show its own.
    """
    stated = declared.replace("_", "-").split("-")[0].strip().lower()
    if len(among) == 1 and not _in_other_script(text, among[0]):
        return among[0]
    if len(among) < 2:
        if re.fullmatch(r"[a-z]{2,3}", stated) and not _in_other_script(text, stated):
            return stated
        return _likeliest(text, tuple(_WORDS), favoured=leaning) or (among[0] if among else leaning or "und")
    favoured = stated or leaning
    return _likeliest(text, among, favoured=favoured) or (favoured if favoured in among else among[0])


def _in_other_script(text: str, language: str) -> bool:
    """True when a text cannot be in this language: nearly all its letters are of the other alphabet."""
    if language not in _CYRILLIC_LANGUAGES and language not in _LATIN_LANGUAGES:
        return False
    cyrillic, latin = len(_CYRILLIC.findall(text[:_SAMPLE])), len(_LATIN.findall(text[:_SAMPLE]))
    own, other = (cyrillic, latin) if language in _CYRILLIC_LANGUAGES else (latin, cyrillic)
    return other >= 20 and other > 9 * own


def _likeliest(text: str, among: Sequence[str], favoured: str = "") -> str | None:
    sample = text[:_SAMPLE].lower()
    cyrillic, latin = len(_CYRILLIC.findall(sample)), len(_LATIN.findall(sample))
    if cyrillic + latin < 3:
        return None
    in_script = [name for name in among if (name in _CYRILLIC_LANGUAGES) == (cyrillic >= latin)]
    if not in_script:
        return None
    scores = {name: _score(sample, name, favoured) for name in in_script}
    return max(in_script, key=scores.__getitem__)


def _score(sample: str, language: str, favoured: str) -> float:
    foreign = len(_FOREIGN[language].findall(sample)) if language in _FOREIGN else 0
    words = len(_WORDS[language].findall(sample)) if language in _WORDS else 0
    return words - foreign + (0.5 if language == favoured else 0)
