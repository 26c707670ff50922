"""One look for pages and briefing: a calm dark for the watch floor, a light for paper.

A level is always colour, glyph and word together, and the colours also differ in lightness, so that they can be told
apart by people who see red and green alike and on a grey print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from indicators.model.level import Level, Standing, WatchCondition

# Arial before system-ui: on a plain Linux server the latter is often a very wide face.
SANS = '"Inter", "Segoe UI", "Helvetica Neue", Roboto, Arial, "Liberation Sans", system-ui, sans-serif'
MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace'

# Below this share a series without a level is not called normal: too much of it was out of sight.
SEEN_ENOUGH = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How one state is shown: never by colour alone."""

    color: str
    ink: str
    """Colour of text set on `color`."""
    glyph: str
    word: str
    text: str
    """Colour of the words themselves, dark enough to be read on the theme's ground."""
    hatched: bool = False

    @property
    def label(self) -> str:
        """Glyph and word."""
        return f"{self.glyph} {self.word}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours of one look."""

    name: str
    ground: str
    panel: str
    raised: str
    rule: str
    grid: str
    ink: str
    muted: str
    faint: str
    accent: str
    trace: str
    """The line that an officer follows."""
    bar: str
    land: str
    home: str
    """The country a problem watches, a shade off its neighbours."""
    water: str
    border: str
    gap: str
    """Hatching of days without data."""
    gap_ground: str
    band_alpha: float
    levels: Mapping[Level, Mark]
    blind: Mark
    partly: Mark
    conditions: Mapping[WatchCondition, Mark]

    def level(self, level: Level) -> Mark:
        """How `level` is shown."""
        return self.levels[level]

    def condition(self, condition: WatchCondition) -> Mark:
        """How a watch condition is shown."""
        return self.conditions[condition]

    def standing(self, standing: Standing | None) -> Mark:
        """How an indicator is shown: its level if it stands above normal, else whether it can be seen at all."""
        if standing is None:
            return self.blind
        if standing.level > Level.NORMAL:
            return self.levels[standing.level]
        if standing.no_data or standing.coverage is None:
            return self.blind
        if standing.coverage < SEEN_ENOUGH:
            return self.partly
        return self.levels[Level.NORMAL]


def rank(standing: Standing | None) -> int:
    """Place in a sorted board, gravest first: levels, then the blind, then the partly seen, then normal."""
    if standing is not None and standing.level > Level.NORMAL:
        return -10 * int(standing.level)
    if standing is None or standing.no_data or standing.coverage is None:
        return -5
    return -3 if standing.coverage < SEEN_ENOUGH else 0


