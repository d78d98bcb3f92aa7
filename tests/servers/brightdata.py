"""A Bright Data that misbehaves on demand: the product's sandbox on a real loopback socket, with faults in front.

    with FaultyBrightData() as service:            # also `async with`
        service.on("progress", too_many(retry_after=7), times=2)
        service.on("trigger", ResetAfterAccept())
        ... a client on service.base_url ...
        assert service.requests["trigger"] == 1

The server runs in a thread of its own, so that blocking tests and child processes can use it too. Time is virtual:
each progress or snapshot call moves it by ``seconds_per_call``, and ``advance(seconds)`` by hand.
Each fault is used by one request of its kind, in the order given; ``always`` keeps one for all that follow.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import struct
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import parse_qs

import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from webtune_tui.sandbox import server as sandbox_server
from webtune_tui.sandbox.app import create_app, create_sandbox
from webtune_tui.sandbox.jobs import Delivery, Job, JobBook, Order, Timing

TEXT = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
PATIENCE = 30.0
HAMMERING = 25

KINDS: Sequence[tuple[str, str]] = (
    ("trigger", r"/datasets/v3/trigger"),
    ("scrape", r"/datasets/v3/scrape"),
    ("progress", r"/datasets/v3/progress/[^/]+"),
    ("snapshot", r"/datasets/v3/snapshot/[^/]+"),
    ("parts", r"/datasets/(v3/snapshot|snapshots)/[^/]+/parts"),
    ("input", r"/datasets/v3/snapshot/[^/]+/input"),
    ("cancel", r"/datasets/v3/snapshot/[^/]+/cancel"),
    ("snapshots", r"/datasets/v3/snapshots"),
    ("log", r"/datasets/v3/log/[^/]+"),
    ("scrapers", r"/datasets/v3/scrapers"),
    ("list", r"/datasets/list"),
    ("metadata", r"/datasets/[^/]+/metadata"),
    ("filter", r"/datasets/filter"),
    ("filter_snapshot", r"/datasets/snapshots(/[^/]+)?"),
    ("filter_download", r"/datasets/snapshots/[^/]+/download"),
    ("status", r"/status"),
    ("zones", r"/zone/get_active_zones"),
    ("balance", r"/customer/balance"),
    ("free_tier", r"/trials/free_tier"),
    ("request", r"/request"),
    ("stats", r"/sandbox/stats"),
)
NAMES = frozenset(name for name, _ in KINDS)
MOVES_TIME = ("progress", "snapshot")
TICKS = (*MOVES_TIME, "parts", "filter_snapshot", "filter_download")


def kind_of(path: str) -> str:
    """The name under which requests of this path are counted and spoilt."""
    return next((name for name, pattern in KINDS if re.fullmatch(pattern, path)), "other")


class LargeBook(JobBook):
    """Snapshots that deliver ``count`` small rows, the same for every job, with an error row in each thousand."""

    def __init__(self, book: JobBook, count: int) -> None:
        super().__init__(book.shelf, book.clock, book.timing, book.settings, book.folder)
        self.count = count

    def delivery(self, job: Job) -> Delivery:
        if job.id not in self._deliveries:
            rows = [small_row(number) for number in range(self.count)]
            failed = sum("error" in row for row in rows)
            self._deliveries[job.id] = Delivery(rows, len(rows) - failed, failed, {"dead_page": failed})
        return self._deliveries[job.id]


def small_row(number: int) -> dict[str, Any]:
    address = f"https://www.amazon.com/dp/B0{number:08d}"
    common = {"timestamp": "2026-11-22T10:00:00.000Z", "input": {"url": address}}
    if number % 1000 == 500:
        return {**common, "error": "The page is gone", "error_code": "dead_page"}
    return {"title": f"Lamp number {number}", "asin": f"B0{number:08d}", "url": address, **common}


@dataclass(slots=True)
class VirtualClock:
    """Time that only tests move; starts at the real time so that dates look right."""

    moment: float = field(default_factory=time.time)

    def now(self) -> float:
        return self.moment

    def elapsed(self, since: float) -> float:
        return self.moment - since

    async def wait(self, seconds: float) -> None:
        self.moment += seconds


@dataclass(slots=True)
class Answered:
    """A complete answer of the sandbox, held back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def headers_for_reply(self) -> dict[str, str]:
        """The headers without the length, which a changed body has of its own."""
        return {name: value for name, value in self.headers.items() if name != "content-length"}


