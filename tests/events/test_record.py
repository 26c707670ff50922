"""What a voice's word has been worth."""

from __future__ import annotations

from reporting import BREST, DAILY, GOMEL, HAJUN, MINSK, NOBODY, RADIO, ZYABROVKA, a_report

from indicators.events.clustering import cluster
from indicators.events.record import track_records
from indicators.model.signal import Assertion


def test_a_record_counts_happenings_not_articles():
    """Two happenings that Hajun told first, one of them confirmed: echoes and unnamed voices add nothing."""
    records = track_records(
        cluster([
            a_report("h:1", origin=HAJUN, places=(BREST,)),
            a_report("d:1", origin=HAJUN, places=(BREST,), hours=1),
            a_report("r:1", origin=RADIO, places=(BREST,), hours=2),
            a_report("h:2", origin=HAJUN, places=(GOMEL,), hours=3),
            a_report("n:1", origin=NOBODY, places=(ZYABROVKA,), hours=3),
        ])
    )  # fmt: skip
    hajun, radio = records["HAJUN"], records["owner:radio"]
    assert (hajun.first, hajun.confirmed, hajun.followed) == (2, 1, 0)
    assert (radio.first, radio.confirmed, radio.followed) == (0, 0, 1)
    assert set(records) == {"HAJUN", "owner:radio"}
    assert hajun.line == "Belarusian Hajun: first with 2, 1 later confirmed by others, too few to rate"


def test_a_contradicted_number_stands_in_the_record():
    """31 tanks that another counts as 13 are one confirmed and contradicted happening."""
    records = track_records(
        cluster([
            a_report("h:1", origin=HAJUN, places=(BREST,), quantity=(31, "tank")),
            a_report("d:1", origin=DAILY, places=(BREST,), quantity=(13, "tank"), hours=2),
        ])
    )  # fmt: skip
    assert (records["HAJUN"].confirmed, records["HAJUN"].contradicted) == (1, 1)


def test_what_never_counted_is_no_record():
    """A negated or recalled happening is nothing to have been first with."""
    events = cluster([a_report("h:1", origin=HAJUN, places=(MINSK,), assertion=Assertion.NEGATED)])
    assert track_records(events) == {}
