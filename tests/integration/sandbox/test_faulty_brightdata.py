"""The double that tests of the client rely on: each fault is what it says, seen through a real client."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData

AMAZON = "gd_l7q7dkf244hwjntr0"
QUERY = {"dataset_id": AMAZON, "type": "discover_new", "discover_by": "best_sellers_url", "limit_per_input": "12"}
OFFICE = {"category_url": "https://www.amazon.com/gp/bestsellers/office-products"}


@pytest.fixture
def faulty() -> Iterator[FaultyBrightData]:
    with FaultyBrightData() as running:
        yield running


@pytest.fixture
def caller(faulty: FaultyBrightData) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer sandbox-key"}
    with httpx.Client(base_url=faulty.base_url, headers=headers, trust_env=False) as client:
        yield client


def trigger(client: httpx.Client) -> httpx.Response:
    return client.post("/datasets/v3/trigger", params=QUERY, json=[OFFICE])


def progress(client: httpx.Client, snapshot_id: str) -> httpx.Response:
    return client.get(f"/datasets/v3/progress/{snapshot_id}")


def download(client: httpx.Client, snapshot_id: str, form: str = "ndjson") -> httpx.Response:
    return client.get(f"/datasets/v3/snapshot/{snapshot_id}", params={"format": form})


@pytest.fixture
def finished(faulty: FaultyBrightData, caller: httpx.Client) -> str:
    snapshot_id: str = trigger(caller).json()["snapshot_id"]
    faulty.advance(10)
    return snapshot_id


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.split("\n") if line]


def test_time_moves_with_each_poll_so_that_nobody_waits(faulty: FaultyBrightData, caller: httpx.Client) -> None:
    snapshot_id = trigger(caller).json()["snapshot_id"]
    seen = [progress(caller, snapshot_id).json()["status"] for _ in range(3)]
    assert seen == ["running", "ready", "ready"]
    assert faulty.requests["progress"] == 3


def test_a_reset_after_the_trigger_was_accepted_leaves_a_job(faulty: FaultyBrightData, caller: httpx.Client) -> None:
    faulty.on("trigger", faults.ResetAfterAccept())
    with pytest.raises(httpx.ReadError):
        trigger(caller)
    rows = caller.get("/datasets/v3/snapshots", params={"dataset_id": AMAZON}).json()
    assert faulty.triggers == len(rows) == 1


def test_a_reset_before_the_trigger_leaves_nothing(faulty: FaultyBrightData, caller: httpx.Client) -> None:
    faulty.on("trigger", faults.ResetBefore())
    with pytest.raises(httpx.ReadError):
        trigger(caller)
    assert (faulty.requests["trigger"], faulty.triggers) == (1, 0)


def test_a_held_answer_has_already_taken_effect(faulty: FaultyBrightData, caller: httpx.Client) -> None:
    faulty.on("trigger", faults.HeldAnswer())
    answers: list[httpx.Response] = []
    sender = threading.Thread(target=lambda: answers.append(trigger(caller)))
    sender.start()
    assert faulty.held.wait(faults.PATIENCE)
    assert (faulty.triggers, answers) == (1, [])
    faulty.release()
    sender.join(faults.PATIENCE)
    assert answers[0].status_code == 200


def test_the_service_can_be_out_of_reach_for_a_while(faulty: FaultyBrightData, caller: httpx.Client) -> None:
    faulty.go_offline()
    with pytest.raises(httpx.ReadError):
        caller.get("/status")
    faulty.go_online()
    assert caller.get("/status").status_code == 200


def test_half_an_answer_leaves_a_job_and_a_protocol_error(faulty: FaultyBrightData, caller: httpx.Client) -> None:
    faulty.on("trigger", faults.HalfAnAnswer())
    with pytest.raises(httpx.RemoteProtocolError):
        trigger(caller)
    assert faulty.triggers == 1


def test_a_server_error_comes_once_and_then_all_is_well(faulty: FaultyBrightData, caller: httpx.Client) -> None:
    faulty.on("trigger", faults.server_error())
    assert [trigger(caller).status_code for _ in range(2)] == [500, 200]
    assert (faulty.requests["trigger"], faulty.triggers) == (2, 1)


@pytest.mark.parametrize("retry_after", [None, 7, "Wed, 21 Oct 2026 07:28:00 GMT", "-5"])
def test_too_many_requests_come_with_or_without_a_time(
    faulty: FaultyBrightData, caller: httpx.Client, finished: str, retry_after: str | int | None
) -> None:
    faulty.on("progress", faults.too_many(retry_after), times=2)
    answers = [progress(caller, finished) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers.get("retry-after") == (None if retry_after is None else str(retry_after))


def test_hammering_gets_the_address_blocked(caller: httpx.Client, faulty: FaultyBrightData) -> None:
    faulty.blocks_hammering = True
    faulty.always("status", faults.too_many())
    seen = [caller.get("/status").status_code for _ in range(26)]
    assert seen == [429] * 25 + [403]
    assert caller.get("/zone/get_active_zones").status_code == 403


def test_a_fresh_snapshot_can_be_unknown_for_some_calls(
    faulty: FaultyBrightData, caller: httpx.Client, finished: str
) -> None:
    faulty.on("progress", faults.not_known_yet(), times=3)
    assert [progress(caller, finished).status_code for _ in range(4)] == [404, 404, 404, 200]


@pytest.mark.parametrize("word", ["digesting", "quite_new", None])
def test_progress_can_use_any_word(
    faulty: FaultyBrightData, caller: httpx.Client, finished: str, word: str | None
) -> None:
    faulty.on("progress", faults.StatusWord(word))
    assert [progress(caller, finished).json()["status"] for _ in range(2)] == [word, "ready"]


def test_a_ready_snapshot_can_build_on(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.still_building(), times=2)
    assert progress(caller, finished).json()["status"] == "ready"
    assert [download(caller, finished).status_code for _ in range(3)] == [202, 202, 200]


def test_a_download_can_be_empty_or_expired(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.empty_snapshot(), faults.expired_snapshot())
    answers = [download(caller, finished) for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in answers] == [
        (400, "Snapshot is empty"),
        (400, "Snapshot is expired"),
    ]


@pytest.mark.parametrize("key", ["error_message", "error", "message", "failure_reason"])
def test_a_failure_names_its_reason_under_any_key(
    faulty: FaultyBrightData, caller: httpx.Client, finished: str, key: str
) -> None:
    faulty.on("progress", faults.Failed("Account is suspended", key))
    content = progress(caller, finished).json()
    assert (content["status"], content[key]) == ("failed", "Account is suspended")


def test_a_snapshot_can_stay_unfinished_for_ever(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.never_ready()
    faulty.advance(100_000)
    assert progress(caller, finished).json()["status"] == "running"
    assert download(caller, finished).status_code == 202


def test_a_cut_body_with_its_own_length_looks_whole_to_http(
    faulty: FaultyBrightData, caller: httpx.Client, finished: str
) -> None:
    faulty.on("snapshot", faults.CutBody(declared="right"))
    answer = download(caller, finished, "json")
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_body_shorter_than_its_length_is_a_protocol_error(
    faulty: FaultyBrightData, caller: httpx.Client, finished: str
) -> None:
    faulty.on("snapshot", faults.CutBody(declared="wrong"))
    with pytest.raises(httpx.RemoteProtocolError):
        download(caller, finished)


def test_a_cut_body_without_a_length_ends_like_a_whole_one(
    faulty: FaultyBrightData, caller: httpx.Client, finished: str
) -> None:
    faulty.on("snapshot", faults.CutBody(declared="none"))
    cut = download(caller, finished)
    assert "content-length" not in cut.headers
    assert 0 < len(cut.content) < len(download(caller, finished).content)


def test_a_cut_line_spoils_the_last_record_only(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.CutLine())
    cut = download(caller, finished).text
    whole = download(caller, finished).text
    assert whole.startswith(cut)
    assert cut.count("\n") == whole.count("\n") - 1


def test_a_page_can_stand_in_for_the_data(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.html_page())
    answer = download(caller, finished)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_a_held_body_waits_for_its_release(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.HeldBody())
    answers: list[httpx.Response] = []
    reader = threading.Thread(target=lambda: answers.append(download(caller, finished)))
    reader.start()
    assert faulty.held.wait(faults.PATIENCE)
    assert not answers
    faulty.release()
    reader.join(faults.PATIENCE)
    assert len(lines(answers[0])) >= 12


def test_a_slow_body_is_whole_in_the_end(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.SlowBody(pieces=5, pause=0.001))
    assert download(caller, finished).content == download(caller, finished).content


def test_gzip_that_is_none_breaks_the_decoder(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.NotGzip(), faults.NotGzip(as_encoding=False))
    with pytest.raises(httpx.DecodingError):
        download(caller, finished)
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(download(caller, finished).content)


def test_a_bomb_is_small_on_the_wire(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.GzipBomb(size=20_000_000))
    with caller.stream("GET", f"/datasets/v3/snapshot/{finished}") as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 1_000_000
    assert len(zlib.decompress(packed, wbits=31)) > 15_000_000


def test_a_line_can_be_very_long(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.LongLine(size=3_000_000))
    content = download(caller, finished).content
    assert len(content) > 3_000_000
    assert b"\n" not in content


def test_a_huge_snapshot_is_streamed_line_by_line(
    faulty: FaultyBrightData, caller: httpx.Client, finished: str
) -> None:
    faulty.on("snapshot", faults.Huge(lines=2_000))
    with caller.stream("GET", f"/datasets/v3/snapshot/{finished}") as answer:
        count = sum(1 for _ in answer.iter_lines())
    assert count == 2_000


def test_records_can_come_twice(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.duplicated())
    twice, once = lines(download(caller, finished)), lines(download(caller, finished))
    assert twice == once * 2


def test_fields_can_be_missing(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.without_fields("title", "input"))
    assert not any({"title", "input"} & set(row) for row in download(caller, finished, "json").json())


def test_ratings_can_have_any_shape(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.odd_ratings())
    shapes = {type(row["rating"]) for row in lines(download(caller, finished))}
    assert shapes == {int, float, dict, str, type(None)}


def test_all_records_can_be_warnings(faulty: FaultyBrightData, caller: httpx.Client, finished: str) -> None:
    faulty.on("snapshot", faults.warnings_only())
    rows = lines(download(caller, finished))
    assert {frozenset(row) for row in rows} == {frozenset(("timestamp", "input", "warning", "warning_code"))}


def test_requests_are_counted_with_their_bodies(faulty: FaultyBrightData, caller: httpx.Client) -> None:
    trigger(caller)
    faulty.wait_for("trigger")
    method, path, query = faulty.seen[0]
    assert (method, path) == ("POST", "/datasets/v3/trigger")
    assert "limit_per_input=12" in query
    assert json.loads(faulty.bodies["trigger"][0]) == [OFFICE]


def test_a_misspelled_kind_is_refused(faulty: FaultyBrightData) -> None:
    with pytest.raises(AssertionError):
        faulty.on("progres", faults.server_error())


def test_state_outlives_the_double_on_the_same_port(tmp_path: Path) -> None:
    with FaultyBrightData(state=tmp_path) as first:
        headers = {"authorization": "Bearer sandbox-key"}
        answer = httpx.post(
            f"{first.base_url}/datasets/v3/trigger", params=QUERY, json=[OFFICE], headers=headers, trust_env=False
        )
    port = int(first.base_url.rsplit(":", 1)[1])
    with FaultyBrightData(state=tmp_path, port=port) as second:
        assert second.base_url == first.base_url
        assert second.triggers == 1
        known = httpx.get(
            f"{second.base_url}/datasets/v3/progress/{answer.json()['snapshot_id']}", headers=headers, trust_env=False
        )
    assert known.status_code == 200


async def test_it_works_as_an_async_context_manager() -> None:
    async with FaultyBrightData() as service, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{service.base_url}/status", headers={"authorization": "Bearer sandbox-key"})
    assert answer.status_code == 200
