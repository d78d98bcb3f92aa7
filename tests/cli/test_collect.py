"""``webtune collect`` and ``webtune import``: JSON of the contract and exit codes, against the double."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData, bright_data
from webtune_tui.cli.main import run

__all__ = ["bright_data"]

CATEGORY = "category_url=https://www.amazon.com/gp/bestsellers/office-products"
COLLECT = ("collect", "brightdata", "--scraper", "amazon-products", "--input", CATEGORY)
FIELDS = {
    "collection_id",
    "snapshot_id",
    "state",
    "records",
    "errors",
    "new",
    "duplicates",
    "estimated_cost",
    "cost",
    "raw_path",
}
KEY = "sandbox-key-canary-5d1e8b"

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def environment(tmp_path: Path, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    values = {
        "WEBTUNE_BRIGHTDATA_URL": bright_data.base_url,
        "BRIGHTDATA_API_TOKEN": KEY,
        "WEBTUNE_POLL_SECONDS": "0.01",
        "WEBTUNE_WORKSPACE": str(tmp_path / "workspace"),
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


@pytest.fixture
def command(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs one command line with ``--json``; stdout is one object and no key comes out."""

    def runs(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = run([*arguments, "--json"])
        printed = capsys.readouterr()
        assert KEY not in printed.out + printed.err
        assert printed.out.count("\n") == 1
        return code, json.loads(printed.out)

    return runs


def test_collect_prints_the_receipt_of_the_contract(command: Command, bright_data: FaultyBrightData) -> None:
    code, body = command(*COLLECT, "--limit-per-input", "5", "--yes")
    assert code == 0 and set(body) >= FIELDS
    assert body["state"] == "ready" and body["records"] == body["new"] + body["changed"] + body["duplicates"] > 0
    assert body["estimated_cost"] == pytest.approx(0.0075) and body["cost"] == 0.0
    assert len(Path(body["raw_path"]).read_text().splitlines()) == body["records"] + body["errors"]
    assert bright_data.triggers == 1
    code, listed = command("collect", "list")
    assert code == 0 and [row["collection_id"] for row in listed["collections"]] == [body["collection_id"]]


def test_nothing_is_spent_without_a_yes(command: Command, bright_data: FaultyBrightData) -> None:
    code, body = command(*COLLECT)
    assert code == 2 and body["error"]["code"] == "confirmation_needed" and "--yes" in body["error"]["hint"]
    assert bright_data.seen == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("collect", "brightdata", "--scraper", "amazon-product", "--input", CATEGORY),
        ("collect", "brightdata", "--scraper", "amazon-products", "--input", "asins=1"),
        ("collect", "brightdata", "--scraper", "amazon-products", "--input", "category_url"),
        ("collect", "brightdata", "--scraper", "amazon-products", "--inputs", "/does/not/exist"),
        (*COLLECT, "--max-records", "0"),
        (*COLLECT, "--deadline", "-1"),
        ("collect", "cancel", "c000000-nothing"),
        ("collect", "resume", "c000000-nothing"),
        ("import", "/does/not/exist"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    command: Command, bright_data: FaultyBrightData, arguments: tuple[str, ...]
) -> None:
    code, body = command(*arguments, "--yes")
    assert code == 2 and body["error"]["message"] and body["error"]["hint"]
    assert bright_data.seen == []


@pytest.mark.parametrize(
    ("kind", "fault", "code", "state"),
    [
        ("trigger", faults.ResetAfterAccept(), 6, "unknown"),
        ("trigger", faults.unauthorized(), 5, "failed"),
        ("trigger", faults.Answer(402, "no funds"), 5, "failed"),
        ("trigger", faults.too_many(retry_after=60), 3, "failed"),
        ("progress", faults.unauthorized(), 5, "running"),
        ("progress", faults.Failed(), 1, "failed"),
        ("snapshot", faults.empty_snapshot(), 1, "empty"),
    ],
)
def test_every_end_has_its_exit_code_and_state(
    command: Command, bright_data: FaultyBrightData, kind: str, fault: faults.Fault, code: int, state: str
) -> None:
    bright_data.always(kind, fault)
    found, body = command(*COLLECT, "--yes")
    assert (found, body["state"]) == (code, state)
    assert set(body) >= FIELDS and body["error"]["message"]
    assert bright_data.requests["trigger"] == 1


def test_an_unknown_collection_is_found_again_and_then_there_is_nothing_to_resume(
    command: Command, bright_data: FaultyBrightData
) -> None:
    bright_data.on("trigger", faults.ResetAfterAccept())
    assert command(*COLLECT, "--yes")[0] == 6
    code, body = command("collect", "resume")
    assert code == 0 and body["state"] == "ready" and len(body["collections"]) == 1
    code, body = command("collect", "resume")
    assert code == 0 and body["collections"] == []
    assert bright_data.requests["trigger"] == bright_data.triggers == 1


def test_the_deadline_ends_with_try_later(command: Command, bright_data: FaultyBrightData) -> None:
    bright_data.never_ready()
    code, body = command(*COLLECT, "--yes", "--deadline", "0.05")
    assert code == 3 and body["state"] == "running" and body["snapshot_id"]
    assert body["error"]["retryable"] is True


def test_the_cap_has_its_own_exit_code(command: Command, bright_data: FaultyBrightData, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "webtune.toml").write_text("[money]\ncap_usd = 0.01\n")
    code, body = command(*COLLECT, "--yes")
    assert code == 7 and body["error"]["code"] == "cap_exceeded" and bright_data.seen == []


def test_inputs_come_from_a_file_too(command: Command, bright_data: FaultyBrightData, tmp_path: Path) -> None:
    path = tmp_path / "inputs.csv"
    path.write_text("keyword,zipcode\nkettle,\nlamp,10001\n")
    code, body = command(
        "collect", "brightdata", "--scraper", "amazon-products", "--inputs", str(path), "--max-records", "4", "--yes"
    )
    assert code == 0, body
    assert json.loads(bright_data.bodies["trigger"][0]) == [
        {"keyword": "kettle"},
        {"keyword": "lamp", "zipcode": "10001"},
    ]


def test_a_field_given_again_begins_the_next_input(command: Command, bright_data: FaultyBrightData) -> None:
    pairs = ("--input", "keyword=kettle", "zipcode=1", "--input", "keyword=lamp")
    code, _ = command("collect", "brightdata", "--scraper", "amazon-products", *pairs, "--yes")
    assert code == 0
    assert json.loads(bright_data.bodies["trigger"][0]) == [{"keyword": "kettle", "zipcode": "1"}, {"keyword": "lamp"}]


def test_a_snapshot_is_taken_over_and_cancelling_the_finished_changes_nothing(
    command: Command, bright_data: FaultyBrightData
) -> None:
    _, first = command(*COLLECT, "--yes")
    (job,) = bright_data.sandbox.book.all()
    stranger = bright_data.start_snapshot(job.order)
    code, body = command("collect", "snapshot", stranger)
    assert code == 0 and body["snapshot_id"] == stranger and body["duplicates"] == first["records"]
    code, body = command("collect", "cancel", body["collection_id"], "--yes")
    assert code == 0 and body["state"] == "ready" and bright_data.requests["cancel"] == 0
    code, body = command("collect", "snapshot", "sd_doesnotexist00001")
    assert code == 2 and body["error"]["code"] == "not_found"


def test_the_catalogue_is_shown_without_a_workspace(command: Command, tmp_path: Path) -> None:
    code, body = command("collect", "scrapers", "--search", "amazon products")
    assert code == 0 and body["scrapers"][0]["scraper_id"] == "gd_l7q7dkf244hwjntr0"
    assert not (tmp_path / "workspace").exists()


def test_the_list_of_scrapers_says_where_it_is_from_and_can_be_renewed(
    command: Command, bright_data: FaultyBrightData
) -> None:
    code, body = command("collect", "scrapers")
    assert code == 0 and (body["origin"], body["dated"]) == ("bundled", "2026-11-22") and bright_data.seen == []
    code, body = command("collect", "scrapers", "--refresh", "--search", "amazon products")
    assert code == 0 and body["origin"] == "live" and body["scrapers"][0]["category"] == "eCommerce"
    bright_data.always("scrapers", faults.html_page())
    assert command("collect", "scrapers", "--refresh")[0] == 3
    code, body = command("collect", "scrapers")
    assert code == 0 and body["origin"] == "live" and bright_data.requests["scrapers"] == 2


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (COLLECT, "/datasets/v3/trigger"),
        (("collect", "dataset", "gd_l7q7dkf244hwjntr0", "--where", "rating >= 4.5"), "/datasets/filter"),
    ],
)
def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(
    command: Command, bright_data: FaultyBrightData, tmp_path: Path, arguments: tuple[str, ...], path: str
) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "webtune.toml").write_text("[money]\ncap_usd = 2.0\n")
    code, body = command(*arguments, "--dry-run", "--max-records", "9")
    assert code == 0 and body["dry_run"] is True and body["path"] == path
    assert body["cap_left"] == 2.0 and body["estimated_cost"] > 0 and body["worst_case_records"] == 9
    assert body["command"].startswith("webtune collect ") and path in body["curl"] and KEY not in body["curl"]
    assert bright_data.requests["trigger"] == bright_data.requests["filter"] == 0
    assert command("collect", "list")[1]["collections"] == []
    code, sent = command(*arguments, "--max-records", "9", "--yes")
    assert code == 0, sent
    (kind,) = {"trigger", "filter"} & set(bright_data.bodies)
    assert bright_data.bodies[kind] == [body["body"].encode()]


