"""Whatever is put before the command, it answers in one clear line: the thing, the value, the remedy."""

from __future__ import annotations

import itertools
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from feeds.database import open_engine
from feeds.registry import load_feeds
from indicators import store
from indicators.model.alert import MailState
from indicators.settings import data_folder
from indicators.store import outbox, reading

HTML = b"<!doctype html><html><head><title>Gone</title></head><body><p>Nothing here.</p></body></html>"
NOW = datetime.now(UTC)
NURSERY = """
import json, os, resource, sys
import indicators.cli
from indicators.cli import coding, collection, context, operation, people, warning
from indicators import alerts, briefing, pipeline
from indicators.levels import detector
import feeds.archive, pandas
try:
    context._catalogue("belarus", None)
except Exception:
    pass
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        for number, name in ((0, "/dev/null"), (1, job["out"]), (2, job["err"])):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
        os.chdir(job["folder"])
        os.environ.update(job["environment"])
        if job["largest"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest"], job["largest"]))
        sys.argv = ["vedette", *job["words"]]
        code = 70
        try:
            code = indicators.cli.main()
        except SystemExit as left:
            code = left.code
        except BaseException:
            import traceback
            traceback.print_exc()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.write(1, b"%d\\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Imports the command once and carries out each command line in a process of its own, born from it."""


# --- asking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command line came to."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str


class Ask(Protocol):
    """Carry out one command line."""

    def __call__(
        self, *words: str, folder: Path | None = None, environment: Mapping[str, str] | None = None, largest: int = 0
    ) -> Answer:
        """The real command in a process of its own, with nothing of the caller's settings."""
        ...


def own_environment(folder: Path) -> dict[str, str]:
    """Settings and a database of the test's own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    return {
        **own,
        "VEDETTE_CONFIG": str(folder / "vedette.toml"),
        "VEDETTE_DB": f"sqlite:///{folder / 'absent.db'}",
    }


@pytest.fixture(scope="module")
def ask(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The command, as often as it is wanted."""
    said = tmp_path_factory.mktemp("said")
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY], env=own_environment(folder), cwd=folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    into, out_of, number = nursery.stdin, nursery.stdout, itertools.count()

    def carry_out(
        *words: str, folder: Path = folder, environment: Mapping[str, str] | None = None, largest: int = 0
    ) -> Answer:
        out, err = (said / f"{next(number)}" for _ in "oe")
        job = {"words": words, "folder": str(folder), "environment": dict(environment or {}), "largest": largest}
        into.write(json.dumps({**job, "out": str(out), "err": str(err)}) + "\n")
        into.flush()
        code = int(out_of.readline())
        return Answer(words=words, code=code, out=out.read_text(), err=err.read_text())

    with nursery:
        yield carry_out
        into.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder full of things that cannot be used."""
    place = tmp_path_factory.mktemp("bad")
    (place / "vedette.toml").write_text("")
    (place / "folder").mkdir()
    (place / "note.txt").write_text("Tanks moved to Gomel.\n")
    (place / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)))
    (place / "page.html").write_bytes(HTML)
    (place / "rows.jsonl").write_text('{"id": "a", "title": "Tanks moved to Gomel"}\n{"id": "b", "title": \n')
    (place / "types.jsonl").write_text('{"id": "a", "title": ["Tanks"]}\n')
    (place / "dates.jsonl").write_text('{"id": "a", "title": "Tanks", "published_at": "yesterday"}\n')
    (place / "counts.csv").write_text("date,n\n2022-12-01,1\n")
    (place / "keys.toml").write_text('[mail]\nhots = "mail.example.org"\n\n[poller]\ntick = "5"\n')
    (place / "broken.toml").write_text("[mail]\nhost = mail.example.org\n")
    (place / "feeds.yaml").write_text("feeds:\n  - {id: hajun_telegram, intervall: 10m}\n  - {id: x, name: [\n")
    (place / "unknown.yaml").write_text("feeds:\n  - id: hajun_telegram\n    intervall: 10m\n")
    (place / "feeds.toml").write_text(f'[feeds]\noverlay = "{place / "feeds.yaml"}"\n')
    (place / "unknown.toml").write_text(f'[feeds]\noverlay = "{place / "unknown.yaml"}"\n')
    overlay = place / "overlay" / "problems" / "belarus"
    overlay.mkdir(parents=True)
    (overlay / "problem.yaml").write_text("id: belarus\nnmae: Attack\n")
    (place / "overlay.toml").write_text(f'[catalogue]\noverlay = "{place / "overlay"}"\n')
    broken = place / "knowledge" / "problems" / "other"
    broken.mkdir(parents=True)
    (broken / "problem.yaml").write_text("id: other\nname: [unclosed\n")
    (place / "sheet.db").write_bytes(b"This is no database, however long it may be. " * 40)
    with closing(sqlite3.connect(place / "empty.db")):
        pass
    (place / "empty.db").touch()
    return place


def asks(*words: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test is about the answer to this command line."""

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        ASKED.setdefault(test.__name__, []).insert(0, words)
        return test

    return mark