@dataclass(slots=True)
class Exchange:
    """One request under a fault: ask the sandbox, answer something else, or do things to the connection."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    transport: asyncio.Transport
    service: FaultyBrightData

    @property
    def snapshot_id(self) -> str:
        return str(self.scope["path"]).rsplit("/", 1)[-1]

    @property
    def form(self) -> str:
        query = parse_qs(self.scope["query_string"].decode("ascii"))
        form: str = query.get("format", ["ndjson"])[0]
        return form

    async def ask(self) -> Answered:
        """What the sandbox answers; the request has taken effect."""
        answered = Answered(0, {}, b"")

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
                answered.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answered.body += message.get("body", b"")

        await self.app(self.scope, self.receive, keep)
        return answered

    async def reply(self, status: int, body: bytes, headers: dict[str, str], *, with_length: bool = True) -> None:
        """A well-formed answer."""
        await self.start(status, {**headers, **({"content-length": str(len(body))} if with_length else {})})
        await self.send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: dict[str, str]) -> None:
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": pairs})

    async def chunk(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def write_and_close(self, raw: bytes) -> None:
        """Bytes that no HTTP library would send, then a normal end of the connection."""
        self.transport.write(raw)
        self.transport.close()


class Fault(Protocol):
    """Something that happens to one request instead of the plain answer."""

    async def apply(self, exchange: Exchange) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A fixed answer; the sandbox is not asked."""

    status: int
    body: str
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()

    async def apply(self, exchange: Exchange) -> None:
        if self.status == 429:
            exchange.service.count_refusal()
        headers = {"content-type": self.content_type, **dict(self.headers)}
        await exchange.reply(self.status, self.body.encode("utf-8"), headers)


def server_error() -> Answer:
    return Answer(500, "Internal server error")


def too_many(retry_after: str | int | None = None) -> Answer:
    """429, with or without the header; the header may be seconds, a date or nonsense."""
    headers = () if retry_after is None else (("retry-after", str(retry_after)),)
    return Answer(429, "Your system is sending too many of this type of request", headers=headers)


def not_known_yet() -> Answer:
    """The 404 that follows a trigger for a second or two."""
    return Answer(404, "Snapshot does not exist")


def empty_snapshot() -> Answer:
    return Answer(400, "Snapshot is empty")


def expired_snapshot() -> Answer:
    return Answer(400, "Snapshot is expired")


def still_building(words: str = "Snapshot is building, try again in 30s") -> Answer:
    """202 for a download, whatever progress has said."""
    return Answer(202, json.dumps({"status": "building", "message": words}), JSON)


def unauthorized(words: str = "Invalid credentials") -> Answer:
    return Answer(401, words)


def html_page() -> Answer:
    """A captive portal or a usage-limit page: HTML with status 200."""
    return Answer(200, "<!DOCTYPE html><html><body><h1>Please sign in to this network</h1></body></html>")


def page_answer(status: int = 200, body: str = "", headers: dict[str, str] | None = None) -> Answer:
    """An answer of `/request` in format json: the site's own status and headers with the body inside."""
    inside = {"content-type": "text/html; charset=utf-8"} | (headers or {})
    return Answer(200, json.dumps({"status_code": status, "headers": inside, "body": body}), JSON)


def refused_page(code: str, words: str, status: int = 200) -> Answer:
    """A page that the service did not get, told in the headers of an answer of any status."""
    return Answer(status, words, headers=(("x-brd-err-code", code), ("x-brd-err-msg", words)))


