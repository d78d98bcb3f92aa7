"""The faults F01-F16 of a collection, through the command line and the service: each once by its number.

A line of the table is a fault, what the first command ends with, and what ``collect resume`` ends with once the trouble
is over. Whatever happens, the service starts one collection at most, and what it delivered is stored whole.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from tests.integration.collect.conftest import Desk, OpenDesk
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData
from webtune_tui.cli.main import run
from webtune_tui.domain.errors import NoSpace, Offline, RateLimited, StillRunning, WorkFailed
from webtune_tui.domain.events import Noted
from webtune_tui.domain.records import CollectionState
from webtune_tui.storage.database import Database

CATEGORY = "category_url=https://www.amazon.com/gp/bestsellers/office-products"
COLLECT = ("collect", "brightdata", "--scraper", "amazon-products", "--input", CATEGORY, "--yes")
KEY = "sandbox-key-canary-77aa"
DAY = 86_400
Command = Callable[..., tuple[int, dict[str, Any]]]


End = tuple[int, str | None]
READY: End = (0, "ready")
RUNNING: End = (3, "running")
UNKNOWN: End = (6, "unknown")
REFUSED: End = (5, "failed")
NOTHING: End = (0, None)  # there is nothing to resume


@dataclass(frozen=True)
class Case:
    """A fault and the ends that belong to it; ``then`` is what resuming ends with when the trouble is over."""

    number: str
    what: str
    first: End
    then: End
    once: Mapping[str, Sequence[faults.Fault]] = field(default_factory=dict)
    always: Mapping[str, faults.Fault] = field(default_factory=dict)
    triggers: int = 1
    options: Sequence[str] = ()


def once(number: str, what: str, first: End, then: End, kind: str, *queued: faults.Fault, triggers: int = 1) -> Case:
    """A fault of the next requests of a kind."""
    return Case(number, what, first, then, once={kind: queued}, triggers=triggers)


def lasting(number: str, what: str, first: End, then: End, fault: faults.Fault, *kinds: str, wait: str = "") -> Case:
    """A fault that stays until the first command has ended; ``wait`` is its deadline."""
    options = ("--deadline", wait) if wait else ()
    return Case(number, what, first, then, always=dict.fromkeys(kinds or ("snapshot",), fault), options=options)


def words(status: int, body: str = "No") -> faults.Answer:
    return faults.Answer(status, body)


WAITS = {
    "seconds": 60,
    "a date": formatdate(4_000_000_000, usegmt=True),
    "negative": -5,
    "a day": DAY,
    "absent": None,
    "nonsense": "soon",
}
CASES = [
    once("F01", "reply lost after acceptance", UNKNOWN, READY, "trigger", faults.ResetAfterAccept()),
    once("F01", "half a reply", UNKNOWN, READY, "trigger", faults.HalfAnAnswer()),
    once("F01", "a reply without an id", UNKNOWN, UNKNOWN, "trigger", words(200, "{}"), triggers=0),
    once("F01", "500 for the trigger", UNKNOWN, UNKNOWN, "trigger", faults.server_error(), triggers=0),
    once("F04", "401 for the trigger", REFUSED, NOTHING, "trigger", words(401), triggers=0),
    once("F04", "402 for the trigger", REFUSED, NOTHING, "trigger", words(402), triggers=0),
    once("F04", "403 for the trigger", REFUSED, NOTHING, "trigger", words(403), triggers=0),
    once("F04", "401 while polling", (5, "running"), READY, "progress", faults.unauthorized()),
    once("F04", "401 for the download", (5, "running"), READY, "snapshot", faults.unauthorized()),
    *(
        once("F05", f"429, Retry-After: {name}", (3, "failed"), NOTHING, "trigger", faults.too_many(wait), triggers=0)
        for name, wait in WAITS.items()
    ),
    once("F05", "429 while polling, a day", RUNNING, READY, "progress", faults.too_many(DAY)),
    once("F05", "429 while polling, at once", READY, NOTHING, "progress", faults.too_many(0)),
    once("F06", "a web page for the trigger", UNKNOWN, UNKNOWN, "trigger", faults.html_page(), triggers=0),
    once("F06", "a web page while polling", READY, NOTHING, "progress", faults.html_page()),
    once("F06", "a web page for the data", READY, NOTHING, "snapshot", faults.html_page()),
    lasting("F08", "running for ever", RUNNING, READY, faults.NeverReady(), "progress", "snapshot", wait="0.2"),
    lasting("F08", "ready and 202 for ever", RUNNING, READY, faults.still_building(), wait="0.2"),
    once("F08", "ready and 202 twice", READY, NOTHING, "snapshot", *[faults.still_building()] * 2),
    once("F09", "an unknown status word", READY, NOTHING, "progress", faults.StatusWord("pondering")),
    once("F09", "no status word", READY, NOTHING, "progress", faults.StatusWord(None)),
    once("F09", "no JSON", READY, NOTHING, "progress", faults.Answer(200, "soon", "text/plain")),
    once("F09", "an id that is null", UNKNOWN, UNKNOWN, "trigger", words(200, '{"snapshot_id": null}'), triggers=0),
    lasting("F10", "expired after thirty days", (1, "failed"), NOTHING, faults.expired_snapshot()),
    lasting("F10", "an empty snapshot", (1, "empty"), NOTHING, faults.empty_snapshot()),
    once("F10", "a failed snapshot", (1, "failed"), NOTHING, "progress", faults.Failed()),
    once("F11", "the network drops while polling", READY, NOTHING, "progress", *[faults.ResetBefore()] * 2),
    once("F11", "the network drops in the download", READY, NOTHING, "snapshot", faults.ResetBefore()),
    once("F12", "a body cut short of its length", READY, NOTHING, "snapshot", *[faults.CutBody(0.6, "wrong")] * 2),
    once("F12", "a body cut, its length fits", READY, NOTHING, "snapshot", *[faults.CutBody(0.6, "right")] * 2),
    once("F12", "a body cut without a length", READY, NOTHING, "snapshot", *[faults.CutBody(0.6, "none")] * 2),
    lasting("F12", "a body that stays cut", RUNNING, READY, faults.CutBody(0.6, "none")),
    once("F13", "the last line is cut", READY, NOTHING, "snapshot", faults.CutLine()),
    lasting("F13", "the last line stays cut", RUNNING, READY, faults.CutLine()),
    once("F13", "gzip that is not gzip", READY, NOTHING, "snapshot", faults.NotGzip()),
    once("F13", "a wrong content type", READY, NOTHING, "snapshot", faults.OtherType("text/plain")),
    once("F13", "a JSON array in place of lines", READY, NOTHING, "snapshot", faults.AsArray()),
    once("F13", "a cut JSON array", READY, NOTHING, "snapshot", faults.AsArray(0.7)),
    lasting("F14", "a gzip bomb", (1, "running"), READY, faults.GzipBomb(80_000_000)),
]


@pytest.fixture
def command(
    tmp_path: Path, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs one command line with ``--json``: one object on stdout, and the key nowhere."""
    for name, value in environment_of(tmp_path, bright_data).items():
        monkeypatch.setenv(name, value)

    def runs(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = run([*arguments, "--json"])
        printed = capsys.readouterr()
        assert KEY not in printed.out + printed.err and printed.out.count("\n") == 1
        return code, json.loads(printed.out)

    return runs


def environment_of(folder: Path, service: FaultyBrightData) -> dict[str, str]:
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    return {
        "WEBTUNE_BRIGHTDATA_URL": service.base_url,
        "BRIGHTDATA_API_TOKEN": KEY,
        "WEBTUNE_POLL_SECONDS": "0.01",
        "WEBTUNE_WORKSPACE": str(folder / "workspace"),
    } | {name: str(folder / name.lower()) for name in names}


def delivered(service: FaultyBrightData) -> set[str]:
    """The identifiers of the data rows that the service delivers for its only collection."""
    (job,) = service.sandbox.book.all()
    return {
        str(row["asin"]) for row in service.sandbox.book.delivery(job).rows if "error" not in row and "title" in row
    }


def stored(folder: Path) -> set[str]:
    database = Database(folder / "workspace" / "workspace.db", read_only=True)
    with closing(database), database.read() as connection:
        rows = connection.execute("SELECT fields FROM records WHERE kind = 'data'").fetchall()
    asins = [str(json.loads(row["fields"])["asin"]) for row in rows]
    assert len(asins) == len(set(asins)), "a record is stored twice"
    return set(asins)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number} {case.what}")