ASKED: dict[str, list[tuple[str, ...]]] = {}


@pytest.fixture
def answer(ask: Ask, request: pytest.FixtureRequest) -> list[Answer]:
    """What the test's own command lines were answered."""
    return [ask(*words) for words in ASKED[request.node.name]]


def says(answer: Answer, code: int, *words: str, lines: int = 1, out: str | None = "") -> str:
    """The command ended with `code` and so many lines on stderr, these words among them; what it printed besides."""
    err, printed = answer.err, answer.out
    assert "Traceback" not in err, err
    assert answer.code == code, (answer.words, answer.code, err, printed)
    assert len(err.splitlines()) == lines, err
    assert err.startswith("vedette"), err
    for word in words:
        assert word in err, err
    if out is not None:
        assert printed == out
    return printed


# --- arguments -------------------------------------------------------------------------------------------------------


@asks("code", "note.txt", "--published-at", "yesterday")
@asks("code", "note.txt", "--published-at", "0001-01-01T00:00+14:00")
@asks("levels", "--as-of", "9999-12-31")
def test_an_instant_that_is_none(answer):
    """A day nobody can reckon with is refused by name, with the way to write one."""
    says(answer[0], 2, "--published-at", "'yesterday' is no instant", "write 2022-12-20")
    says(answer[1], 2, "0001-01-01T00:00+14:00")
    says(answer[2], 2, "--as-of", "9999-12-31", "correct the year")


@asks("code", "note.txt", "--lang", "klingon")
def test_a_language_without_wording(answer):
    """A language that has no wording is not quietly read as none."""
    says(answer[0], 2, "--lang", "'klingon'", "choose from be, en, ru, uk")


@asks("nosuch")
@asks("code", "--nosuch")
def test_a_command_that_is_none(answer):
    """Unknown commands and options are named in one line that points to the help, not in a page of usage."""
    says(answer[0], 2, "'nosuch'", "`vedette --help`")
    says(answer[1], 2, "--nosuch", "--help`")


@asks("levels", "--problem", "nosuch")
def test_an_unknown_problem(answer):
    """A problem that is not there is named together with those that are."""
    says(answer[0], 2, "there is no problem 'nosuch'", "use one of: belarus")


@asks("levels", "--set", "3", "--by", "N. N.", "--reason", "x", "--as-of", "2022-12-20")
def test_the_past_is_not_rewritten(answer):
    """A level is set as of now; asking for a past instant is refused."""
    says(answer[0], 2, "--as-of", "the past is not rewritten")


@asks("levels", "--set", "3")
@asks("levels", "--set", "9")
def test_a_level_set_by_nobody(answer):
    """A watch condition is set by a named person for a reason; a sixth level does not exist."""
    says(answer[0], 2, "--by and --reason")
    says(answer[1], 2, "--set", "9", "1, 2, 3, 4, 5")


@asks("thresholds", "set", "equipment_moves", "--watch", "0", "--reason", "none")
@asks("alerts", "silence", "equipment_moves", "--hours", "1e12", "--reason", "none")
@asks("alerts", "silence", "nosuch", "--hours", "8", "--reason", "none")
@asks("subscribers", "add", "nonsense")
def test_values_that_cannot_be(answer):
    """A limit of none, a silence of ages or of nothing and an address that is none are refused, not set aside."""
    says(answer[0], 2, "--watch", "'0'")
    says(answer[1], 2, "--hours", "'1e12'")
    says(answer[2], 2, "nosuch: no such indicator or feed")
    says(answer[3], 2, "'nonsense' is no mail address")


# --- files -----------------------------------------------------------------------------------------------------------


