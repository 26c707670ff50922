"""The whole corridor: from a feed over real HTTP to a mail over real SMTP, a screen in a real browser, a briefing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from feeds.registry import load_feeds
from indicators.alerts.catcher import Catcher
from indicators.briefing.printing import find_browser
from indicators.charts.theme import DARK
from indicators.model.level import Level
from indicators.settings import data_folder

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime.now(UTC)

CHANNEL = [
    "Колонна танков и грузовиков движется в сторону границы с Украиной, замечена под Гомелем.",
    "Эшелон с танками прибыл на станцию в Брестской области, 24 танка на платформах.",
    "Колонна бронетехники перебрасывается к границе с Украиной под Мозырем.",
]
WIRE = [
    ("Belarusian Hajun: tanks moved to southern Belarus", "The monitoring group says trucks went with them."),
    ("Museum reopens after repairs", "Visitors saw the first exhibition."),
    ("Putin meets Lukashenko in Minsk", "The two leaders held talks."),
]
WITNESS = [("Tanks moved to Gomel region", "A column of tanks heading for Gomel crossed the railway bridge at noon.")]


class Press(ThreadingHTTPServer):
    """Three sources on one loopback port, as RSS with validators."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Reading)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.visits: list[tuple[str, int]] = []

    def document(self, name: str) -> bytes:
        items = {"channel": [("", text) for text in CHANNEL], "wire": WIRE, "witness": WITNESS}[name]
        rows = "".join(
            f"<item><guid>{name}-{number}</guid><title>{title}</title><link>{self.base}/{name}/{number}</link>"
            f"<pubDate>{format_datetime(NOW - timedelta(hours=2 + number))}</pubDate>"
            f"<description>{text}</description></item>"
            for number, (title, text) in enumerate(items)
        )
        head = "<?xml version='1.0'?><rss version='2.0'><channel>"
        return f"{head}<title>{name}</title>{rows}</channel></rss>".encode()


class Reading(BaseHTTPRequestHandler):
    """Answers one request of a poller."""

    server: Press

    def do_GET(self) -> None:
        name = self.path.strip("/")
        known = name in ("channel", "wire", "witness")
        unchanged = known and self.headers.get("If-None-Match") == f'"{name}-1"'
        status = 304 if unchanged else 200 if known else 404
        self.server.visits.append((name, status))
        self.send_response(status)
        if known:
            self.send_header("ETag", f'"{name}-1"')
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
        body = self.server.document(name) if status == 200 else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing to a test's output."""


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    """The sources."""
    server = Press()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def mails() -> Iterator[tuple[int, list[EmailMessage]]]:
    """A mail server that takes everything, and what it took."""
    taken: list[EmailMessage] = []
    with Catcher(
        lambda mail: taken.append(message_from_bytes(mail.content, policy=policy.default))  # type: ignore[arg-type]
    ) as catcher:
        yield catcher.port, taken


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def registry_of(press: Press, folder: Path) -> Path:
    """An overlay in which only the press's sources are visited."""
    lines = ["feeds:"]
    lines += [f"  - {{id: {feed.feed_id}, enabled: false}}" for feed in load_feeds(data_folder() / "feeds")]
    for name, owner, speaks, kind in (
        ("channel", "hajun", "HAJUN", "independent_monitor"),
        ("wire", "wire", None, "media"),
        ("witness", "witness", None, "media"),
    ):
        lines.append(
            f"  - {{id: {name}, name: The {name}, url: '{press.base}/{name}', kind: syndication, "
            f"languages: [{'ru' if name == 'channel' else 'en'}], owner: {owner}, origin_kind: {kind}, "
            f"reliability: B, topics: [general], interval: 2m{f', speaks_for: {speaks}' if speaks else ''}}}"
        )
    path = folder / "feeds.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def watch(
    tmp_path_factory: pytest.TempPathFactory, press: Press, mails: tuple[int, list[EmailMessage]]
) -> Iterator[tuple[str, dict[str, str]]]:
    """`vedette run` as an operator starts it, in processes of its own: its address and environment."""
    folder = tmp_path_factory.mktemp("corridor")
    port = a_port()
    (folder / "vedette.toml").write_text(
        f"""
[database]
url = "sqlite:///{folder / "watch.db"}"

[feeds]
allow_hosts = ["127.0.0.1"]
overlay = "{registry_of(press, folder)}"

[mail]
host = "127.0.0.1"
port = {mails[0]}
security = "none"
sender = "vedette@example.org"

[[subscribers]]
address = "watch@example.org"
minimum = "watch"

[poller]
tick = "1s"
""",
        encoding="utf-8",
    )
    environment = {**os.environ, "VEDETTE_CONFIG": str(folder / "vedette.toml"), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "indicators.cli", "run", "--port", str(port)],
        env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(iter(process.stdout.readline, "")), daemon=True)
    reader.start()
    try:
        wait_for(lambda: any("on watch at" in line for line in said), within=90, what="the address", said=said)
        yield f"http://127.0.0.1:{port}", environment
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, "".join(said)
        reader.join(5)
        process.stdout.close()


def wait_for(holds: Callable[[], object], *, within: float, what: str, said: list[str] | None = None) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {within} s\n{''.join(said or [])}"
        time.sleep(0.2)


def ask(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "indicators.cli", *words],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def the_board(environment: dict[str, str]) -> dict[str, Any]:
    answer = ask(environment, "levels", "--json")
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def indicator(board: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in board["indicators"] if one["id"] == name)


