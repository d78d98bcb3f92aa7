"""A key is in nothing that webtune writes: no file, no database, no output, no crash report, no argument."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CANARY = "brd-canary-7f3e9c1d5b8a2460-4e6f"
FORMS = {
    "itself": CANARY.encode(),
    "base64": base64.b64encode(CANARY.encode()).rstrip(b"="),
    "url-safe base64": base64.urlsafe_b64encode(CANARY.encode()).rstrip(b"="),
    "base64 of the header": base64.b64encode(f"Bearer {CANARY}".encode()).rstrip(b"="),
    "hexadecimal": CANARY.encode().hex().encode(),
    "first half": CANARY[: len(CANARY) // 2].encode(),
    "second half": CANARY[len(CANARY) // 2 :].encode(),
}


class _Echo(BaseHTTPRequestHandler):
    """A service that sends back what it was sent, key included, with every kind of refusal."""

    statuses: Iterator[int] = iter(())

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = self.headers.get("Authorization", "")
        status = next(self.statuses, 401)
        body = f'{{"error": {{"message": "Incorrect API key provided: {sent}", "code": "{sent}"}}}}'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Echo", sent)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(tmp_path: Path, echo: str) -> Mapping[str, str]:
    keys = ("BRIGHTDATA_API_TOKEN", "OPENAI_API_KEY", "NEBIUS_API_KEY", "TOGETHER_API_KEY", "HF_TOKEN")
    places = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    dropped = {"DBUS_SESSION_BUS_ADDRESS", "DISPLAY"}
    return (
        {name: value for name, value in os.environ.items() if name not in dropped}
        | dict.fromkeys(keys, CANARY)
        | {name: str(tmp_path / name.lower()) for name in places}
        | {
            "WEBTUNE_WORKSPACE": str(tmp_path / "workspace"),
            "WEBTUNE_BRIGHTDATA_URL": echo,
            "OPENAI_BASE_URL": f"{echo}/v1",
            "WEBTUNE_NEBIUS_URL": f"{echo}/v1",
            "WEBTUNE_TOGETHER_URL": f"{echo}/v1",
            "WEBTUNE_HUGGINGFACE_URL": echo,
            "WEBTUNE_POLL_SECONDS": "0.01",
        }
    )


def webtune(
    environment: Mapping[str, str], *arguments: str, given: str = "", program: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """Runs ``webtune`` (or a program around it) under the most careless umask; checks all that it printed."""
    start = ["-c", program] if program else ["-m", "webtune_tui"]
    ended = subprocess.run(
        [sys.executable, *start, *arguments],
        input=given.encode(), capture_output=True, timeout=100, check=False, umask=0, env=dict(environment),
    )  # fmt: skip
    assert found_in(ended.stdout) == [], arguments
    assert found_in(ended.stderr) == [], arguments
    return ended


def found_in(content: bytes) -> list[str]:
    return [name for name, form in FORMS.items() if form in content]


def assert_nothing_written_holds_it(root: Path) -> None:
    files = [path for path in root.rglob("*") if path.is_file()]
    leaks = {str(path): found_in(path.read_bytes()) for path in files}
    assert {path: forms for path, forms in leaks.items() if forms} == {}
    assert [path for path in root.rglob("*") if CANARY in path.name] == []


CATEGORY = "category_url=https://www.amazon.com/b"
COLLECT = ("collect", "brightdata", "--scraper", "gd_l7q7dkf244hwjntr0", "--input", CATEGORY, "--yes")
COMMANDS = [
    ("keys", "list"),
    ("keys", "check"),
    ("keys", "check", "brightdata"),
    ("keys", "check", "openai", "-v"),
    ("keys", "delete", "openai"),
    ("doctor", "-v"),
    COLLECT,
    ("collect", "resume"),
    ("collect", "list"),
    ("bases", "--provider", "openai"),
    ("chat", "--model", "gpt-4.1-mini", "--once", "hello"),
    ("jobs", "list"),
    ("ledger",),
    ("paths",),
]


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_service_that_echoes_the_key_gets_it_into_nothing(
    environment: Mapping[str, str], tmp_path: Path, as_json: bool
) -> None:
    codes = {}
    for arguments in COMMANDS:
        flags = ("--json",) if as_json else ()
        codes[arguments] = webtune(environment, *arguments, *flags).returncode
    assert codes["keys", "check", "brightdata"] == 5  # the key really travelled, and was refused
    assert 70 not in codes.values(), codes
    assert_nothing_written_holds_it(tmp_path)


@pytest.mark.parametrize("name", ["brightdata", "huggingface"])
def test_a_piped_key_that_cannot_be_kept_leaves_no_trace(
    environment: Mapping[str, str], tmp_path: Path, name: str
) -> None:
    without = {key: value for key, value in environment.items() if value != CANARY}
    ended = webtune(without, "keys", "set", name, "--json", given=f"{CANARY}\n")
    assert ended.returncode == 5  # this machine has no keyring
    assert_nothing_written_holds_it(tmp_path)


def test_a_crash_report_holds_no_key_and_is_for_its_owner_alone(environment: Mapping[str, str], tmp_path: Path) -> None:
    program = """
import sys
from webtune_tui.cli.main import main
from webtune_tui.services.accounts import AccountsService

async def crash(self):
    secret = await self.find("openai", "127.0.0.1:1")
    header = {"Authorization": f"Bearer {secret.reveal()}"}
    raise RuntimeError(f"request {header} with {secret!r} and {secret.reveal()}")

AccountsService.states = crash
main()
"""
    ended = webtune(environment, "keys", "list", "--json", program=program)
    assert ended.returncode == 70
    reports = list(tmp_path.rglob("crash-*.txt"))
    assert len(reports) == 1
    assert "RuntimeError" in reports[0].read_text()
    assert_nothing_written_holds_it(tmp_path)
    assert stat.S_IMODE(reports[0].stat().st_mode) == 0o600


def test_what_is_written_is_for_its_owner_alone_whatever_the_umask(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    webtune(environment, *COLLECT, "--json")
    workspace = tmp_path / "workspace"
    assert workspace.is_dir()
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (workspace, *workspace.rglob("*"))}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