@asks("code", "nosuch.txt")
@asks("code", "folder")
@asks("code", "picture.png")
def test_a_text_that_is_none(answer):
    """A missing file, a folder and a picture have no words; none of them is coded as a text without signals."""
    says(answer[0], 2, "nosuch.txt: No such file")
    says(answer[1], 2, "folder: Is a directory")
    says(answer[2], 2, "picture.png: is no text")


@asks("code", "--jsonl", "rows.jsonl", "--json")
@asks("code", "--jsonl", "types.jsonl", "--json")
@asks("code", "--jsonl", "dates.jsonl", "--json")
def test_a_line_that_is_no_item(answer):
    """A bad line of JSON Lines is named by file and number; what stood before it was coded."""
    assert "equipment_moves" in says(answer[0], 2, "rows.jsonl:2: not JSON", out=None)
    says(answer[1], 2, 'types.jsonl:1: title: ["Tanks"] is no text')
    says(answer[2], 2, "dates.jsonl:1: published_at: 'yesterday'")


@asks("ingest", "picture.png")
@asks("ingest", "rows.jsonl")
def test_an_archive_that_is_none(answer):
    """An archive with a bad line is refused by file and line."""
    says(answer[0], 2, "picture.png:1: is not JSON", "every line must be one object")
    says(answer[1], 2, "rows.jsonl:1: source: is missing")


@asks("detect", "counts.csv", "--method", "nbp")
@asks("detect", "counts.csv", "--method", "oracle")
@asks("detect", "picture.png", "--method", "nbp")
def test_a_series_without_counts(answer):
    """A table without the column, a method nobody knows and a picture are each named with what is wanted instead."""
    says(answer[0], 2, "observed: no such column among date, n")
    says(answer[1], 2, "'oracle' is no detector", "use one of nbp")
    says(answer[2], 2, "picture.png: is no text", "column `observed`")


# --- settings, registry, catalogue -----------------------------------------------------------------------------------


@asks("feeds", "list", "--config", "keys.toml")
@asks("feeds", "list", "--config", "broken.toml")
@asks("feeds", "list", "--config", "folder")
def test_settings_that_cannot_be_used(answer):
    """Every fault of a settings file has a line with its key, its place and its remedy; a folder is no such file."""
    says(answer[0], 2, "keys.toml:2: mail.hots: unknown key; did you mean 'host'?", "keys.toml:5: poller.tick", lines=2)
    says(answer[1], 2, "broken.toml:2", "is not TOML")
    says(answer[2], 2, "folder: cannot be read: Is a directory")


@asks("feeds", "list", "--config", "feeds.toml")
@asks("feeds", "list", "--config", "unknown.toml")
def test_a_registry_that_cannot_be_used(answer):
    """Broken YAML and an unknown key in the registry are named by file and line."""
    says(answer[0], 2, "feeds.yaml:", "check indentation, colons and quotes")
    says(answer[1], 2, "unknown.yaml:3: intervall", "did you mean `interval`?")


@asks("levels", "--config", "overlay.toml")
@asks("catalogue", "check", "knowledge")
@asks("catalogue", "check", "nosuch")
def test_a_catalogue_that_cannot_be_used(answer):
    """An unknown key of an overlay and broken YAML of a folder are named by file and line; checking is a finding."""
    says(answer[0], 2, "problem.yaml:2: nmae: this key is not known here; did you mean name?", lines=5)
    printed = says(answer[1], 1, "knowledge:", "in the catalogue", out=None)
    assert "problem.yaml:" in printed
    assert "YAML" in printed
    says(answer[2], 2, "nosuch: no such folder")


# --- the database ----------------------------------------------------------------------------------------------------


@asks("levels", "--db", "sqlite:///never.db")
@asks("events", "list", "--db", "sqlite:///never.db")
@asks("alerts", "list", "--db", "sqlite:///never.db")
@asks("briefing", "--week", "2022-W51", "--out", "out", "--db", "sqlite:///never.db")
def test_a_database_that_is_not_there(answer, folder):
    """Without a database the readers say so and what to run first, and do not make one."""
    for one in answer:
        says(one, 2, "never.db: does not exist yet; run `vedette run`")
    assert not (folder / "never.db").exists()


@asks("levels", "--db", "sqlite:///empty.db")
@asks("events", "list", "--db", "sqlite:///empty.db", "--json")
def test_a_database_that_is_empty(answer):
    """On an empty database nothing has been evaluated, and it is said; nothing happened is not claimed."""
    assert answer[0].code == 0
    assert "not evaluated yet" in answer[0].out
    assert (answer[1].code, answer[1].out) == (0, "")


