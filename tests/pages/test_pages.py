"""The pages as Streamlit runs them, on a real database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import winter
from streamlit.testing.v1 import AppTest

from feeds import database
from indicators.store import levels, outbox, thresholds

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("overview", "indicator", "event", "feeds", "alerts", "handbook")


@dataclass(frozen=True)
class Caught:
    """A mail as a catcher hands it over."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    content: bytes
    dated_at: datetime


def run(page: str, **query: str) -> AppTest:
    """One page of the dashboard, run once."""
    script = f"from indicators.pages import frame, {page}\nframe.dress()\n{page}.page()\n"
    app = AppTest.from_string(script, default_timeout=90)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def told(app: AppTest) -> str:
    """All the page's own markup, without its style sheet."""
    texts = [str(element.proto.body) for element in app.get("html")] if app.get("html") else []
    texts += [str(element.value) for element in [*app.markdown, *app.caption, *app.error]]
    return "\n".join(text for text in texts if not text.startswith("<style>"))


def plain(markup: str) -> str:
    """What a reader sees of markup."""
    return re.sub(r"<[^>]+>", " ", markup)


def test_the_dashboard_starts_from_its_one_file(watch) -> None:
    """`streamlit run dashboard.py` shows the Overview of the configured problem."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=90).run()
    assert not app.exception
    assert "Heightened" in told(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_on_a_database_that_does_not_exist(fresh, page) -> None:
    """Nothing collected yet is said, not shown as calm, and nothing breaks."""
    app = run(page)
    assert not app.exception
    if page == "handbook":
        return
    text = told(app)
    assert "No poller is running" in text
    assert "vedette run" in text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_never_prints_nan_or_none(watch, page) -> None:
    """What is not known is a dash or a word."""
    app = run(page)
    assert not app.exception
    if page != "handbook":
        words = re.findall(r"[A-Za-z]+", plain(told(app)))
        assert "nan" not in [word.lower() for word in words]
        assert "None" not in words


@pytest.mark.parametrize("page", PAGES)
def test_text_from_feeds_cannot_write_markup(watch, page) -> None:
    """A script in a title or a text is shown as its letters."""
    text = told(run(page, id="equipment_moves"))
    assert "<script" not in text
    assert "onerror=alert(1)>" not in text


def test_the_overview_says_what_stands_what_is_blind_and_as_of_when(watch) -> None:
    """Condition, who set it, coverage, the blind and the instant are on the first screen."""
    text = plain(told(run("overview")))
    assert "Heightened" in text
    assert "Set by Maj. A. Novak" in text
    assert "71%" in text
    assert "Blind in 3" in text
    assert "25 Dec 2022 06:30 UTC" in text
    assert "held blind" in text
    assert "partly seen" in text


def test_the_overview_shows_every_indicator(watch) -> None:
    """All thirty stand on the board, each with a link to its page."""
    text = told(run("overview"))
    links = set(re.findall(r'href="indicator\?id=([a-z_]+)', text))
    assert set(watch.catalogue.indicators) <= links


def test_a_replay_says_that_it_is_one(watch) -> None:
    """The label of the recording stands under the banner."""
    assert "Replay" in told(run("overview"))


def test_a_past_instant_shows_what_was_known_then(watch) -> None:
    """With `as_of`, the condition and the board are those of that instant, and nothing can be changed."""
    at = winter.NOW - timedelta(days=30)
    app = run("overview", as_of=f"{at:%Y-%m-%dT%H:%MZ}")
    text = plain(told(app))
    assert not app.exception
    assert "Routine" in text
    assert "The past." in text
    assert "M8 Bridging is critical" not in text
    assert app.get("popover")[0].proto.popover.disabled


def test_an_as_of_that_is_no_instant_is_said_and_ignored(watch) -> None:
    """A mistyped address is answered with the way to write it."""
    text = told(run("overview", as_of="<b>yesterday"))
    assert "is no instant" in text
    assert "&lt;b&gt;yesterday" in text


def test_a_poller_that_fell_silent_is_called_so(fresh, monkeypatch) -> None:
    """An old sign of life is not taken for a running poller."""
    kept = winter.keep_watch(fresh, mode="live", real_at=datetime.now(UTC) - timedelta(hours=2))
    monkeypatch.setenv("VEDETTE_DB", kept.url)
    assert "The poller has gone quiet" in told(run("overview"))


def test_a_decision_without_a_poller_bears_the_time_it_was_made(fresh, monkeypatch) -> None:
    """With the poller silent for hours, a condition set now is kept with now and is on the banner."""
    kept = winter.keep_watch(fresh, mode="live", real_at=datetime.now(UTC) - timedelta(hours=2))
    monkeypatch.setenv("VEDETTE_DB", kept.url)
    app = run("overview")
    app.text_input(key="condition_by").set_value("Capt. B. Ivanova")
    app.text_area(key="condition_reason").set_value("By telephone.")
    next(button for button in app.button if button.label == "Set").click().run()
    with database.reading(kept.engine) as connection:
        chosen = levels.conditions_set(connection, winter.PROBLEM, as_of=datetime.now(UTC))[-1]
    assert datetime.now(UTC) - chosen.at < timedelta(minutes=5)
    assert "Set by Capt. B. Ivanova" in plain(told(app))


def test_a_person_sets_the_condition_with_name_and_reason(watch) -> None:
    """The condition set is kept with who, why and when; without a name it is refused."""
    app = run("overview")
    app.selectbox(key="condition_chosen").set_value(app.selectbox(key="condition_chosen").options[2])
    set_it = next(button for button in app.button if button.label == "Set")
    set_it.click().run()
    assert any("Give your name" in error.value for error in app.error)
    app.text_input(key="condition_by").set_value("Capt. B. Ivanova")
    app.text_area(key="condition_reason").set_value("Convoys confirmed by two origins.")
    next(button for button in app.button if button.label == "Set").click().run()
    assert not app.exception
    with database.reading(watch.engine) as connection:
        chosen = levels.conditions_set(connection, winter.PROBLEM, as_of=winter.NOW)
    assert chosen[-1].by == "Capt. B. Ivanova"
    assert chosen[-1].at == winter.NOW


def test_an_officer_changes_thresholds_and_the_page_shows_both(watch) -> None:
    """A change is kept with who and why, and the default stays in sight."""
    app = run("indicator", id="equipment_moves")
    assert not app.exception
    app.number_input(key="watch_equipment_moves").set_value(3)
    app.number_input(key="warning_equipment_moves").set_value(6)
    app.number_input(key="critical_equipment_moves").set_value(9)
    app.text_input(key="thresholds_by").set_value("Capt. B. Ivanova")
    app.text_input(key="thresholds_reason").set_value("Rotation trains inflate the count.")
    next(button for button in app.button if button.label == "Change thresholds").click().run()
    assert not app.exception
    with database.reading(watch.engine) as connection:
        kept = thresholds.history(connection, winter.PROBLEM, "equipment_moves", as_of=winter.NOW)
    assert (kept[-1].thresholds.watch, kept[-1].by) == (3, "Capt. B. Ivanova")
    text = plain(told(app))
    assert "Rotation trains inflate the count." in text
    assert "Default" in text


def test_limits_that_do_not_rise_are_refused_in_one_line(watch) -> None:
    """Watch above warning is answered with the remedy and nothing is kept."""
    app = run("indicator", id="equipment_moves")
    app.number_input(key="watch_equipment_moves").set_value(50)
    app.text_input(key="thresholds_by").set_value("B")
    app.text_input(key="thresholds_reason").set_value("r")
    next(button for button in app.button if button.label == "Change thresholds").click().run()
    assert any("does not rise" in error.value for error in app.error)


def test_an_officer_is_told_how_often_a_limit_would_have_fired(watch) -> None:
    """Before a change is saved, the page says what it would have done and what chance alone does."""
    app = run("indicator", id="equipment_moves")
    app.number_input(key="watch_equipment_moves").set_value(1)
    next(button for button in app.button if button.label.startswith("How often")).click().run()
    assert not app.exception
    text = plain(told(app))
    assert "By chance alone" in text
    assert "In 90 days" in text
    with database.reading(watch.engine) as connection:
        assert thresholds.history(connection, winter.PROBLEM, "equipment_moves", as_of=winter.NOW) == []


def test_evidence_is_highlighted_and_only_web_links_are_links(watch) -> None:
    """The words that were coded stand out; a javascript address is text."""
    text = told(run("indicator", id="equipment_moves"))
    assert '<mark class="v-hit">31 tanks were seen by rail in the Brest region</mark>' in text
    assert 'href="https://example.org/report/0"' in text
    assert "javascript:" not in told(run("indicator", id="drills"))


def test_an_unknown_indicator_is_said(watch) -> None:
    """A wrong id in the address leads to the picker and a line."""
    assert "is no indicator of this problem" in told(run("indicator", id="no_such"))


def test_feeds_tells_what_fails_and_since_when(watch) -> None:
    """A failing source stands first with its detail."""
    text = plain(told(run("feeds")))
    assert "Failing" in text
    assert "HTTP 503" in text


def test_alerts_are_listed_and_acknowledged(watch) -> None:
    """An open alert is taken on by a named person until a shift's end."""
    app = run("alerts")
    assert not app.exception
    assert "M8 Bridging" in plain(told(app))
    app.text_input(key="ack_by_a1").set_value("Capt. B. Ivanova")
    next(button for button in app.button if button.label == "Acknowledge").click().run()
    assert not app.exception
    assert "acknowledged by Capt. B. Ivanova until" in plain(told(app))


