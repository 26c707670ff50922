"""The loopback server of a recording, asked over real HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import aiohttp
import pytest

from indicators.replay.recording import load
from indicators.replay.server import RecordingServer
from indicators.settings import data_folder


@pytest.fixture(scope="module")
def tape():
    return load("belarus-2022-12", shipped=data_folder() / "replay")


def ask(tape, at, *visits):
    """Visit one server in turn; each visit is a path, or a path and a function from the answer before to headers."""

    async def once():
        answers = []
        async with RecordingServer(tape, lambda: at) as server, aiohttp.ClientSession() as session:
            for visit in visits:
                path, headers = visit if isinstance(visit, tuple) else (visit, lambda _before: {})
                async with session.get(server.base + path, headers=headers(answers[-1] if answers else None)) as answer:
                    answers.append((answer.status, answer.headers.copy(), await answer.text()))
        return answers

    return asyncio.run(once())


def same_validator(before):
    return {"If-None-Match": before[1]["ETag"]}


def test_a_second_visit_is_told_that_nothing_changed(tape):
    """The validator of the first answer earns an empty 304 while the document stays the same."""
    at = datetime(2022, 12, 20, 12, tzinfo=UTC)
    first, second = ask(tape, at, "/ukr_gs", ("/ukr_gs", same_validator))
    assert first[0] == 200
    assert (second[0], second[2]) == (304, "")


def test_a_validator_of_another_day_earns_the_document(tape):
    """A document that grew is sent whole."""
    (old,) = ask(tape, datetime(2022, 12, 20, 12, tzinfo=UTC), "/ukr_gs")
    (new,) = ask(tape, datetime(2022, 12, 24, 12, tzinfo=UTC), ("/ukr_gs", lambda _before: same_validator(old)))
    assert new[0] == 200


def test_faults_answer_as_declared(tape):
    """During a fault the source answers its status, with Retry-After where declared, and recovers after it."""
    ((status, headers, _),) = ask(tape, datetime(2022, 12, 14, 12, tzinfo=UTC), "/blr_mod")
    assert status == 503
    assert headers["Retry-After"] == "7200"
    assert ask(tape, datetime(2022, 12, 15, 12, tzinfo=UTC), "/blr_mod")[0][0] == 200
    ((status, _, body),) = ask(tape, datetime(2022, 10, 19, 12, tzinfo=UTC), "/bel_outlet")
    assert status == 200
    assert "<html" in body


def test_evidence_links_lead_to_a_page(tape):
    """A publication's own address shows its text and the label, and is not there before its time."""
    last = tape.publications["world_wire"][-1].id
    ((_, _, page),) = ask(tape, tape.ends_at, f"/world_wire/{last}")
    assert tape.label in page
    assert ask(tape, tape.starts_at, f"/world_wire/{last}")[0][0] == 404


def test_an_unknown_source_is_not_found(tape):
    """What is not recorded answers 404."""
    assert ask(tape, tape.ends_at, "/nobody")[0][0] == 404