@asks("levels", "--db", "sqlite:///sheet.db")
@asks("levels", "--db", "sqlite:///folder")
@asks("levels", "--db", "mysql://host/name")
@asks("poll", "--once", "--db", "sqlite:////proc/vedette/watch.db")
def test_a_database_that_is_none(answer, folder):
    """A file that is no database, a folder, another server and a place where none can be are named and left alone."""
    says(answer[0], 2, "sheet.db", "not a database")
    assert (folder / "sheet.db").read_bytes().startswith(b"This is no database")
    says(answer[1], 2, "folder: is a folder; name a file in it")
    says(answer[2], 2, "database.url: is no database address")
    says(answer[3], 2, "/proc/vedette/watch.db: its folder cannot be made", "VEDETTE_DB")


# --- the briefing ----------------------------------------------------------------------------------------------------


@asks("briefing", "--week", "2022-W54", "--out", "out", "--db", "sqlite:///empty.db")
@asks("briefing", "--week", "9999-W52", "--out", "out", "--db", "sqlite:///empty.db")
@asks("briefing", "--week", "2099-W01", "--out", "out", "--db", "sqlite:///empty.db")
@asks("briefing", "--week", "2022-W51", "--out", "note.txt", "--db", "sqlite:///empty.db")
def test_a_week_that_is_none(answer, folder):
    """A week that no year has, or that has not begun, is refused, and so is a file as the folder to write into."""
    says(answer[0], 2, "week '2022-W54': no such week", "2022-W51")
    says(answer[1], 2, "week '9999-W52': no such week")
    says(answer[2], 2, "week 2099-W01: begins 29 December 2098", "choose one that has begun")
    says(answer[3], 2, "note.txt: cannot be written", "--out")
    assert not (folder / "out").exists()


def test_no_browser(ask, tmp_path):
    """Without Chromium the HTML is still written, one note says what is missing, and that is no failure."""
    (tmp_path / "b.db").touch()
    done = ask(
        "briefing", "--week", "2022-W51", "--out", str(tmp_path / "out"), "--db", f"sqlite:///{tmp_path}/b.db",
        environment={"PATH": str(tmp_path), "VEDETTE_CHROMIUM": str(tmp_path / "none")},
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".html"]
    notes = [line for line in done.out.splitlines() if "no Chromium or Chrome" in line]
    assert len(notes) == 1


# --- feeds -----------------------------------------------------------------------------------------------------------


@asks("parse", "page.html")
@asks("feeds", "check", "page.html")
@asks("parse", "picture.png")
@asks("feeds", "check", "nosuch")
def test_a_document_that_is_no_feed(answer):
    """A page where a feed was expected is named as one; a picture and a missing file are named too."""
    says(answer[0], 2, "page.html: a page that announces no feed")
    says(answer[1], 1, "page.html: a page that announces no feed")
    says(answer[2], 2, "picture.png:")
    says(answer[3], 2, "nosuch: No such file")


class Press(ThreadingHTTPServer):
    """Sources on one loopback port: documents by path, each as RSS; what is not known is an HTML page."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", 0), _Answers)
        self.documents: dict[str, bytes] = {}

    def address(self, number: int, name: str) -> str:
        """Where a source is: each at a host of its own, for a round visits a host once."""
        return f"http://127.0.0.{number + 1}:{self.server_address[1]}/{name}"

    def publish(self, name: str, texts: list[str]) -> None:
        """An RSS document of these texts."""
        rows = "".join(
            f"<item><guid>{name}-{number}</guid><title>{text[:80]}</title><link>https://example.org/{name}/{number}</link>"
            f"<pubDate>{format_datetime(NOW - timedelta(hours=2 + number))}</pubDate>"
            f"<description>{text}</description></item>"
            for number, text in enumerate(texts)
        )
        self.documents[name] = f"<rss version='2.0'><channel><title>{name}</title>{rows}</channel></rss>".encode()


class _Answers(BaseHTTPRequestHandler):
    server: Press

    def do_GET(self) -> None:
        body = self.server.documents.get(self.path.strip("/"), HTML)
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if body is HTML else "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing to a test's output."""