def tint(color: str, alpha: float) -> str:
    """`color` (#rrggbb) made translucent."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


_CONDITION_GLYPHS = {5: "●", 4: "▲", 3: "◆", 2: "■", 1: "■"}


def _conditions(colors: Mapping[int, tuple[str, str, str]]) -> Mapping[WatchCondition, Mark]:
    return MappingProxyType(
        {
            WatchCondition(number): Mark(
                color=color, ink=ink, text=words, glyph=_CONDITION_GLYPHS[number], word=WatchCondition(number).word
            )
            for number, (color, ink, words) in colors.items()
        }
    )


DARK = Theme(
    name="dark",
    ground="#0d1216",
    panel="#131a20",
    raised="#1a232b",
    rule="#26323c",
    grid="#1f2a33",
    ink="#e4eaef",
    muted="#93a3b0",
    faint="#5f707e",
    accent="#7fb4d6",
    trace="#a9d3ee",
    bar="#3f5a6d",
    land="#1c262e",
    home="#27353f",
    water="#10171d",
    border="#3b4b58",
    gap="#56636e",
    gap_ground="#1b2228",
    band_alpha=0.11,
    levels=MappingProxyType(
        {
            Level.NORMAL: Mark(color="#5f8f8b", text="#5f8f8b", ink="#0b1114", glyph="●", word="normal"),
            Level.WATCH: Mark(color="#ecd06a", text="#ecd06a", ink="#15120a", glyph="▲", word="watch"),
            Level.WARNING: Mark(color="#ee8a2f", text="#ee8a2f", ink="#160d04", glyph="◆", word="warning"),
            Level.CRITICAL: Mark(color="#d22f63", text="#f0618f", ink="#ffffff", glyph="■", word="critical"),
        }
    ),
    blind=Mark(color="#8d98a3", text="#8d98a3", ink="#0d1216", glyph="◌", word="no data", hatched=True),
    partly=Mark(color="#8d98a3", text="#8d98a3", ink="#0d1216", glyph="◐", word="partly seen", hatched=True),
    conditions=_conditions(
        {
            5: ("#5f8f8b", "#081012", "#5f8f8b"),
            4: ("#ecd06a", "#15120a", "#ecd06a"),
            3: ("#ee8a2f", "#160d04", "#ee8a2f"),
            2: ("#d9532c", "#ffffff", "#ee7650"),
            1: ("#d22f63", "#ffffff", "#f0618f"),
        }
    ),
)

LIGHT = Theme(
    name="light",
    ground="#ffffff",
    panel="#ffffff",
    raised="#f3f5f7",
    rule="#d5dce2",
    grid="#e8ecef",
    ink="#131a20",
    muted="#51606c",
    faint="#8795a1",
    accent="#1f5f8b",
    trace="#123f5e",
    bar="#b3c5d2",
    land="#eef1f3",
    home="#dfe5ea",
    water="#f8fafb",
    border="#a9b5bf",
    gap="#a7b1ba",
    gap_ground="#eef0f2",
    band_alpha=0.16,
    levels=MappingProxyType(
        {
            Level.NORMAL: Mark(color="#4d7f7b", text="#2f625e", ink="#ffffff", glyph="●", word="normal"),
            Level.WATCH: Mark(color="#e3bd35", text="#7a5f00", ink="#15120a", glyph="▲", word="watch"),
            Level.WARNING: Mark(color="#e07a1c", text="#a4510a", ink="#160d04", glyph="◆", word="warning"),
            Level.CRITICAL: Mark(color="#b81c50", text="#b81c50", ink="#ffffff", glyph="■", word="critical"),
        }
    ),
    blind=Mark(color="#7d8892", text="#56626d", ink="#ffffff", glyph="◌", word="no data", hatched=True),
    partly=Mark(color="#7d8892", text="#56626d", ink="#ffffff", glyph="◐", word="partly seen", hatched=True),
    conditions=_conditions(
        {
            5: ("#4d7f7b", "#ffffff", "#2f625e"),
            4: ("#e3bd35", "#15120a", "#7a5f00"),
            3: ("#e07a1c", "#160d04", "#a4510a"),
            2: ("#c7421c", "#ffffff", "#b33a17"),
            1: ("#b81c50", "#ffffff", "#b81c50"),
        }
    ),
)

THEMES: Mapping[str, Theme] = MappingProxyType({"dark": DARK, "light": LIGHT})

# Plotly fetches nothing with these: no logo link, no cloud button, no topojson.
CONFIG: Mapping[str, Any] = MappingProxyType(
    {"displaylogo": False, "displayModeBar": False, "responsive": True, "showTips": False, "scrollZoom": False}
)


def streamlit_options() -> dict[str, str]:
    """Settings of the page server, so that whoever starts it can pass them as flags from any working directory."""
    return {
        "browser.gatherUsageStats": "false",
        "server.fileWatcherType": "none",
        "server.headless": "true",
        "client.toolbarMode": "minimal",
        "client.showErrorLinks": "false",
        "runner.magicEnabled": "false",
        "theme.base": "dark",
        "theme.primaryColor": DARK.accent,
        "theme.backgroundColor": DARK.ground,
        "theme.secondaryBackgroundColor": DARK.raised,
        "theme.textColor": DARK.ink,
        "theme.borderColor": DARK.rule,
        "theme.linkColor": DARK.accent,
        "theme.baseRadius": "4px",
        "theme.showWidgetBorder": "true",
        "theme.font": "Inter, Segoe UI, Helvetica Neue, Roboto, Arial, Liberation Sans, sans-serif",
    }


def layout(theme: Theme, **more: Any) -> dict[str, Any]:
    """What every figure has in common."""
    base: dict[str, Any] = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": SANS, "size": 12, "color": theme.muted},
        "margin": {"l": 38, "r": 64, "t": 8, "b": 26},
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": theme.raised,
            "bordercolor": theme.rule,
            "font": {"family": SANS, "size": 12, "color": theme.ink},
        },
        "dragmode": False,
        "bargap": 0.25,
        "template": "none",
    }
    return base | more


def time_axis(theme: Theme, **more: Any) -> dict[str, Any]:
    """An axis of days, labelled as people write them."""
    base: dict[str, Any] = {
        "type": "date",
        "showgrid": False,
        "showline": True,
        "linecolor": theme.rule,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": theme.rule,
        "tickformat": "%-d %b",
        "tickfont": {"color": theme.muted, "size": 11},
        "hoverformat": "%a %-d %b %Y",
        "fixedrange": True,
        "zeroline": False,
    }
    return base | more


def count_axis(theme: Theme, **more: Any) -> dict[str, Any]:
    """An axis of whole counts, from zero."""
    base: dict[str, Any] = {
        "showgrid": True,
        "gridcolor": theme.grid,
        "gridwidth": 1,
        "zeroline": False,
        "rangemode": "tozero",
        "nticks": 5,
        "tickformat": "d",
        "tickfont": {"color": theme.faint, "size": 11},
        "fixedrange": True,
        "ticks": "",
    }
    return base | more


def hatching(theme: Theme) -> dict[str, Any]:
    """How a stretch without data is filled."""
    return {"shape": "/", "fgcolor": theme.gap, "bgcolor": theme.gap_ground, "size": 6, "solidity": 0.22}