def test_each_fault_has_its_end_one_trigger_and_loses_nothing(
    command: Command, bright_data: FaultyBrightData, tmp_path: Path, case: Case
) -> None:
    for kind, queued in case.once.items():
        bright_data.on(kind, *queued)
    for kind, standing in case.always.items():
        bright_data.always(kind, standing)
    code, body = command(*COLLECT, *case.options)
    assert (code, body["state"]) == case.first, body
    assert ("error" in body) == (code != 0)
    if code:
        assert body["error"]["message"] and body["error"]["retryable"] == (code == 3)
    for kind in case.always:
        bright_data.always(kind, None)
    code, body = command("collect", "resume")
    assert (code, body.get("state")) == case.then, body
    assert bright_data.requests["trigger"] == 1 and bright_data.triggers == case.triggers
    if "ready" in (case.first[1], case.then[1]):
        assert stored(tmp_path) == delivered(bright_data)


def test_every_fault_from_one_to_sixteen_is_here() -> None:
    """The table above and the tests below: F02, F03, F07, F15 and F16 need more than one fault of the service."""
    beside = {name[5:8].upper() for name in globals() if name.startswith("test_f")}
    assert {case.number for case in CASES} | beside >= {f"F{number:02d}" for number in range(1, 17)}


async def test_f02_two_presses_are_one_operation(desk: Desk, bright_data: FaultyBrightData) -> None:
    plan = await desk.plan()
    ended = await asyncio.gather(desk.start(plan), desk.start(plan), desk.start(plan))
    assert {collection.collection_id for collection in ended} == {plan.collection_id}
    assert bright_data.requests["trigger"] == bright_data.triggers == 1
    assert (await desk.only()).state is CollectionState.READY