@pytest.fixture
def press() -> Iterator[Press]:
    """The sources."""
    server = Press()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def installation(folder: Path, press: Press, *names: str, more: str = "") -> dict[str, str]:
    """Settings under which these sources of the press alone are visited."""
    lines = ["feeds:"]
    lines += [f"  - {{id: {feed.feed_id}, enabled: false}}" for feed in load_feeds(data_folder() / "feeds")]
    lines += [
        f"  - {{id: {name}, name: The {name}, url: '{press.address(number, name)}', kind: syndication, "
        f"languages: [en], owner: {name}, origin_kind: media, reliability: B, topics: [general], interval: 2m}}"
        for number, name in enumerate(names)
    ]
    (folder / "feeds.yaml").write_text("\n".join(lines) + "\n")
    (folder / "own.toml").write_text(
        f'[feeds]\nallow_hosts = ["127.0.0.0/8"]\noverlay = "{folder / "feeds.yaml"}"\n{more}', encoding="utf-8"
    )
    return {"VEDETTE_CONFIG": str(folder / "own.toml"), "VEDETTE_DB": f"sqlite:///{folder / 'watch.db'}"}


def count(database: Path, table: str) -> int:
    """The rows of a table."""
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_polled_feed_that_is_a_page(ask, press, tmp_path):
    """A polled page where a feed was expected is a failed visit with its reason, and costs the other feed nothing."""
    press.publish("wire", ["Museum reopens after repairs."])
    own = installation(tmp_path, press, "gone", "wire")
    done = ask("poll", "--once", folder=tmp_path, environment=own)
    said = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert [line for line in said if line.startswith("gone: failed: ") and "an HTML page, not a feed" in line]
    assert "first round: 1 of 2 feeds read" in said
    assert (count(tmp_path / "watch.db", "polls"), count(tmp_path / "watch.db", "items")) == (2, 1)


@contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """A disk of two megabytes at `place` while it lasts; False where this account may mount none."""
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
        ).returncode
        == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, *, but: int) -> Path:
    """A file that leaves `but` bytes of the disk."""
    free = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize - but))
    return filler


def test_a_full_disk(ask, press, tmp_path):
    """A disk that is full while polling is said in one line; what was stored stays, and the next round works again."""
    press.publish("wire", ["Museum reopens after repairs."])
    press.publish("flood", [f"{number}: " + "Tanks moved to Gomel, a witness says. " * 400 for number in range(60)])
    with small_disk(tmp_path / "disk") as mounted:
        own = {**installation(tmp_path, press, "wire"), "VEDETTE_DB": f"sqlite:///{tmp_path / 'disk' / 'watch.db'}"}
        database = tmp_path / "disk" / "watch.db"
        assert ask("poll", "--once", folder=tmp_path, environment=own).code == 0
        assert count(database, "items") == 1
        installation(tmp_path, press, "wire", "flood")
        if mounted:
            filler = fill(tmp_path / "disk", but=60_000)
            failed = ask("poll", "--once", folder=tmp_path, environment=own)
            filler.unlink()
        else:
            most = database.stat().st_size + 50_000
            failed = ask("poll", "--once", folder=tmp_path, environment=own, largest=most)
        says(failed, 1, "watch.db: the disk", out=None)
        assert count(database, "items") == 1
        again = ask("poll", "--once", folder=tmp_path, environment=own)
        assert again.code == 0, again.err
        assert count(database, "items") == 61, again.out
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# --- mail ------------------------------------------------------------------------------------------------------------


class Refusing:
    """A mail server's rules: nobody is known here."""

    async def handle_RCPT(self, *_words: object) -> str:  # noqa: N802 -- the server library's name
        return "550 5.1.1 no such user"