def usage_limit_page() -> Answer:
    """A 200 whose HTML says that the zone may ask for no more."""
    return Answer(200, "<html><body><h1>Zone sandbox_unlocker has reached its usage limit</h1></body></html>")


@dataclass(frozen=True, slots=True)
class Plain:
    """No fault: the plain answer, to let some requests pass before the next fault."""

    async def apply(self, exchange: Exchange) -> None:
        await exchange.app(exchange.scope, exchange.receive, exchange.send)


@dataclass(frozen=True, slots=True)
class ResetAfterAccept:
    """The request takes effect and its answer is lost by a connection reset."""

    async def apply(self, exchange: Exchange) -> None:
        await exchange.ask()
        exchange.reset()


@dataclass(frozen=True, slots=True)
class ResetBefore:
    """The connection is reset and the request has no effect."""

    async def apply(self, exchange: Exchange) -> None:
        exchange.reset()


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """The request takes effect at once; its answer waits for ``service.release()``."""

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        exchange.service.held.set()
        await asyncio.to_thread(exchange.service.released.wait, PATIENCE)
        await exchange.reply(answered.status, answered.body, answered.headers_for_reply())


@dataclass(frozen=True, slots=True)
class HalfAnAnswer:
    """The request takes effect; its answer ends in the middle, short of its declared length."""

    async def apply(self, exchange: Exchange) -> None:
        await CutBody(0.5, "wrong").apply(exchange)


@dataclass(frozen=True, slots=True)
class StatusWord:
    """Progress with another status word, known or not; None sends null."""

    word: str | None

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        changed = {**json.loads(answered.body), "status": self.word}
        await exchange.reply(answered.status, json.dumps(changed).encode(), {"content-type": JSON})


@dataclass(frozen=True, slots=True)
class Failed:
    """Progress says that the snapshot failed; the service keeps the reason under several keys."""

    reason: str = "No data found in discovery"
    key: str = "error_message"

    async def apply(self, exchange: Exchange) -> None:
        dataset = exchange.service.sandbox.book.find(exchange.snapshot_id).order.dataset_id
        body = {"status": "failed", "snapshot_id": exchange.snapshot_id, "dataset_id": dataset, self.key: self.reason}
        await exchange.reply(200, json.dumps(body).encode(), {"content-type": JSON})


@dataclass(frozen=True, slots=True)
class NeverReady:
    """Progress says running, a download 202, for as long as this fault is there."""

    async def apply(self, exchange: Exchange) -> None:
        body: dict[str, object] = {"status": "running", "snapshot_id": exchange.snapshot_id}
        is_download = kind_of(exchange.scope["path"]) == "snapshot"
        if is_download:
            body = {"status": "running", "message": "Snapshot is not ready yet, try again in 30s"}
        await exchange.reply(202 if is_download else 200, json.dumps(body).encode(), {"content-type": JSON})


@dataclass(frozen=True, slots=True)
class CutBody:
    """The body ends early. ``declared`` content-length: "right" (of what is sent), "wrong" (of the whole) or "none"."""

    fraction: float = 0.6
    declared: str = "right"

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        sent = answered.body[: int(len(answered.body) * self.fraction)]
        kind = answered.headers.get("content-type", JSON)
        if self.declared == "right":
            await exchange.reply(answered.status, sent, {"content-type": kind})
            return
        length = f"content-length: {len(answered.body)}\r\n" if self.declared == "wrong" else ""
        head = f"HTTP/1.1 {answered.status} OK\r\ncontent-type: {kind}\r\n{length}connection: close\r\n\r\n"
        exchange.write_and_close(head.encode("ascii") + sent)