def test_f02_a_second_process_is_told_who_holds_the_workspace(
    command: Command, bright_data: FaultyBrightData, tmp_path: Path
) -> None:
    bright_data.never_ready()
    child = subprocess.Popen(
        [sys.executable, "-m", "webtune_tui", *COLLECT, "--json"],
        env=os.environ | environment_of(tmp_path, bright_data),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        bright_data.wait_for("progress")
        code, body = command(*COLLECT)
        assert code == 3 and body["error"]["code"] == "workspace_busy" and str(child.pid) in body["error"]["message"]
        assert command("collect", "list")[0] == 0, "reading goes on"
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
    assert child.returncode == 143 and bright_data.triggers == 1


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_f03_killed_around_the_trigger(
    command: Command, bright_data: FaultyBrightData, tmp_path: Path, moment: str
) -> None:
    doomed = {"before": "Book.set", "during": "", "after": "accepted"}[moment]
    if moment == "during":
        bright_data.on("trigger", faults.HeldAnswer())
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.doomed", "--at", doomed, *COLLECT, "--json"],
        env=os.environ | environment_of(tmp_path, bright_data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if moment == "during":
        assert bright_data.held.wait(30)
        child.send_signal(signal.SIGKILL)
        bright_data.release()
    assert child.wait(30) == -signal.SIGKILL
    assert bright_data.requests["trigger"] == (0 if moment == "before" else 1)
    code, body = command("collect", "resume")
    if moment == "before":  # sent by the journal, and it never left: the list of snapshots tells in the end
        assert (code, body["state"]) == (6, "unknown")
        assert bright_data.triggers == 0
        return
    assert (code, body["state"]) == (0, "ready") and bright_data.triggers == 1
    assert stored(tmp_path) == delivered(bright_data)


async def test_f05_429_while_polling_is_waited_out_as_asked(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.on("progress", faults.too_many(7), faults.too_many("-3"), faults.too_many(), faults.too_many("soon"))
    bright_data.on("snapshot", faults.too_many(formatdate(None, usegmt=True)))
    assert (await desk.start()).state is CollectionState.READY
    assert desk.time.sleeps[:4] == [7, 4, 8, 16]
    bright_data.on("progress", faults.too_many(DAY))
    with pytest.raises(RateLimited, match="come back in 24 h"):
        await desk.start()


async def test_f06_no_address_and_no_certificate_are_told_apart_from_a_refusal(
    open_desk: OpenDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEBTUNE_BRIGHTDATA_URL")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("WEBTUNE_BRIGHTDATA_URL", nobody)
    with pytest.raises(Offline, match=r"No connection to 127\.0\.0\.1"):
        await open_desk(brightdata_url=nobody).start()
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    with untrusted_server(tmp_path) as address:
        monkeypatch.setenv("WEBTUNE_BRIGHTDATA_URL", address)
        desk = open_desk(brightdata_url=address)
        with pytest.raises(Offline, match=r"certificate of 127\.0\.0\.1.* is not trusted"):
            await desk.start()
    assert await desk.collect.unfinished() == [], "the connection was never made, so nothing was sent"


class untrusted_server:  # noqa: N801  # reads as a function
    """A TLS server with a certificate that nobody signed."""

    def __init__(self, folder: Path) -> None:
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
        subprocess.run(
            ["openssl", *words.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    continue

    def __enter__(self) -> str:
        self._thread.start()
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


async def test_f07_a_changed_form_is_another_plan_and_needs_another_yes(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    confirmed = await desk.plan(limit_per_input=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        confirmed.body = "[]"  # type: ignore[misc]
    changed = await desk.plan(limit_per_input=30)
    assert changed.collection_id != confirmed.collection_id
    assert changed.estimated_cost == pytest.approx(10 * confirmed.estimated_cost)
    await desk.start(confirmed)
    assert bright_data.bodies["trigger"] == [confirmed.body.encode()]
    assert "limit_per_input=3&" in bright_data.seen[0][2] + "&"


async def test_f10_after_two_days_one_poll_and_after_thirty_a_plain_word(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    bright_data.never_ready()

    def sleep_of_the_laptop(sleeps: int) -> None:
        if sleeps == 3:
            desk.time.moment += 2 * DAY

    desk.time.at_sleep = sleep_of_the_laptop
    with pytest.raises(StillRunning):
        await desk.start(deadline=2 * DAY)
    assert bright_data.requests["progress"] == 3, "no burst after waking"
    for kind in faults.MOVES_TIME:
        bright_data.always(kind, None)
    bright_data.advance(2 * DAY)
    desk = open_desk()
    first = await desk.resume((await desk.collect.unfinished())[0].collection_id)
    assert first.state is CollectionState.READY
    bright_data.never_ready()
    with pytest.raises(StillRunning):
        await desk.start(deadline=1)
    for kind in faults.MOVES_TIME:
        bright_data.always(kind, None)
    bright_data.advance(31 * DAY)
    desk = open_desk()
    expired = await desk.resume((await desk.collect.unfinished())[0].collection_id)
    assert expired.state is CollectionState.FAILED and "expired" in expired.message


async def test_f10_a_wall_clock_that_was_set_back_makes_no_snapshot_young_for_ever(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    bright_data.never_ready()
    with pytest.raises(StillRunning):
        await desk.start(deadline=1)
    with desk.workspace.database.write() as connection:
        connection.execute("UPDATE collections SET created_at = '2035-01-01T00:00:00.000Z'")
    for kind in faults.MOVES_TIME:
        bright_data.always(kind, faults.not_known_yet())
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.state is CollectionState.FAILED and sum(desk.time.sleeps) < 60


async def test_f11_an_hour_without_network_is_a_state_and_no_failure(desk: Desk, bright_data: FaultyBrightData) -> None:
    def network(sleeps: int) -> None:
        if sleeps == 1:
            bright_data.go_offline()
        if sleeps == 125:
            bright_data.go_online()

    desk.time.at_sleep = network
    assert (await desk.start()).state is CollectionState.READY
    assert sum(desk.time.sleeps) > 3600 and bright_data.triggers == 1


async def test_f14_a_line_of_fifty_megabytes_is_rejected_with_its_reason(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    @dataclass(frozen=True)
    class WithLongLine:
        async def apply(self, exchange: faults.Exchange) -> None:
            answered = await exchange.ask()
            if answered.status != 200:
                await exchange.reply(answered.status, answered.body, answered.headers_for_reply())
                return
            await exchange.start(200, {"content-type": "application/x-ndjson"})
            await exchange.chunk(answered.body + b'{"title":"')
            for _ in range(40):
                await exchange.chunk(b"a" * 1_000_000)
            await exchange.send({"type": "http.response.body", "body": b'"}\n'})

    bright_data.always("snapshot", WithLongLine())
    collection = await desk.start()
    assert collection.state is CollectionState.READY and collection.rejected == 1 and collection.records > 0


async def test_f14_an_endless_body_is_stopped_at_the_stated_limit(
    desk: Desk, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webtune_tui.sources.brightdata_http.LARGEST_DOWNLOAD", 3_000_000)
    bright_data.always("snapshot", faults.LongLine(20_000_000))
    with pytest.raises(WorkFailed, match="passed the limit"):
        await desk.start()
    part = desk.workspace.raw_folder((await desk.only()).collection_id) / "records.ndjson.part"
    assert part.stat().st_size <= 4_100_000 and (await desk.only()).state is CollectionState.RUNNING


@pytest.mark.parametrize("when", ["before", "in the middle"])
async def test_f15_a_full_disk_is_said_with_what_is_free_and_needed_and_the_work_goes_on_later(
    open_desk: OpenDesk, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    desk = open_desk()
    real, asked = shutil.disk_usage, []

    def full(path: Any) -> Any:
        asked.append(path)
        usage = real(path)
        return usage if when == "in the middle" and len(asked) == 1 else usage._replace(free=1_000_000)

    monkeypatch.setattr(shutil, "disk_usage", full)
    with pytest.raises(NoSpace) as caught:
        await desk.start()
    assert caught.value.exit_code == 1 and ("free" in caught.value.message or "full" in caught.value.message)
    assert (await desk.only()).state is CollectionState.RUNNING
    monkeypatch.setattr(shutil, "disk_usage", real)
    desk = open_desk()
    assert (await desk.resume((await desk.only()).collection_id)).state is CollectionState.READY
    assert bright_data.triggers == 1


async def test_f16_the_same_snapshot_twice_and_overlapping_batches_double_nothing(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    bright_data.deliver(3500)
    for kind in ("parts", "snapshot"):
        bright_data.always(kind, faults.Batches(1, overlap=50))
    desk = open_desk(batches_from_records=2000, records_per_batch=1000)
    first = await desk.start()
    assert first.new == 3497 and first.snapshot_id
    again = await desk.follow(desk.collect.adopt(first.snapshot_id))
    assert again == first and any(isinstance(event, Noted) and "already" in event.message for event in desk.events)
    stranger = bright_data.start_snapshot(bright_data.sandbox.book.all()[0].order)
    other = await desk.follow(desk.collect.adopt(stranger))
    assert other.new == other.changed == 0 and other.duplicates == other.records
