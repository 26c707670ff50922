"""The style sheet of pages and briefing, filled from a theme; system fonts only, no outside request."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from indicators.charts.theme import MONO, SANS, THEMES, tint
from indicators.model.level import Level


@cache
def sheet(name: str = "dark", more: str = "") -> str:
    """The CSS of everything `indicators.charts.board` writes, and `more` of its kind, in the look called `name`."""
    theme = THEMES[name]
    words = {
        "@gapground": theme.gap_ground,
        "@gapline": tint(theme.gap, 0.55),
        "@gap": theme.gap,
        "@ground": theme.ground,
        "@panel": theme.panel,
        "@raised": theme.raised,
        "@rule": theme.rule,
        "@grid": theme.grid,
        "@ink": theme.ink,
        "@muted": theme.muted,
        "@faint": theme.faint,
        "@accent": theme.accent,
        "@critical": theme.level(Level.CRITICAL).color,
        "@warning": theme.level(Level.WARNING).color,
        "@watch": theme.level(Level.WATCH).color,
        "@normal": theme.level(Level.NORMAL).text,
        "@hit": tint(theme.level(Level.WATCH).color, 0.28),
        "@sans": SANS,
        "@mono": MONO,
    }
    made = (Path(__file__).with_name("sheet.css")).read_text(encoding="utf-8") + more
    # The longer word first: @gap is the beginning of @gapground.
    for word in sorted(words, key=len, reverse=True):
        made = made.replace(word, words[word])
    return made
