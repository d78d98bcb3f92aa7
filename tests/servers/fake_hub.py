"""A model hub on loopback: one repository, downloads that can be held back."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """Files of the one repository, what was asked for, and a gate that each download of weights passes."""

    repository: str
    files: dict[str, bytes]
    sums: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def info(self) -> dict[str, object]:
        """Return what the hub says about the repository."""
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                "blobId": "0" * 40,
                **({"lfs": self._lfs(name)} if name.endswith(".safetensors") else {}),
            }
            for name, content in self.files.items()
        ]
        return {
            "_id": "1",
            "id": self.repository,
            "modelId": self.repository,
            "sha": REVISION,
            "siblings": siblings,
            "cardData": {"license": "mit"},
        }

    def _lfs(self, name: str) -> dict[str, object]:
        content = self.files[name]
        sha256 = self.sums.get(name, hashlib.sha256(content).hexdigest())
        return {"sha256": sha256, "size": len(content), "pointerSize": 130}


@contextlib.contextmanager
def run_fake_hub(repository: str, files: dict[str, bytes]) -> Iterator[FakeHub]:
    """Serve the repository while the context lasts."""
    hub = FakeHub(repository, files)
    hub.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith(f"/api/models/{repository}"):
                self._send(200, json.dumps(hub.info()).encode(), {"Content-Type": "application/json"})
                return
            prefix = f"/{repository}/resolve/{REVISION}/"
            content = hub.files.get(path.removeprefix(prefix)) if path.startswith(prefix) else None
            if content is None:
                self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
                return
            if self.command == "GET":
                hub.asked.append(path.removeprefix(prefix))
                if path.endswith(".safetensors"):
                    hub.gate.wait(60)
            etag = hashlib.sha256(content).hexdigest()
            self._send(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": REVISION})

        def do_HEAD(self) -> None:
            self.do_GET()

        def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        hub.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
