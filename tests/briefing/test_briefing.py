"""The weekly briefing: what is on the page, what is refused, what is written without a browser."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta

import pytest
import winter

from feeds import database
from indicators import briefing
from indicators.briefing import BriefingProblem, Sources, picture, printing, week_named
from indicators.briefing.weekly import page_of
from indicators.catalogue import Catalogue, load
from indicators.settings import data_folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> winter.Winter:
    return winter.keep_watch(tmp_path_factory.mktemp("briefing"))


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return load(data_folder(), problem=winter.PROBLEM)


def a_picture(kept: winter.Winter, at: datetime = winter.NOW) -> picture.Picture:
    with database.reading(kept.engine) as connection:
        return picture.draw(connection, kept.catalogue, as_of=at, changed_since=at - timedelta(days=7))


def words(page: str) -> str:
    """What a reader sees: no scripts, no style, no markup."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL))


@pytest.mark.parametrize("text", ["2022-W51", "2022W51", " 2022-W51 "])
def test_a_week_is_named_as_iso_names_it(text) -> None:
    """Year and ISO week, from Monday to Sunday."""
    week = week_named(text)
    assert (str(week.first), str(week.last)) == ("2022-12-19", "2022-12-25")


@pytest.mark.parametrize("text", ["2022-W54", "2022-51", "W51", "yesterday", "2022-W00", ""])
def test_an_unknown_week_is_refused_with_the_way_to_write_it(text) -> None:
    """One line names the value and the remedy."""
    with pytest.raises(BriefingProblem, match="write year and ISO week as in 2022-W51"):
        week_named(text)


def test_a_week_that_has_not_begun_is_refused(kept, tmp_path) -> None:
    """Nobody is handed a page about the future."""
    with pytest.raises(BriefingProblem, match="choose one that has begun"):
        briefing.write_week(kept.engine, kept.catalogue, week="2023-W10", out=tmp_path, as_of=winter.NOW)


def test_an_unknown_format_is_refused(kept, tmp_path) -> None:
    """The formats that exist are named."""
    with pytest.raises(BriefingProblem, match="html, png, pdf"):
        briefing.write_week(
            kept.engine, kept.catalogue, week="2022-W51", out=tmp_path, formats=("docx",), as_of=winter.NOW
        )


def test_the_page_says_what_it_rests_on(kept) -> None:
    """Condition, as of, coverage, the blind, the sources and the replay's label are all on the page."""
    rests = Sources(read=("hajun",), lost=("mod_releases",), label="Reconstruction from public dates")
    text = words(page_of(a_picture(kept), week_named("2022-W51"), rests))
    assert "Heightened" in text
    assert "As of" in text
    assert "25 Dec 2022 06:30 UTC" in text
    assert "71%" in text
    assert "M6" in text
    assert "mod_releases" in text
    assert "Reconstruction from public dates" in text
    assert "Week 51" in text


def test_the_page_prints_neither_nan_nor_none(kept) -> None:
    """The unknown is a dash or a word."""
    text = words(page_of(a_picture(kept), week_named("2022-W51"), Sources()))
    found = re.findall(r"[A-Za-z]+", text)
    assert "nan" not in [word.lower() for word in found]
    assert "None" not in found


def test_every_indicator_is_on_the_page_by_name_or_code(kept) -> None:
    """Nothing is left out in silence: what is not in the table is named below it."""
    text = words(page_of(a_picture(kept), week_named("2022-W51"), Sources()))
    for row in a_picture(kept).rows:
        assert re.search(rf"\b{row.code}\b", text), row.code


def test_text_from_outside_cannot_write_markup(kept) -> None:
    """A script in a title does not become one in the page."""
    page = page_of(a_picture(kept), week_named("2022-W51"), Sources(label="<script>x</script>"))
    assert '<script>document.title="owned"' not in page
    assert "<script>x</script>" not in page


def test_the_page_fetches_nothing(kept) -> None:
    """No sheet, script, font or picture is loaded from an address."""
    page = page_of(a_picture(kept), week_named("2022-W51"), Sources())
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"']?https?:", markup)
    assert "<link" not in markup
    assert "@import" not in markup


def test_an_empty_database_gives_a_page_that_says_so(tmp_path, known) -> None:
    """Nothing evaluated: the page is written, hatched, and a note tells it."""
    engine = database.open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    winter.tables(engine)
    at = datetime(2022, 12, 23, tzinfo=UTC)
    written = briefing.write_week(engine, known, week="2022-W51", out=tmp_path, formats=("html",), as_of=at)
    text = words(written.paths[0].read_text(encoding="utf-8"))
    assert "Not evaluated" in text
    assert "This is not calm" in text
    assert any("nothing had been evaluated" in note for note in written.notes)


def test_without_a_browser_the_page_is_written_and_one_line_says_why_not_more(
    kept, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTML always; PNG and PDF need Chromium or Chrome, and one note says so once."""
    monkeypatch.setenv("VEDETTE_CHROMIUM", str(tmp_path / "no-such-browser"))
    written = briefing.write_week(kept.engine, kept.catalogue, week="2022-W51", out=tmp_path, as_of=winter.NOW)
    assert [path.suffix for path in written.paths] == [".html"]
    assert len(written.notes) == 1
    assert "no Chromium or Chrome was found" in written.notes[0]


@pytest.mark.browser
def test_picture_and_print_are_drawn_and_not_blank(kept, tmp_path) -> None:
    """A 16:9 PNG with the condition's colour in it, and a PDF of one page."""
    if printing.find_browser() is None:
        assert os.environ.get("CI", "").lower() != "true", "no Chromium or Chrome on this machine: install chromium"
        pytest.skip("no Chromium or Chrome on this machine: install chromium to run the browser tests")
    written = briefing.write_week(kept.engine, kept.catalogue, week="2022-W51", out=tmp_path, as_of=winter.NOW)
    assert written.notes == ()
    png, pdf = (next(path for path in written.paths if path.suffix == kind) for kind in (".png", ".pdf"))
    head = png.read_bytes()
    assert (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) == (1920, 1080)
    assert pdf.read_bytes().startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) == 1


def test_a_browser_that_draws_nothing_is_not_believed(kept, tmp_path) -> None:
    """A program that ends well without a picture gives a note, not a file."""
    written = briefing.write(a_picture(kept), week="2022-W51", out=tmp_path, formats=("png",), browser="/bin/true")
    assert [path.suffix for path in written.paths] == [".html"]
    assert "drew nothing" in written.notes[0]