@dataclass(frozen=True, slots=True)
class CutLine:
    """The last line of the download ends in the middle of a value; everything else is in order."""

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        last = answered.body.rstrip(b"\n").rfind(b"\n") + 1
        await exchange.reply(200, answered.body[: (last + len(answered.body)) // 2], answered.headers_for_reply())


@dataclass(frozen=True, slots=True)
class HeldBody:
    """Half of the body, then nothing until ``service.release()``; then the rest."""

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        middle = len(answered.body) // 2
        await exchange.start(answered.status, answered.headers)
        await exchange.chunk(answered.body[:middle])
        exchange.service.held.set()
        await asyncio.to_thread(exchange.service.released.wait, PATIENCE)
        await exchange.send({"type": "http.response.body", "body": answered.body[middle:]})


@dataclass(frozen=True, slots=True)
class SlowBody:
    """The body in pieces with a real pause between them."""

    pieces: int = 10
    pause: float = 0.02

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        size = -(-len(answered.body) // self.pieces) or 1
        await exchange.start(answered.status, answered.headers)
        for start in range(0, len(answered.body), size):
            await exchange.chunk(answered.body[start : start + size])
            await asyncio.sleep(self.pause)
        await exchange.send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True)
class NotGzip:
    """Plain bytes that call themselves gzip: as a content encoding, or as a file."""

    as_encoding: bool = True

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        headers = {"content-type": JSON, "content-encoding": "gzip"} if self.as_encoding else {}
        await exchange.reply(200, answered.body[:2000], headers or {"content-type": "application/gzip"})


@dataclass(frozen=True, slots=True)
class OtherType:
    """The plain answer under another content type."""

    content_type: str

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        await exchange.reply(answered.status, answered.body, {"content-type": self.content_type})


@dataclass(frozen=True, slots=True)
class AsArray:
    """A JSON array in place of lines, of which a fraction is sent."""

    fraction: float = 1.0

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        if answered.status != 200:
            await exchange.reply(answered.status, answered.body, answered.headers_for_reply())
            return
        body = json.dumps(rows_in(answered, exchange.form)).encode()
        await exchange.reply(200, body[: int(len(body) * self.fraction)], {"content-type": JSON})


@dataclass(frozen=True, slots=True)
class GzipBomb:
    """A small gzip-encoded body that grows to ``size`` bytes."""

    size: int = 200_000_000

    async def apply(self, exchange: Exchange) -> None:
        line = b'{"title":"' + b"a" * 100_000 + b'","asin":"B0ZZBOMB00"}\n'
        body = gzip.compress(line * (self.size // len(line)), 1)
        await exchange.reply(200, body, {"content-type": "application/x-ndjson", "content-encoding": "gzip"})


@dataclass(frozen=True, slots=True)
class LongLine:
    """One line of ``size`` bytes without an end."""

    size: int = 50_000_000

    async def apply(self, exchange: Exchange) -> None:
        await exchange.start(200, {"content-type": "application/x-ndjson"})
        await exchange.chunk(b'{"title":"')
        for _ in range(self.size // 1_000_000):
            await exchange.chunk(b"a" * 1_000_000)
        await exchange.send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True)
class Huge:
    """A download of ``lines`` lines of NDJSON, streamed; each has an asin of its own."""

    lines: int = 100_000

    async def apply(self, exchange: Exchange) -> None:
        row = rows_in(await exchange.ask(), exchange.form)[0]
        await exchange.start(200, {"content-type": "application/x-ndjson"})
        for start in range(0, self.lines, 200):
            numbers = range(start, min(start + 200, self.lines))
            await exchange.chunk(b"".join(line_of({**row, "asin": f"B0HUGE{number:06d}"}) for number in numbers))
        await exchange.send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True)
class Batches:
    """Downloads in batches as a service might do it that is not documented.

    ``first`` is the number of the first batch. Beyond the last one comes ``beyond``: "refused", "empty" or "clamped"
    (the last one again). ``overlap`` records of a batch stand in the one before too.
    """

    first: int = 0
    beyond: str = "refused"
    overlap: int = 0

    async def apply(self, exchange: Exchange) -> None:
        query = {name: values[0] for name, values in parse_qs(exchange.scope["query_string"].decode("ascii")).items()}
        rows = exchange.service.sandbox.book.delivery(
            exchange.service.sandbox.book.find(str(exchange.scope["path"]).split("/")[4])
        ).rows
        step = int(query.get("batch_size", len(rows))) - self.overlap
        count = -(-(len(rows) - self.overlap) // step)
        if kind_of(exchange.scope["path"]) == "parts":
            await exchange.reply(200, json.dumps({"parts": count}).encode(), {"content-type": JSON})
            return
        at = int(query.get("part", self.first)) - self.first
        if self.beyond == "clamped":
            at = max(0, min(at, count - 1))
        if not 0 <= at < count and self.beyond == "refused":
            await exchange.reply(400, b'{"validation_errors":["\\"part\\" is out of range"]}', {"content-type": JSON})
            return
        part = rows[at * step : at * step + step + self.overlap] if 0 <= at < count else []
        await exchange.reply(200, b"".join(map(line_of, map(dict, part))), {"content-type": "application/x-ndjson"})


@dataclass(frozen=True, slots=True)
class BatchesIgnored:
    """The whole body, whatever batch was asked for."""

    async def apply(self, exchange: Exchange) -> None:
        exchange.scope["query_string"] = b"format=ndjson"
        answered = await exchange.ask()
        await exchange.reply(answered.status, answered.body, answered.headers_for_reply())


@dataclass(frozen=True, slots=True)
class Changed:
    """The rows of a download, changed by a function."""

    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]

    async def apply(self, exchange: Exchange) -> None:
        answered = await exchange.ask()
        if answered.status != 200:
            await exchange.reply(answered.status, answered.body, answered.headers_for_reply())
            return
        rows = self.change(rows_in(answered, exchange.form))
        body = json.dumps(rows).encode() if exchange.form == "json" else b"".join(map(line_of, rows))
        await exchange.reply(200, body, answered.headers_for_reply())


def duplicated(times: int = 2) -> Changed:
    """Every record several times, not side by side."""
    return Changed(lambda rows: rows * times)


def without_fields(*names: str) -> Changed:
    """Records that lack the named fields."""
    return Changed(lambda rows: [{key: row[key] for key in row if key not in names} for row in rows])


def odd_ratings() -> Changed:
    """`rating` as whole number, fraction, object, text and null in turn."""
    values = (4, 4.6, {"__TYPE__": "Literal_value", "value": "4.8"}, "4.1 out of 5", None)
    return Changed(lambda rows: [{**row, "rating": values[at % 5]} for at, row in enumerate(rows)])


def warnings_only() -> Changed:
    """Warning records without data."""
    return Changed(
        lambda rows: [
            {key: row[key] for key in ("timestamp", "input")}
            | {"warning": "Invalid input.url", "warning_code": "dead_page"}
            for row in rows
        ]
    )


def line_of(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"


def rows_in(answered: Answered, form: str) -> list[dict[str, Any]]:
    if form == "json":
        rows: list[dict[str, Any]] = json.loads(answered.body)
        return rows
    return [json.loads(line) for line in answered.body.split(b"\n") if line]


class PromptServer(uvicorn.Server):
    """Stops at once where uvicorn takes up to 0.2 s: it neither looks at a clock nor lets connections end nicely."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self.on_tick(0)
        if not self.should_exit:
            await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()

    def stop(self) -> None:
        """Ends it, from any thread."""
        self.should_exit = True
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.stopping.set)


class FaultyBrightData:
    """The sandbox on a loopback port with faults in front; see the module's text."""

    def __init__(
        self,
        *,
        seconds_per_call: float = 2.0,
        timing: Timing | None = None,
        state: Path | None = None,
        port: int = 0,
        blocks_hammering: bool = False,
        records: int = 0,
    ) -> None:
        self.clock = VirtualClock()
        self.sandbox = create_sandbox(clock=self.clock, timing=timing, state=state)
        if records:
            self.deliver(records)
        self.seconds_per_call = seconds_per_call
        self.blocks_hammering = blocks_hammering
        self.is_offline = False
        self.requests: Counter[str] = Counter()
        self.seen: list[tuple[str, str, str]] = []
        self.bodies: dict[str, list[bytes]] = defaultdict(list)
        self.refusals = 0
        self.held = threading.Event()
        self.released = threading.Event()
        self._queued: dict[str, deque[Fault]] = defaultdict(deque)
        self._standing: dict[str, Fault] = {}
        self._arrival = threading.Condition()
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}
        self._app = create_app(self.sandbox)
        self._listener = sandbox_server.open_socket(port)
        self.base_url = sandbox_server.address_of(self._listener)
        self._server = PromptServer(sandbox_server.make_server(self._answer).config)
        self._server.config.http = self._protocol_class()
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)

    def on(self, kind: str, *faults: Fault, times: int = 1) -> None:
        """Queues faults for the next requests of a kind."""
        assert kind in NAMES, kind
        self._queued[kind].extend(faults * times)

    def always(self, kind: str, fault: Fault | None) -> None:
        """One fault for all further requests of a kind; None ends it."""
        assert kind in NAMES, kind
        if fault is None:
            self._standing.pop(kind, None)
        else:
            self._standing[kind] = fault

    def deliver(self, records: int) -> None:
        """Every snapshot delivers so many small rows from now on."""
        self.sandbox.book = LargeBook(self.sandbox.book, records)

    def never_ready(self) -> None:
        """No snapshot ends from now on."""
        for kind in MOVES_TIME:
            self.always(kind, NeverReady())

    def go_offline(self) -> None:
        """Every connection is reset from now on, until :meth:`go_online`."""
        self.is_offline = True

    def go_online(self) -> None:
        self.is_offline = False

    def advance(self, seconds: float) -> None:
        """Moves the service's time."""
        self.clock.moment += seconds

    def release(self) -> None:
        """Lets a HeldBody or HeldAnswer go on."""
        self.released.set()

    def wait_for(self, kind: str, count: int = 1) -> None:
        """Returns when that many requests of a kind have arrived; fails after half a minute."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: self.requests[kind] >= count, PATIENCE), (kind, self.requests)

    def start_snapshot(self, order: Order) -> str:
        """A snapshot that was triggered by somebody else."""
        return self.sandbox.book.start(order).id

    @property
    def triggers(self) -> int:
        """The jobs that the service accepted and would bill, counted by what took effect."""
        return sum(job.order.kind == "trigger" for job in self.sandbox.book.all())

    def count_refusal(self) -> None:
        self.refusals += 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = kind_of(scope["path"])
        receive = await self._note(kind, scope, receive)
        fault: Fault | None
        if self.is_offline:
            fault = ResetBefore()
        elif self.blocks_hammering and self.refusals >= HAMMERING:
            fault = Answer(403, "Blocked: too many refused requests from this address")
        else:
            fault = self._queued[kind].popleft() if self._queued[kind] else self._standing.get(kind)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            transport = self._transports[tuple(scope["client"])]
            await fault.apply(Exchange(self._app, scope, receive, send, transport, self))

    async def _note(self, kind: str, scope: Scope, receive: Receive) -> Receive:
        """Counts the request with its body, moves time, and gives a `receive` that starts over."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if kind in TICKS:
            self.advance(self.seconds_per_call)
        with self._arrival:
            self.requests[kind] += 1
            self.seen.append((scope["method"], scope["path"], scope["query_string"].decode("ascii")))
            self.bodies[kind].append(body)
            self._arrival.notify_all()
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again

    def _protocol_class(self) -> type[H11Protocol]:
        transports = self._transports

        class KnownConnections(H11Protocol):
            """Remembers each connection, since faults need more of it than ASGI gives."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                transports[transport.get_extra_info("peername")[:2]] = transport
                super().connection_made(transport)

        return KnownConnections

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.released.set()
        self._server.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server did not stop"
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


@pytest.fixture
def bright_data() -> Iterator[FaultyBrightData]:
    """A running double; import it into a conftest to use it as a fixture."""
    with FaultyBrightData() as service:
        yield service