def colours(picture: Path) -> dict[tuple[int, int, int], int]:
    """How many pixels there are of each colour."""
    with Image.open(picture) as image:
        found = image.convert("RGB").getcolors(maxcolors=1 << 24)
    assert found is not None
    return {colour: number for number, colour in found}  # type: ignore[misc]


def rgb(colour: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(colour.lstrip("#")))  # type: ignore[return-value]


def test_feeds_become_levels(watch, press):
    """Polled over HTTP, coded, folded and counted: equipment moves reach a level, with the monitor as one origin."""
    _, environment = watch
    # The three share a host, and a host is visited once in two seconds.
    wait_for(lambda: _all_read(the_board(environment)), within=90, what="levels from all three sources")
    board = the_board(environment)
    moves = indicator(board, "equipment_moves")
    assert moves["level"] in ("watch", "warning", "critical")
    assert moves["origins"] == 2, moves
    assert indicator(board, "leader_meetings")["count"] == 1
    assert board["recommended"]["level"] in (3, 4)
    assert {name for name, status in press.visits if status == 200} == {"channel", "wire", "witness"}


def _all_read(board: dict[str, Any]) -> bool:
    seen = {one["id"]: one for one in board["indicators"]}
    return (
        bool(seen) and seen["equipment_moves"]["origins"] == 2 and seen["equipment_moves"]["level"] != "normal"
        and seen["leader_meetings"]["count"] == 1
    )  # fmt: skip


def test_the_event_names_its_origin_and_counts_the_echo_once(watch):
    """The wire's article about the monitor's report adds a report, not an origin."""
    _, environment = watch
    answer = ask(environment, "events", "list", "--json")
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    moves = [one for one in events if one["indicator"] == "equipment_moves" and one["counted"]]
    reports = [report for one in moves for report in one["reports"]]
    assert {report["origin"] for report in reports if report["source"] == "wire"} == {"HAJUN"}
    assert {report["origin"] for report in reports if report["source"] == "channel"} == {"HAJUN"}


def test_a_mail_arrives_with_the_evidence_in_it(watch, mails):
    """A crossing is mailed once, over SMTP, with its value, its limit, its evidence and the page's address."""
    address, _ = watch
    _, taken = mails
    wait_for(lambda: any("equipment" in str(mail["Subject"]).lower() for mail in taken), within=60, what="a mail")
    mail = next(mail for mail in taken if "equipment" in str(mail["Subject"]).lower())
    text = mail.get_body(("plain",)).get_content()
    assert mail["To"] == "watch@example.org"
    assert address in text
    assert "танк" in text
    assert re.search(r"as of:?\s.*UTC", text, re.IGNORECASE)
    ids = [mail["Message-ID"] for mail in taken]
    assert len(ids) == len(set(ids))


def test_an_unchanged_document_is_not_sent_twice(watch, press):
    """The second visit carries the validator and earns a 304."""
    wait_for(lambda: any(status == 304 for _, status in press.visits), within=200, what="a second visit")


@pytest.mark.browser
def test_the_officer_sees_it(watch, tmp_path):
    """The Overview in a real browser: level colours and words are on the screen, and nothing is asked outside."""
    address, _ = watch
    browser_path = find_browser()
    if browser_path is None:
        pytest.skip("no Chromium or Chrome on this machine: install chromium to run the browser tests")
    from playwright.sync_api import sync_playwright

    outside: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.on("request", lambda request: outside.append(request.url) if not _inside(request.url, address) else None)
        page.goto(address, wait_until="load")
        page.get_by_text("Equipment moving to the south", exact=False).first.wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        picture = tmp_path / "overview.png"
        page.screenshot(path=str(picture))
        words = page.inner_text("body")
        browser.close()
    assert outside == []
    assert "nan" not in re.findall(r"[a-z]+", words.lower())
    found = colours(picture)
    assert len(found) > 50, "the picture is blank"
    level = {rgb(DARK.levels[one].color) for one in (Level.WATCH, Level.WARNING, Level.CRITICAL)}
    assert sum(found.get(colour, 0) for colour in level) > 200, "no level colour on the screen"


def _inside(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:", address.replace("http", "ws", 1)))


@pytest.mark.browser
def test_the_briefing_is_a_picture(watch, tmp_path):
    """`vedette briefing` writes a 16:9 page as HTML, PNG and PDF; the picture is not blank."""
    _, environment = watch
    if find_browser() is None:
        pytest.skip("no Chromium or Chrome on this machine: install chromium to run the browser tests")
    week = "{}-W{:02d}".format(*NOW.isocalendar()[:2])
    answer = ask(environment, "briefing", "--week", week, "--out", str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    written = {path.suffix: path for path in tmp_path.iterdir()}
    assert set(written) == {".html", ".png", ".pdf"}
    with Image.open(written[".png"]) as picture:
        assert abs(picture.width / picture.height - 16 / 9) < 0.01
    assert len(colours(written[".png"])) > 50
    assert written[".pdf"].read_bytes().startswith(b"%PDF")


def test_a_restart_mails_nothing_twice(watch, mails, tmp_path):
    """Another poller on the same database, as after a restart, sends no mail that was sent before."""
    _, environment = watch
    _, taken = mails
    before = sorted(str(mail["Message-ID"]) for mail in taken)
    answer = ask(environment, "poll", "--once")
    assert answer.returncode in (0, 1), answer.stderr
    time.sleep(2)
    after = sorted(str(mail["Message-ID"]) for mail in taken)
    assert len(after) == len(set(after))
    assert set(before) <= set(after)