def test_the_command_of_a_dry_run_sends_the_same(command: Command, bright_data: FaultyBrightData) -> None:
    arguments = ("--where", "rating >= 4.5", "--where", "brand is not null", "--any", "--max-records", "20")
    _, shown = command("collect", "dataset", "gd_l7q7dkf244hwjntr0", *arguments, "--dry-run")
    _, again = command(*shlex.split(shown["command"])[1:], "--dry-run")
    assert again["body"] == shown["body"] and again["command"] == shown["command"]


def test_the_receipt_and_the_warning_before_paying_again(
    command: Command, bright_data: FaultyBrightData, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, body = command(*COLLECT, "--yes")
    assert body["receipt"] == {
        "estimated": body["estimated_cost"],
        "delivered": body["records"],
        "charged": body["cost"],
        "snapshot_id": body["snapshot_id"],
        "basis": body["basis"],
    }
    assert body["earlier"] is None
    _, shown = command(*COLLECT, "--dry-run")
    assert shown["earlier"] == body["collection_id"]
    assert run([*COLLECT, "--yes"]) == 0
    assert f"as {body['collection_id']} within thirty days" in capsys.readouterr().err


def test_a_filter_comes_from_a_file_too_and_what_it_names_wrongly_is_refused(
    command: Command, bright_data: FaultyBrightData, tmp_path: Path
) -> None:
    path = tmp_path / "filter.json"
    rating = {"name": "rating", "operator": ">=", "value": 4}
    nested = {"operator": "and", "filters": [{"operator": "or", "filters": [rating]}, rating]}
    path.write_text(json.dumps(nested))
    dataset = ("collect", "dataset", "gd_l7q7dkf244hwjntr0")
    code, body = command(*dataset, "--filter", str(path), "--max-records", "5", "--yes")
    assert code == 0 and body["records"] == 5 and json.loads(bright_data.bodies["filter"][0])["filter"] == nested
    for wrong in (
        ("--where", "colour = red"),
        ("--where", "rating"),
        (),
        ("--filter", str(tmp_path / "none.json")),
        ("--filter", str(path), "--where", "rating > 1"),
        ("--where", "rating > 1", "--max-records", "0"),
    ):
        assert command(*dataset, *wrong, "--yes")[0] == 2, wrong
    code, body = command(*dataset, "--where", "rating > 99", "--yes")
    assert code == 1 and body["state"] == "empty" and body["error"]["code"] == "snapshot_empty"
    assert bright_data.requests["filter"] == 2


def test_failed_inputs_are_listed_and_retried_as_a_new_collection(
    command: Command, bright_data: FaultyBrightData
) -> None:
    failed = {
        "timestamp": "2026-11-22T10:00:00.000Z",
        "input": {"category_url": CATEGORY.partition("=")[2]},
        "error": "No peers \x1b[31m",
        "error_code": "no_peers",
    }
    bright_data.always("snapshot", faults.Changed(lambda rows: [*rows, failed]))
    _, first = command(*COLLECT, "--yes")
    code, body = command("collect", "errors", first["collection_id"])
    assert code == 0
    assert [row for row in body["failed_inputs"] if row["may_be_retried"]] == [
        {
            "input": failed["input"],
            "code": "no_peers",
            "message": "No peers \x1b[31m",
            "rows": 1,
            "may_be_retried": True,
        }
    ]
    assert command("collect", "retry", first["collection_id"])[0] == 2, "it is paid, so it is confirmed"
    code, shown = command("collect", "retry", first["collection_id"], "--dry-run")
    assert code == 0 and json.loads(shown["body"]) == [failed["input"]]
    code, again = command("collect", "retry", first["collection_id"], "--yes")
    assert code == 0 and again["collection_id"] != first["collection_id"]
    assert bright_data.requests["trigger"] == 2
    assert command("collect", "errors", "c000000-nothing")[0] == 2


def test_import_prints_the_object_of_the_contract(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"user": "u", "assistant": "a"}\n{broken\n')
    code, body = command("import", str(path))
    assert code == 0
    assert (body["records"], body["rejected"], body["new"], body["duplicates"]) == (1, 1, 1, 0)
    (file,) = body["files"]
    assert {k: file[k] for k in ("path", "format", "encoding", "records", "rejected")} == {
        "path": str(path),
        "format": "flat",
        "encoding": "utf-8",
        "records": 1,
        "rejected": 1,
    }
    assert json.loads(Path(body["rejects_path"]).read_text())["line"] == 2


def test_import_of_nothing_usable_ends_with_one(command: Command, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{broken\n")
    code, body = command("import", str(tmp_path / "rows.jsonl"))
    assert code == 1 and body["records"] == 0 and body["rejected"] == 1 and body["files"][0]["rejected"] == 1


def test_hostile_names_reach_the_terminal_harmless(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a\x1b]0;title\x07.jsonl"
    path.write_text('{"n": 1}\n')
    assert run(["import", str(path), "--verbose"]) == 0
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err and "␛]0;title␇" in printed.err


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["trigger", "progress", "snapshot"])
def test_a_killed_collection_goes_on_and_was_triggered_once(
    environment: dict[str, str], command: Command, bright_data: FaultyBrightData, kind: str
) -> None:
    bright_data.on(kind, faults.HeldBody() if kind == "snapshot" else faults.HeldAnswer())
    child = subprocess.Popen([sys.executable, "-m", "webtune_tui", *COLLECT, "--yes", "--json"], env=environment)
    try:
        assert bright_data.held.wait(30)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(30)
    bright_data.release()
    code, body = command("collect", "resume")
    assert code == 0 and body["state"] == "ready" and body["records"] > 0
    assert bright_data.triggers == 1


def test_collecting_again_tells_the_drift_in_json_and_in_words(
    command: Command, bright_data: FaultyBrightData, capsys: pytest.CaptureFixture[str]
) -> None:
    _, first = command(*COLLECT, "--yes")
    assert "drift" not in first and first["gone"] is None and first["previous_id"] is None
    odd = {"[red]\x1b[31m": 1}
    bright_data.always("snapshot", faults.Changed(lambda rows: [{**row, **odd} for row in rows[: len(rows) // 2]]))
    code, again = command(*COLLECT, "--yes")
    assert code == 0 and again["previous_id"] == first["collection_id"]
    assert again["drift"]["gone"] == again["gone"] > 0
    assert {"field", "what", "before", "after"} == set(again["drift"]["fields"][0])
    code, told = command("collect", "drift", again["collection_id"])
    assert code == 0 and told["drift"] == again["drift"]
    assert command("collect", "drift", first["collection_id"]) == (
        0,
        {"collection_id": first["collection_id"], "drift": None},
    )
    assert run(["collect", "drift", again["collection_id"]]) == 0
    printed = capsys.readouterr().out
    assert f"{again['gone']:,} gone" in printed and "\x1b" not in printed
    assert command("collect", "drift", "c000000-00000000")[0] == 2
