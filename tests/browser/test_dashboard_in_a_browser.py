"""The dashboard in a real browser: pictures that are not blank, no outside request, a clean console."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import winter

from indicators.briefing.printing import find_browser
from indicators.charts.theme import DARK, streamlit_options
from indicators.model.level import Level, WatchCondition

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
# Streamlit asks a sub-page's own path for these two before the right one: known, harmless (streamlit#7074).
KNOWN_404 = ("_stcore/health", "_stcore/host-config")


@dataclass
class Seen:
    """What a page did besides being shown."""

    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """A Chromium or Chrome of this machine; under CI its absence is a failure."""
    found = find_browser()
    if found is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("no Chromium or Chrome on this machine: install chromium")
        pytest.skip("no Chromium or Chrome on this machine: install chromium to run the browser tests")
    return found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of its own on loopback, over a winter in a database."""
    folder = tmp_path_factory.mktemp("browser")
    kept = winter.keep_watch(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = streamlit_options() | {"server.address": "127.0.0.1", "server.port": str(port)}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard.py")]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "VEDETTE_DB": kept.url, "VEDETTE_PROBLEM": winter.PROBLEM}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "the dashboard stopped by itself"
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the dashboard did not answer within a minute")


@pytest.fixture(scope="module")
def chromium(browser_path: str) -> Iterator[Any]:
    """One browser for the module."""
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-sandbox"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=quiet)
        yield browser
        browser.close()


def look(chromium: Any, url: str, wait_for: str, *, width: int = 1600, height: int = 1000) -> tuple[Any, Seen]:
    """Open `url` and wait until `wait_for` is drawn."""
    seen = Seen()
    page = chromium.new_page(viewport={"width": width, "height": height})
    page.on("request", lambda request: _note_request(request.url, seen))
    page.on("console", lambda message: _note_console(message, seen))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(url)
    page.wait_for_selector(wait_for, timeout=60_000)
    return page, seen


def _note_request(url: str, seen: Seen) -> None:
    if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
        seen.outside.append(url)


def _note_console(message: Any, seen: Seen) -> None:
    place = str(message.location.get("url", ""))
    if message.type == "error" and not place.endswith(KNOWN_404):
        seen.complaints.append(f"{message.text} ({place})")


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of RGB bytes of a screenshot (8 bit, RGB or RGBA, not interlaced)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, width, height, kind = 8, b"", 0, 0, 2
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if name == b"IHDR":
            width, height, _depth, kind = struct.unpack(">IIBB", body[:10])
        elif name == b"IDAT":
            packed += body
        at += 12 + length
    size = {2: 3, 6: 4}[kind]
    raw, stride = zlib.decompress(packed), width * size
    rows: list[bytes] = []
    before = bytearray(stride)
    for line in range(height):
        start = line * (stride + 1)
        row = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, size)
        before = row
        rows.append(bytes(row) if size == 3 else bytes(b for i, b in enumerate(row) if i % 4 != 3))
    return width, height, rows


def _unfiltered(kind: int, row: bytearray, before: bytearray, size: int) -> bytearray:
    for i in range(len(row)):
        left = row[i - size] if i >= size else 0
        up, corner = before[i], before[i - size] if i >= size else 0
        match kind:
            case 0:
                break
            case 1:
                add = left
            case 2:
                add = up
            case 3:
                add = (left + up) // 2
            case _:
                guess = left + up - corner
                add = min((left, up, corner), key=lambda one, guess=guess: abs(guess - one))
        row[i] = (row[i] + add) & 255
    return row


def share_of(png: bytes, color: str) -> float:
    """The share of a picture's pixels that have exactly this colour."""
    wanted = bytes(int(color[at : at + 2], 16) for at in (1, 3, 5))
    width, height, rows = pixels(png)
    hits = sum(row[at : at + 3] == wanted for row in rows for at in range(0, len(row), 3))
    return hits / (width * height)


def colors_in(png: bytes) -> int:
    """How many different colours a picture has: one when it is blank."""
    _, _, rows = pixels(png)
    return len({row[at : at + 3] for row in rows for at in range(0, len(row), 12)})


def test_the_overview_shows_the_condition_in_its_colour_and_every_picture(chromium, address) -> None:
    """Banner and charts are really drawn: the condition's colour fills its plate, no chart is blank."""
    page, seen = look(chromium, address, "[data-testid=stPlotlyChart] .main-svg")
    page.wait_for_selector(".v-board .v-row >> nth=29")
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .main-svg').length >= 3")
    page.wait_for_timeout(800)
    plate = page.locator(".v-plate").first.screenshot()
    assert share_of(plate, DARK.condition(WatchCondition.HEIGHTENED).color) > 0.5
    board = page.locator(".v-board").first.screenshot()
    assert share_of(board, DARK.level(Level.CRITICAL).color) > 0.0005
    for chart in page.locator("[data-testid=stPlotlyChart]").all():
        assert colors_in(chart.screenshot()) > 12
    assert seen.outside == []
    assert seen.complaints == []
    page.close()


def test_a_row_of_the_board_leads_to_its_indicator(chromium, address) -> None:
    """A click on a name opens that indicator's page in the same tab."""
    page, seen = look(chromium, address, ".v-board .v-row >> nth=29")
    page.locator(".v-board .v-row a").first.click()
    page.wait_for_selector(".v-title h1", timeout=60_000)
    assert "indicator?id=bridging" in page.url
    assert "Bridging" in page.locator(".v-title h1").inner_text()
    assert seen.outside == []
    page.close()


def test_hostile_text_runs_nothing(chromium, address) -> None:
    """A script in a title is read as text: the page's title stays, no dialog opens, no image is fetched."""
    page, seen = look(chromium, f"{address}/indicator?id=equipment_moves", ".v-event")
    assert page.title() != "owned"
    assert "<script>" in page.locator(".v-event").first.inner_text()
    assert page.locator(".v-event img, .v-event script").count() == 0
    assert seen.outside == []
    assert seen.complaints == []
    page.close()


@pytest.mark.parametrize(
    ("path", "sign"),
    [
        ("feeds", ".v-states"),
        ("alerts", ".v-kpis"),
        ("handbook", "h1"),
        ("event", ".v-table"),
        ("event?id=event-1", ".js-plotly-plot"),
    ],
)
def test_each_page_opens_by_its_address_without_a_complaint(chromium, address, path, sign) -> None:
    """Deep links work, ask nobody outside and leave the console clean."""
    page, seen = look(chromium, f"{address}/{path}", f"[data-testid=stMain] {sign}")
    assert page.locator("[data-testid=stException]").count() == 0
    assert seen.outside == []
    assert seen.complaints == []
    page.close()


def test_the_chosen_instant_travels_with_the_links(chromium, address) -> None:
    """A link from a past board opens the indicator at the same instant."""
    page, _ = look(chromium, f"{address}/?as_of=2022-12-01T06:00Z", ".v-board .v-row >> nth=29")
    assert "The past." in page.inner_text("[data-testid=stMain]")
    page.locator(".v-board .v-row a").first.click()
    page.wait_for_selector(".v-title h1", timeout=60_000)
    assert "as_of=2022-12-01" in page.url
    assert "1 Dec 2022 06:00 UTC" in page.inner_text("[data-testid=stMain]")
    page.close()
