"""Snapshots through time, their limits, and the journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.servers.brightdata import VirtualClock

from webtune_tui.sandbox import records
from webtune_tui.sandbox.errors import Refusal
from webtune_tui.sandbox.jobs import Job, JobBook, Order, Stage, page

AMAZON = "gd_l7q7dkf244hwjntr0"
EVERYTHING = {"category_url": "https://www.amazon.com/gp/bestsellers/everything"}


def order(*inputs: dict[str, Any], **settings: Any) -> Order:
    return Order(AMAZON, "discover_by_best_sellers_url", inputs or (EVERYTHING,), **settings)


def open_book(clock: VirtualClock | None = None, folder: Path | None = None) -> JobBook:
    return JobBook(records.load(), clock or VirtualClock(), folder=folder)


def delivered(**settings: Any) -> tuple[JobBook, Job]:
    book = open_book()
    return book, book.start(order(**settings))


def test_a_snapshot_goes_from_starting_to_ready_with_a_lag() -> None:
    clock = VirtualClock()
    book = open_book(clock)
    job = book.start(order())
    seen = []
    for _ in range(6):
        seen.append(book.stage(job))
        clock.moment += 1
    assert seen == [
        Stage.STARTING, Stage.RUNNING, Stage.RUNNING, Stage.RUNNING, Stage.BUILDING, Stage.READY,
    ]  # fmt: skip


def test_a_snapshot_expires_after_thirty_days() -> None:
    clock = VirtualClock()
    book = open_book(clock)
    job = book.start(order())
    clock.moment += 31 * 86_400
    assert book.stage(job) is Stage.EXPIRED


def test_ids_have_the_form_of_the_service() -> None:
    book = open_book()
    for _ in range(20):
        assert 20 <= len(book.start(order()).id) <= 21
        assert book.all()[0].id.startswith("sd_")


def test_the_limit_per_input_counts_data_records_for_each_input() -> None:
    office = {"category_url": "https://www.amazon.com/gp/bestsellers/office-products"}
    book = open_book()
    delivery = book.delivery(book.start(order(EVERYTHING, office, limit_per_input=7, include_errors=True)))
    assert delivery.records == 14


def test_the_total_limit_cuts_the_whole_job() -> None:
    book, job = delivered(limit_per_input=50, limit_multiple_results=12)
    assert book.delivery(job).records == 12


def test_errors_are_counted_even_when_they_are_not_delivered() -> None:
    book, job = delivered(include_errors=False)
    delivery = book.delivery(job)
    assert delivery.errors == sum(delivery.error_codes.values()) == 8
    assert not any(records.is_error(row) for row in delivery.rows)


def test_errors_are_delivered_on_request() -> None:
    book, job = delivered(include_errors=True)
    assert sum(map(records.is_error, book.delivery(job).rows)) == 8


def test_the_same_request_brings_the_same_records_in_another_order() -> None:
    book = open_book()
    one, other = (book.delivery(book.start(order(limit_per_input=40))).rows for _ in range(2))
    assert one != other
    assert sorted(row["asin"] for row in one if "asin" in row) == sorted(row["asin"] for row in other if "asin" in row)


def test_the_same_snapshot_always_has_the_same_order() -> None:
    book, job = delivered(limit_per_input=40)
    first = list(book.delivery(job).rows)
    again = JobBook(records.load(), VirtualClock())
    assert list(again.delivery(job).rows) == first


def test_columns_can_be_chosen_and_dots_go_into_objects() -> None:
    book, job = delivered(limit_per_input=3, custom_output_fields=("title", "buybox_prices.final_price"))
    row = next(row for row in book.delivery(job).rows if records.is_data(row))
    assert set(row) == {"title", "buybox_prices.final_price", "timestamp", "input", "discovery_input"}
    assert isinstance(row["buybox_prices.final_price"], float)


def test_own_input_fields_come_back_unchanged() -> None:
    given = {**EVERYTHING, "row_id": 17}
    book = open_book()
    job = book.start(order(given, limit_per_input=2, custom_input_fields=("row_id",)))
    assert {row["row_id"] for row in book.delivery(job).rows} == {17}


def test_only_a_running_snapshot_can_be_cancelled() -> None:
    clock = VirtualClock()
    book = open_book(clock)
    job = book.start(order())
    book.cancel(job)
    assert book.stage(book.find(job.id)) is Stage.CANCELED
    with pytest.raises(Refusal, match="Snapshot is not running"):
        book.cancel(book.find(job.id))


def test_an_input_of_our_own_makes_a_snapshot_fail() -> None:
    clock = VirtualClock()
    book = open_book(clock)
    job = book.start(order({"category_url": "https://www.amazon.com/sandbox-failed"}))
    clock.moment += 10
    assert book.stage(job) is Stage.FAILED


def test_a_restart_knows_triggers_cancellations_and_downloads(tmp_path: Path) -> None:
    clock = VirtualClock()
    book = open_book(clock, tmp_path)
    kept, stopped = book.start(order(limit_per_input=2)), book.start(order())
    book.cancel(stopped)
    book.count_download(kept)
    again = open_book(clock, tmp_path)
    assert {job.id for job in again.all()} == {kept.id, stopped.id}
    assert again.stage(again.find(stopped.id)) is Stage.CANCELED
    assert again.find(kept.id).downloads == 1
    assert again.delivery(again.find(kept.id)) == book.delivery(kept)


def test_a_line_cut_by_a_kill_is_dropped_and_the_journal_goes_on(tmp_path: Path) -> None:
    book = open_book(folder=tmp_path)
    first = book.start(order())
    with (tmp_path / "jobs.jsonl").open("ab") as journal:
        journal.write(b'{"event": "started", "job": {"id": "sd_half')
    again = open_book(folder=tmp_path)
    second = again.start(order())
    assert {job.id for job in open_book(folder=tmp_path).all()} == {first.id, second.id}


def test_inputs_with_line_separators_survive_a_restart(tmp_path: Path) -> None:
    given = {"category_url": "https://www.amazon.com/a\u2028b\u0085c"}
    job = open_book(folder=tmp_path).start(order(given))
    assert open_book(folder=tmp_path).find(job.id).order.inputs == [given]


def test_the_journal_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    open_book(folder=folder).start(order())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "jobs.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_journal_is_json_lines(tmp_path: Path) -> None:
    open_book(folder=tmp_path).start(order())
    (line,) = (tmp_path / "jobs.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["event"] == "started"


def test_batches_count_from_one_and_do_not_overlap() -> None:
    rows = [{"n": number} for number in range(2500)]
    batches = [page(rows, 1000, part) for part in (1, 2, 3, 4)]
    assert [len(batch) for batch in batches] == [1000, 1000, 500, 0]
    assert [row for batch in batches for row in batch] == rows
