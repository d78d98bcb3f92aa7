"""``webtune collect urls``, ``search`` and ``zones``: JSON of the contract, exit codes, and kill -9 among pages."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_collect import FIELDS, Command, command, environment
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData, bright_data
from tests.servers.pages import PageServer, article
from webtune_tui.cli.main import run
from webtune_tui.storage.workspace import Workspace

__all__ = ["bright_data", "command", "environment"]

PAGE = "https://example.com/page"


@pytest.fixture
def site(environment: dict[str, str]) -> Iterator[PageServer]:
    """A site of the person's own network, which the person's settings open."""
    with PageServer() as server:
        folder = Path(environment["XDG_CONFIG_HOME"]) / "webtune"
        folder.mkdir(parents=True)
        own = f'[pages]\nallow_private = ["{server.authority}"]\ndelay_seconds = 0\n'
        (folder / "config.toml").write_text(f'{own}user_agent = "Mine/1 (me@example.com)"\n')
        yield server


def test_urls_are_fetched_directly_without_an_account(
    command: Command, site: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BRIGHTDATA_API_TOKEN")
    site.page("/a", article("A"))
    site.page("/b", article("B"))
    code, body = command("collect", "urls", site.url("/a"), site.url("/b"), site.url("/a"), site.url("/missing"))
    assert code == 0 and set(body) >= FIELDS
    assert (body["state"], body["source"], body["records"], body["errors"]) == ("ready", "pages", 2, 1)
    assert (body["cost"], body["estimated_cost"], body["snapshot_id"]) == (0.0, 0.0, None)
    assert sorted(path.name for path in Path(body["raw_path"]).iterdir()) == ["000001.html", "000002.html"]
    assert site.asked[0].headers["user-agent"] == "Mine/1 (me@example.com)"


def test_the_way_is_told_and_so_is_the_law(
    command: Command, site: PageServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/a", article("A"))
    monkeypatch.delenv("BRIGHTDATA_API_TOKEN")
    for expected in (True, False):
        assert run(["collect", "urls", site.url("/a")]) == 0
        told = capsys.readouterr().err
        assert "fetched directly from this machine" in told and ("robots.txt" in told) is expected


def test_urls_come_from_a_file_from_stdin_and_from_a_collection(
    command: Command, site: PageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        site.page(f"/{name}", article(name))
    listed = tmp_path / "urls.txt"
    listed.write_text(f"\ufeff# mine\n{site.url('/a')}\r\n\n  {site.url('/b')}\n{site.url('/c')}\n", encoding="utf-8")
    code, body = command("collect", "urls", "--from", str(listed), "--max-pages", "2", "--via", "direct")
    assert code == 0 and body["records"] == 2

    class Stdin:
        buffer = io.BytesIO(f"{site.url('/c')}\n".encode())

    monkeypatch.setattr(sys, "stdin", Stdin())
    code, other = command("collect", "urls", "--from", "-", "--via", "direct")
    assert code == 0 and other["records"] == 1
    code, again = command("collect", "urls", "--from", body["collection_id"], "--max-pages", "1", "--via", "direct")
    assert code == 0 and (again["records"], again["duplicates"]) == (1, 1)


def test_a_search_leads_to_pages(command: Command, bright_data: FaultyBrightData) -> None:
    code, found = command("collect", "search", "coffee grinder", "--pages", "2", "--yes")
    assert code == 0 and set(found) >= FIELDS and found["records"] == 20
    code, body = command(
        "collect", "urls", "--from", found["collection_id"], "--max-pages", "3", "--via", "unlocker", "--yes"
    )
    assert code == 0 and body["records"] == 3 and body["estimated_cost"] == 0.0045
    assert bright_data.requests["request"] == 5


def test_a_dry_run_sends_nothing(command: Command, bright_data: FaultyBrightData) -> None:
    code, paid = command("collect", "urls", PAGE, "--via", "unlocker", "--dry-run")
    assert code == 0 and paid["dry_run"] and json.loads(paid["body"])["url"] == PAGE
    code, free = command("collect", "urls", PAGE, "--via", "direct", "--dry-run")
    assert code == 0 and free["estimated_cost"] == 0 and free["curl"] == f"curl --location {PAGE}"
    code, search = command("collect", "search", "x", "--dry-run")
    assert code == 0 and search["estimated_cost"] == 0.0015
    assert bright_data.requests["request"] == 0
    assert command("collect", "list")[1]["collections"] == []


def test_zones_are_listed(command: Command) -> None:
    code, body = command("collect", "zones")
    assert code == 0
    assert body["zones"] == [
        {"name": "sandbox_serp", "type": "serp"},
        {"name": "sandbox_unlocker", "type": "unblocker"},
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("urls",), 2, "usage"),
        (("urls", "file:///etc/passwd"), 2, "usage"),
        (("urls", PAGE, "--via", "unlocker", "--zone", "none_of_mine", "--yes"), 2, "usage"),
        (("urls", "--from", "/does/not/exist"), 2, "usage"),
        (("urls", "--from", "c261122-1a2b3c4d"), 2, "not_found"),
        (("urls", PAGE, "--via", "unlocker"), 2, "confirmation_needed"),
        (("search", " ", "--yes"), 2, "usage"),
        (("search", "x", "--country", "usa", "--yes"), 2, "usage"),
        (("search", "x", "--pages", "21", "--yes"), 2, "usage"),
        (("search", "x"), 2, "confirmation_needed"),
        (("resume", "--resend-unknown"), 2, "usage"),
    ],
)
def test_what_can_t_be_done_is_refused_before_anything_is_sent(
    command: Command, bright_data: FaultyBrightData, arguments: tuple[str, ...], code: int, word: str
) -> None:
    ended, body = command("collect", *arguments)
    assert (ended, body["error"]["code"]) == (code, word)
    assert bright_data.requests["request"] == bright_data.requests["trigger"] == 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [(faults.too_many(9), 3), (faults.unauthorized(), 5), (faults.ResetAfterAccept(), 6), (faults.page_answer(404), 1)],
)
def test_exit_codes_are_those_of_the_contract(
    command: Command, bright_data: FaultyBrightData, fault: faults.Fault, code: int
) -> None:
    bright_data.always("request", fault)
    ended, body = command("collect", "urls", PAGE, "--via", "unlocker", "--yes")
    assert ended == code and body["collection_id"] and bright_data.requests["request"] == 1
    if code == 6:
        assert body["state"] == "unknown"
        bright_data.always("request", None)
        ended, body = command("collect", "resume", body["collection_id"], "--resend-unknown")
        assert (ended, body["error"]["code"]) == (2, "confirmation_needed")
        assert "may have been paid" in body["error"]["message"] and bright_data.requests["request"] == 1
        ended, body = command("collect", "list")
        identity = body["collections"][0]["collection_id"]
        ended, body = command("collect", "resume", identity, "--resend-unknown", "--yes")
        assert (ended, body["state"], body["records"]) == (0, "ready", 1)


def test_a_workspace_can_t_open_the_network_of_the_person(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir(mode=0o700)
    (folder / "webtune.toml").write_text('[pages]\nallow_private = ["169.254.169.254"]\n')
    code, body = command("collect", "urls", "http://169.254.169.254/", "--via", "direct")
    assert code == 2 and "not read from a workspace" in body["error"]["message"]


def test_the_same_network_addresses_are_errors_by_default(command: Command) -> None:
    code, body = command("collect", "urls", "http://169.254.169.254/latest/", "--via", "direct")
    assert code == 1 and (body["state"], body["errors"]) == ("empty", 1)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_killed_again_and_again_no_page_is_paid_twice(
    environment: dict[str, str], bright_data: FaultyBrightData, tmp_path: Path
) -> None:
    """SIGKILL among paid pages, 20 times; each page is asked for once, and what came is there."""
    pages = [f"{PAGE}/{number}" for number in range(300)]
    listed = tmp_path / "urls.txt"
    listed.write_text("\n".join(pages))
    chance = random.Random(3)
    arguments = ["collect", "urls", "--from", str(listed), "--via", "unlocker", "--yes", "--json"]
    for _ in range(20):
        before = bright_data.requests["request"]
        killed_after(environment, bright_data, arguments, before + chance.randrange(1, 14))
        arguments = ["collect", "resume", only_collection(environment), "--json"]
    ended = subprocess.run(
        program(arguments), env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.stdout, ended.stderr
    body = json.loads(ended.stdout)
    asked = Counter(json.loads(sent)["url"] for sent in bright_data.bodies["request"] if sent)  # some came half
    lost = pages_in_state(tmp_path / "workspace", "unknown")
    assert set(asked.values()) == {1} and len(pages) - lost <= len(asked) <= len(pages)
    assert body["records"] == len(pages) - lost and lost <= 20 * 4
    assert (ended.returncode, body["state"]) == ((6, "unknown") if lost else (0, "ready"))


def program(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "webtune_tui", *arguments]


def killed_after(environment: dict[str, str], service: FaultyBrightData, arguments: list[str], requests: int) -> None:
    child = subprocess.Popen(program(arguments), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        service.wait_for("request", requests)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)


def only_collection(environment: dict[str, str]) -> str:
    listed = subprocess.run(
        program(["collect", "list", "--json"]), env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    (row,) = json.loads(listed.stdout)["collections"]
    identity: str = row["collection_id"]
    return identity


def pages_in_state(root: Path, state: str) -> int:
    with Workspace.open(root, command="test", write=False) as workspace, workspace.database.read() as connection:
        row: Any = connection.execute("SELECT count(*) FROM pages WHERE state = ?", (state,)).fetchone()
        return int(row[0])
