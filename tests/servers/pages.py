"""A small web site on loopback that misbehaves on demand: redirects, slow, cut, packed and odd pages.

    with PageServer() as site:
        site.page("/a", "<h1>Text</h1>")
        site.redirect("/old", "/a")
        ... a client on site.url("/a") ...
        assert site.paths == ["/robots.txt", "/a"]

Each connection has a thread of its own and serves one request. Paths that nothing is said of answer 404.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PATIENCE = 30.0
HTML = "text/html; charset=utf-8"
WORDS = "This is a paragraph of the page with enough plain words in it to count as its main text, whoever reads it. "


def article(title: str, words: str = WORDS, *, language: str = "en") -> str:
    """A page with navigation, an article and a footer."""
    return (
        f'<!doctype html><html lang="{language}"><head><title>{title}</title></head><body>'
        f'<nav><a href="/">Home</a></nav><main><article><h1>{title}</h1><p>{words * 3}</p></article></main>'
        "<footer>We use cookies</footer></body></html>"
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """What one path answers. ``cut`` declares more bytes than come; ``hold`` waits in the middle for ``release``."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("content-type", HTML),)
    cut: bool = False
    hold: bool = False
    reset: bool = False
    chunks: int = 0

    def head(self) -> bytes:
        length = len(self.body) + (1000 if self.cut else 0)
        framing = "transfer-encoding: chunked" if self.chunks else f"content-length: {length}"
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in self.headers), framing]
        return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]


@dataclass
class PageServer:
    """The site; see the module's text."""

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    busiest: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._busy = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._connections: list[threading.Thread] = []

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """Every path that was asked for, in order."""
        return [request.path for request in self.asked]

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def page(self, path: str, body: str | bytes, *, kind: str = HTML, status: int = 200, **options: object) -> None:
        """One answer for a path; given again, the answers come in turn and the last one stays."""
        content = body.encode() if isinstance(body, str) else body
        headers = (("content-type", kind),) if kind else ()
        extra = options.pop("headers", ())
        reply = Reply(status, content, (*headers, *extra), **options)  # type: ignore[arg-type, misc]
        self.replies.setdefault(path, []).append(reply)

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.page(path, "", status=status, headers=(("location", to),))

    def release(self) -> None:
        """Lets held pages go on, now and later."""
        self.released.set()

    def robots(self, text: str | bytes, status: int = 200) -> None:
        self.page("/robots.txt", text, kind="text/plain", status=status)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)
        for connection in self._connections:
            connection.join(PATIENCE)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._connections.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        with connection, contextlib.suppress(OSError):  # some tests want the client to go away
            try:
                last = self._begin_reply(connection)
            finally:
                # before the last byte goes out: from then on the client may rightly come again
                with self._lock:
                    self._busy -= 1
            connection.sendall(last)

    def _begin_reply(self, connection: socket.socket) -> bytes:
        """Read the request and answer it but for the last bytes, which are returned."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return b""
            head += piece
        first, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        path = first.split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        with self._lock:
            self.asked.append(Asked(path, headers))
            queue = self.replies.get(path) or [Reply(404, b"not here")]
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
        if reply.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return b""
        if reply.chunks:
            connection.sendall(reply.head())
            for start in range(0, len(reply.body), reply.chunks):
                part = reply.body[start : start + reply.chunks]
                connection.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            return b"" if reply.cut else b"0\r\n\r\n"
        whole = reply.head() + reply.body
        if not reply.hold:
            return whole
        middle = len(whole) - (len(reply.body) + 1) // 2
        connection.sendall(whole[:middle])
        self.held.set()
        self.released.wait(PATIENCE)
        return whole[middle:]