def test_a_replays_mails_can_be_read_on_the_page(watch) -> None:
    """A caught mail is shown with its head and plain text, its markup as letters."""
    mail = (
        b"From: vedette@replay.invalid\r\nTo: officer@example.org\r\nSubject: [I&W] M8 critical\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<script>alert(1)</script>bridging"
    )
    with database.writing(watch.engine) as connection:
        handed = Caught(
            sender="vedette@replay.invalid",
            recipients=("officer@example.org",),
            subject="[I&W] M8 critical",
            message_id="<1@x>",
            content=mail,
            dated_at=winter.NOW,
        )
        outbox.catch(connection, handed, at=winter.NOW)
    app = run("alerts")
    assert any("[I&W] M8 critical" in expander.label for expander in app.expander)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;bridging" in told(app)


def test_mail_settings_never_show_a_secret(watch, monkeypatch) -> None:
    """The page says that a password is set and not which."""
    from indicators.pages import reading

    monkeypatch.setenv("VEDETTE_SMTP_HOST", "mail.example.org")
    monkeypatch.setenv("VEDETTE_SMTP_SENDER", "vedette@example.org")
    monkeypatch.setenv("VEDETTE_SMTP_USERNAME", "vedette")
    monkeypatch.setenv("VEDETTE_SMTP_PASSWORD", "hunter2hunter2")
    reading.settings.clear()
    text = told(run("alerts"))
    assert "mail.example.org:587" in text
    assert "hunter2" not in text


def test_unusable_settings_are_told_on_the_page(fresh, monkeypatch) -> None:
    """A fault in the settings is one line with its key, not a traceback."""
    monkeypatch.setenv("VEDETTE_SMTP_PORT", "many")
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=90).run()
    assert not app.exception
    assert "VEDETTE_SMTP_PORT" in told(app)
