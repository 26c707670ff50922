"""`vedette run --replay`: a whole winter through the real collector, as a newcomer starts it."""

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
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

WITHIN_S = 900
"""Long enough for a machine that does three other things; the figure itself is printed, not asserted."""


@dataclass
class Run:
    """A run that reached its end: what it said, and where its state is."""

    process: subprocess.Popen[str]
    address: str
    database: str
    said: list[str] = field(default_factory=list)
    announced_after: float = 0.0

    def ask(self, *words: str) -> str:
        answer = subprocess.run(
            [sys.executable, "-m", "indicators.cli", *words, "--db", self.database],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        return answer.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("replay")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "indicators.cli", "run", "--replay", "belarus-2022-12", "--speed", "max",
            "--port", str(port),
        ],
        env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(folder)}, cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    going = Run(process=process, address=f"http://127.0.0.1:{port}", database="")

    def listen() -> None:
        for line in process.stdout:
            going.said.append(line)
            if "on watch at" in line and not going.announced_after:
                going.announced_after = time.monotonic() - started

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    try:
        while not any("the replay reached" in line for line in going.said):
            assert process.poll() is None, "".join(going.said)
            assert time.monotonic() - started < WITHIN_S, "".join(going.said)
            time.sleep(0.5)
        going.database = re.search(r"database (\S+)", going.said[0])[1]
        print(f"\naddress after {going.announced_after:.1f} s; {going.said[-1].strip()}")
        yield going
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        reader.join(5)
        process.stdout.close()


def test_it_says_where_to_look_and_where_its_state_is(run):
    """One line names the database and that it is a reconstruction; one line names the address, which answers."""
    assert "Reconstruction" in run.said[0]
    assert sum("on watch at" in line for line in run.said) == 1
    with urllib.request.urlopen(f"{run.address}/_stcore/health", timeout=10) as answer:
        assert answer.status == 200


def test_the_winter_never_shows_high(run):
    """It ends on 25 December 2022 at level 3 or 4, and no day of it was recommended 2 or 1."""
    board = json.loads(run.ask("levels", "--json"))
    assert board["as_of"].startswith("2022-12-25")
    assert board["recommended"]["level"] in (3, 4)
    assert {step["level"] for step in board["history"]} <= {3, 4, 5}


def test_the_three_named_indicators_were_seen(run):
    """Equipment moves, drills and leader meetings each have counted events with a known origin."""
    events = [json.loads(line) for line in run.ask("events", "list", "--json").splitlines()]
    counted = [event for event in events if event["counted"]]
    for indicator in ("equipment_moves", "drills", "leader_meetings"):
        assert any(event["indicator"] == indicator and event["origins"] for event in counted), indicator
    assert not any(event["indicator"] == "denials" and event["family"] != "denial" for event in counted)


def test_mail_went_to_the_catcher_alone(run):
    """Crossings were mailed, and every mail of the replay lies in its own database, addressed to nobody real."""
    from feeds.database import open_engine
    from indicators.store import outbox, reading

    engine = open_engine(run.database)
    with reading(engine) as connection:
        caught = outbox.caught(connection, limit=None)
        tally = outbox.tally(connection)
    engine.dispose()
    assert len(caught) > 5
    assert {recipient for mail in caught for recipient in mail.recipients} == {"watch@replay.invalid"}
    assert len({mail.message_id for mail in caught}) == len(caught)
    assert sum(tally.values()) == len(caught)


def test_the_silent_and_the_failing_source_are_named(run):
    """The source that fell silent and those that answered errors each raised an alert of their own."""
    listed = run.ask("alerts", "list")
    for source in ("state_radio", "ukr_dpsu", "bel_outlet"):
        assert re.search(rf"feed +{source} ", listed), source


def test_the_week_can_be_briefed(run, tmp_path):
    """`vedette briefing --week 2022-W51` writes the page, which says that it is a reconstruction, and as of when."""
    run.ask("briefing", "--week", "2022-W51", "--out", str(tmp_path), "--format", "html")
    page = next(tmp_path.glob("*.html")).read_text(encoding="utf-8")
    assert "Reconstruction" in page
    assert "25 Dec 2022" in page
    assert "nan" not in re.findall(r">([a-z]+)<", page)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts processes by /proc")
def test_an_interrupt_leaves_no_process(run):
    """Ctrl-C ends the run with 0; poller, parsing workers and page server are gone."""
    children = _descendants(run.process.pid)
    assert len(children) >= 2
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(30) == 0, "".join(run.said)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(_alive(pid) for pid in children):
        time.sleep(0.1)
    assert [pid for pid in children if _alive(pid)] == []


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found, front = [], [root]
    while front:
        parent = front.pop()
        below = [pid for pid, above in parents.items() if above == parent]
        found += below
        front += below
    return found


def _alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