@contextmanager
def mail_server(**rules: Any) -> Iterator[int]:
    """A mail server on a free loopback port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = Controller(Refusing(), hostname="127.0.0.1", port=port, **rules)
    server.start()
    try:
        yield port
    finally:
        server.stop()


def mail_settings(port: int) -> dict[str, str]:
    """Where mail leaves."""
    return {
        "VEDETTE_SMTP_HOST": "127.0.0.1", "VEDETTE_SMTP_PORT": str(port), "VEDETTE_SMTP_SECURITY": "none",
        "VEDETTE_SMTP_SENDER": "vedette@example.org",
    }  # fmt: skip


def test_a_mail_server_that_refuses(ask):
    """A server that is away, one that knows nobody and one that wants another password are each said in one line."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        away = ask("alerts", "test-mail", "watch@example.org", environment=mail_settings(port))
    says(away, 1, f"mail server 127.0.0.1:{port}: connection refused; check mail.port")
    with mail_server() as port:
        unknown = ask("alerts", "test-mail", "watch@example.org", environment=mail_settings(port))
    says(unknown, 1, "recipient watch@example.org refused: 550 5.1.1 no such user")
    wrong = {"VEDETTE_SMTP_USERNAME": "watch", "VEDETTE_SMTP_PASSWORD": "guess-what"}
    with mail_server(
        authenticator=lambda *_words: AuthResult(success=False, handled=False), auth_require_tls=False
    ) as port:
        login = ask("alerts", "test-mail", "watch@example.org", environment={**mail_settings(port), **wrong})
    line = login.err
    says(login, 1, "login refused (535)", "VEDETTE_SMTP_PASSWORD")
    assert "guess-what" not in line


def test_mail_that_cannot_leave_waits(ask, press, tmp_path):
    """While polling, a mail server that is away costs one line; the mail waits in the outbox and the alert stands."""
    press.publish("wire", ["Tanks moved to Gomel.", "Column of 30 tanks moved to Mozyr near the Ukrainian border."])
    press.publish("paper", ["Residents filmed tanks moved to Brest region.", "Train with tanks arrived in Luninets."])
    more = '[[subscribers]]\naddress = "watch@example.org"\nminimum = "watch"\n'
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        own = {**installation(tmp_path, press, "wire", "paper", more=more), **mail_settings(port)}
        done = ask("poll", "--once", folder=tmp_path, environment=own)
    says(done, 1, f"mail server 127.0.0.1:{port}: connection refused", out=None)
    engine = open_engine(own["VEDETTE_DB"])
    store.upgrade(engine)
    with reading(engine) as connection:
        waiting = outbox.tally(connection)
    engine.dispose()
    assert waiting[MailState.WAITING] >= 1
    assert count(tmp_path / "watch.db", "items") == 4


# --- running ---------------------------------------------------------------------------------------------------------


@asks("run", "--replay", "nosuch")
@asks("run", "--port", "0")
@asks("poll", "--once", "--feed", "nosuch")
def test_nothing_to_run(answer):
    """A recording, a port and a feed that are not there are named with those that are, and nothing is started."""
    says(answer[0], 2, "replay 'nosuch'", "belarus-2022-12")
    says(answer[1], 2, "--port 0: not a port", "1 to 65535")
    says(answer[2], 2, "--feed nosuch: no such feed; `vedette feeds list`")


def test_a_port_in_use(ask):
    """A port that something else holds is named before anything is started."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        done = ask("run", "--port", str(port))
    says(done, 2, f"port {port} on 127.0.0.1: Address already in use; stop what holds it or choose another with --port")


def test_a_reader_that_goes_away(folder):
    """`vedette ... | head -1` ends without a word when nobody reads on."""
    own = own_environment(folder)
    with subprocess.Popen(
        [sys.executable, "-m", "indicators.cli", "feeds", "list"],
        env=own, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_output_that_cannot_be_written(folder):
    """When the printed lines cannot be kept, the command says so and does not end as if all were well."""
    own = own_environment(folder)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "indicators.cli", "feeds", "list"],
            env=own, cwd=folder, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "vedette: output: No space left on device; put that right and try again"
    ]


def test_the_dashboard_without_a_database(tmp_path):
    """The dashboard alone, on no database and under broken settings, says what is wrong in place of a traceback."""
    (tmp_path / "good.toml").write_text("")
    (tmp_path / "bad.toml").write_text('[mail]\nhots = "x"\n')
    script = (
        "import os, streamlit as st\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from indicators.settings import dashboard_file\n"
        "for name in ('good.toml', 'bad.toml'):\n"
        "    os.environ['VEDETTE_CONFIG'] = name\n"
        "    st.cache_data.clear(), st.cache_resource.clear()\n"
        "    app = AppTest.from_file(str(dashboard_file()), default_timeout=60).run()\n"
        "    assert not app.exception, app.exception\n"
        "    print(name, *(str(getattr(one, 'body', getattr(one, 'value', ''))) for one in app.main))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        env={**own_environment(tmp_path), "VEDETTE_DB": f"sqlite:///{tmp_path}/none.db"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    good, bad = done.stdout.split("bad.toml", 1)
    assert "poller" in good
    assert "hots: unknown key; did you mean" in bad
