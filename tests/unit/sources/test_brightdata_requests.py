"""What Bright Data's answers mean, without a connection."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources.base import TriggerRequest

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("1e400", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_nonsense(value: str | None, seconds: float | None) -> None:
    assert wire.retry_after(value, now=NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_makes_it_raise_or_go_back_in_time(value: str) -> None:
    assert (wire.retry_after(value, now=NOW) or 0.0) >= 0.0


@pytest.mark.parametrize(
    ("body", "state", "raw"),
    [
        ('{"status": "ready", "records": 3}', "ready", "ready"),
        ('{"status": "canceled"}', "cancelled", "canceled"),
        ('{"status": "cancelled"}', "cancelled", "cancelled"),
        ('{"status": "failed", "error_message": "No"}', "failed", "failed"),
        ('{"status": "pondering"}', "running", "pondering"),
        ('{"status": null}', "running", "no status"),
        ("{}", "running", "no status"),
        ("<html>", "running", "unreadable"),
    ],
)
def test_only_a_known_final_word_ends_a_snapshot(body: str, state: str, raw: str) -> None:
    status = wire.status_of("sd_1", body)
    assert (status.state, status.raw_state) == (state, raw)


def test_an_answer_with_a_snapshot_id_is_never_data() -> None:
    assert wire.is_running_notice(b'{"status":"building","message":"try again in 30s"}')
    assert not wire.is_running_notice(b'{"status":"running","title":"a record with a status of its own"}')
    assert not wire.is_running_notice(b'[{"status":"running"}]')
    assert wire.snapshot_id_of('{"snapshot_id": "sd_1"}') == "sd_1"
    for unreadable in ('{"snapshot_id": null}', '{"snapshot_id": "a b"}', "[]", "OK", '{"snapshot_id": 7}'):
        assert wire.snapshot_id_of(unreadable) is None


def test_the_services_words_are_short_masked_and_harmless() -> None:
    words = wire.words_of("<b>No</b> Authorization: Bearer abcdef123456 \x1b[31m" + "x" * 5000)
    assert len(words) <= 500 and "abcdef123456" not in words and "\x1b" not in words and words.startswith("No")


def test_limits_are_sent_for_discovery_and_left_out_where_they_mean_nothing() -> None:
    discovery = TriggerRequest("gd_1", ({"keyword": "x"},), "keyword", limit_per_input=3, max_records=9)
    assert wire.trigger_query(discovery) == {
        "dataset_id": "gd_1",
        "include_errors": "true",
        "type": "discover_new",
        "discover_by": "keyword",
        "limit_per_input": "3",
        "limit_multiple_results": "9",
    }
    by_url = TriggerRequest("gd_1", ({"url": "https://é.com"},), limit_per_input=3)
    assert wire.trigger_query(by_url) == {"dataset_id": "gd_1", "include_errors": "true"}
    assert wire.trigger_body(by_url) == '[{"url":"https://é.com"}]'


def test_lists_of_snapshots_are_read_in_either_shape() -> None:
    row = '{"id": "sd_1", "created": "2026-11-22T12:00:00Z", "status": "ready", "dataset_size": 4}'
    for body in (f"[{row}]", f'{{"total": 1, "snapshots": [{row}]}}'):
        (listing,) = wire.listings_of(body) or []
        assert (listing.snapshot_id, listing.records) == ("sd_1", 4)
    assert wire.listings_of("<html>") is None
