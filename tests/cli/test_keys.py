"""``webtune keys``: JSON of the contract, exit codes, and keys that come by prompt or pipe, never by argument."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import keyring.backends.fail
import pytest

from tests.unit.credentials.backends import LockedBackend, MemoryBackend, planted
from webtune_tui.cli.main import run

CANARY = "brd-canary-7f3e9c1d5b8a2460"
VARIABLES = (
    "BRIGHTDATA_API_TOKEN OPENAI_API_KEY NEBIUS_API_KEY TOGETHER_API_KEY AZURE_OPENAI_API_KEY HF_TOKEN "
    "WEBTUNE_BRIGHTDATA_URL OPENAI_BASE_URL WEBTUNE_OPENAI_URL WEBTUNE_WORKSPACE"
)

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in VARIABLES.split():
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path


@pytest.fixture
def backend() -> Iterator[MemoryBackend]:
    with planted(MemoryBackend()) as memory:
        assert isinstance(memory, MemoryBackend)
        yield memory


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs one command line with ``--json`` and something on stdin; no key may come out of it."""

    def runs(*arguments: str, given: bytes = b"") -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        code = run([*arguments, "--json"])
        printed = capsys.readouterr()
        assert CANARY not in printed.out + printed.err
        assert printed.out.count("\n") == 1
        return code, json.loads(printed.out)

    return runs


class Service(ThreadingHTTPServer):
    """Answers each path with a status and a body, and keeps the headers that came."""

    def __init__(self, answers: dict[str, tuple[int, str]]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers.items())))
        status, body = self.server.answers.get(self.path.split("?")[0], (404, "{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the test's own stderr is looked at."""


@pytest.fixture
def service() -> Iterator[Callable[[dict[str, tuple[int, str]]], Service]]:
    started: list[Service] = []

    def start(answers: dict[str, tuple[int, str]]) -> Service:
        server = Service(answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def test_a_piped_key_is_kept_also_where_nothing_may_be_asked(backend: MemoryBackend, command: Command) -> None:
    code, body = command("keys", "set", "brightdata", "--no-input", given=f"{CANARY}\n".encode())
    assert code == 0
    assert (body["name"], body["source"], body["last4"]) == ("brightdata", "keyring", "2460")
    assert backend.kept["webtune-tui", "brightdata@api.brightdata.com"] == CANARY


def test_the_list_names_every_service_with_its_source_and_last_four(
    backend: MemoryBackend, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("keys", "set", "brightdata", given=CANARY.encode())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment-99")
    code, body = command("keys", "list")
    assert code == 0
    assert [(key["name"], key["source"], key["last4"]) for key in body["keys"]] == [
        ("brightdata", "keyring", "2460"),
        ("openai", "environment", "t-99"),
        ("nebius", "none", ""),
        ("together", "none", ""),
        ("foundry", "none", ""),
        ("huggingface", "none", ""),
    ]


@pytest.mark.parametrize(
    "given",
    [b"", b"\n", b"   \n", b"two words\n", b"esc\x1b[31m\n", b"nul\x00byte\n", b"\xff\xfe\n", b"x" * 20_000],
    ids=["nothing", "empty line", "spaces", "two words", "escape", "nul", "no text", "too long"],
)
def test_what_is_no_key_is_refused_and_nothing_is_kept(backend: MemoryBackend, command: Command, given: bytes) -> None:
    code, body = command("keys", "set", "brightdata", given=given)
    assert (code, body["error"]["code"]) == (2, "usage")
    assert backend.kept == {}


def test_a_key_is_never_taken_from_the_arguments(backend: MemoryBackend, command: Command) -> None:
    code, body = command("keys", "set", "brightdata", "argument-that-is-a-key")
    assert code == 2
    assert backend.kept == {}
    assert body["error"]["code"] == "usage"


def test_an_unknown_service_is_refused_before_its_key_is_read(backend: MemoryBackend, command: Command) -> None:
    for subcommand in ("set", "check", "delete"):
        code, body = command("keys", subcommand, "nobody", given=CANARY.encode())
        assert (code, body["error"]["code"]) == (2, "not_found")


def test_deleting_says_whether_there_was_a_key(backend: MemoryBackend, command: Command) -> None:
    command("keys", "set", "brightdata", given=CANARY.encode())
    assert command("keys", "delete", "brightdata")[1]["deleted"] is True
    assert backend.kept == {}
    assert command("keys", "delete", "brightdata") == (
        0,
        {"name": "brightdata", "deleted": False, "keys": [command("keys", "list")[1]["keys"][0]]},
    )


@pytest.mark.parametrize(
    ("planted_backend", "state"),
    [(keyring.backends.fail.Keyring(), "missing"), (LockedBackend(), "locked")],
    ids=["missing", "locked"],
)
def test_a_keyring_that_cannot_keep_the_key_ends_with_5_and_names_the_variable(
    command: Command, planted_backend: Any, state: str
) -> None:
    with planted(planted_backend):
        code, body = command("keys", "set", "brightdata", given=CANARY.encode())
        assert (code, body["keyring"]) == (5, state)
        assert "BRIGHTDATA_API_TOKEN" in body["error"]["hint"]
        code, body = command("keys", "list")
        assert code == 0 and {key["source"] for key in body["keys"]} == {"none"}


BRIGHTDATA_FIRST, BRIGHTDATA_THEN = "/datasets/v3/scrapers", "/status"


@pytest.mark.parametrize(
    ("answers", "code", "valid"),
    [
        ({BRIGHTDATA_FIRST: (200, "[{}]")}, 0, True),
        ({BRIGHTDATA_FIRST: (404, ""), BRIGHTDATA_THEN: (200, '{"status":"active"}')}, 0, True),
        ({BRIGHTDATA_FIRST: (401, f"Invalid token {CANARY}")}, 5, False),
        ({BRIGHTDATA_FIRST: (403, "no permission")}, 0, None),
        ({BRIGHTDATA_FIRST: (404, ""), BRIGHTDATA_THEN: (401, "")}, 5, False),
        ({BRIGHTDATA_FIRST: (200, "<html>log in to the wifi</html>")}, 0, None),
        ({BRIGHTDATA_FIRST: (302, "")}, 0, None),
    ],
    ids=["good", "good by status", "refused", "lacks permission", "refused by status", "captive portal", "redirect"],
)
def test_a_check_tells_good_refused_and_not_known_apart(
    backend: MemoryBackend,
    command: Command,
    service: Callable[[dict[str, tuple[int, str]]], Service],
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, tuple[int, str]],
    code: int,
    valid: bool | None,
) -> None:
    server = service(answers)
    monkeypatch.setenv("WEBTUNE_BRIGHTDATA_URL", server.address)
    monkeypatch.setenv("BRIGHTDATA_API_TOKEN", CANARY)
    ended, body = command("keys", "check", "brightdata")
    assert (ended, body["valid"]) == (code, valid)
    assert body["detail"] and body["keys"][0]["source"] == "environment"
    assert next(path for path, _ in server.asked) == "/datasets/v3/scrapers?dataset_id=gd_l7q7dkf244hwjntr0"
    assert all(headers["Authorization"] == f"Bearer {CANARY}" for _, headers in server.asked)
    assert ("error" in body) == (code != 0)


def test_an_openai_compatible_key_is_checked_by_the_list_of_models(
    backend: MemoryBackend,
    command: Command,
    service: Callable[[dict[str, tuple[int, str]]], Service],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = service({"/v1/models": (200, '{"data":[]}')})
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/v1")
    command("keys", "set", "openai", given=CANARY.encode())
    assert f"openai@127.0.0.1:{server.server_port}" in {user for _, user in backend.kept}
    code, body = command("keys", "check", "openai")
    assert (code, body["valid"], [path for path, _ in server.asked]) == (0, True, ["/v1/models"])


@pytest.mark.parametrize(
    ("status", "words"), [(429, "7 s"), (503, "some minutes")], ids=["rate limit", "service unavailable"]
)
def test_a_service_that_cannot_answer_now_ends_with_3(
    backend: MemoryBackend,
    command: Command,
    service: Callable[[dict[str, tuple[int, str]]], Service],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    words: str,
) -> None:
    server = service({"/v1/models": (status, "")})
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    code, body = command("keys", "check", "openai")
    assert (code, body["valid"], body["error"]["retryable"]) == (3, None, True)
    assert words in body["error"]["hint"]


def test_an_address_that_cannot_be_reached_ends_with_3_for_one_key_and_with_a_row_for_many(
    backend: MemoryBackend, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    code, body = command("keys", "check", "openai")
    assert (code, body["error"]["code"], body["valid"]) == (3, "offline", None)
    code, body = command("keys", "check")
    row = next(key for key in body["keys"] if key["name"] == "openai")
    assert code == 0
    assert row["valid"] is None and "reached" in row["detail"]


def test_a_missing_key_ends_with_5(backend: MemoryBackend, command: Command) -> None:
    code, body = command("keys", "check", "brightdata")
    assert (code, body["error"]["code"], body["valid"]) == (5, "credential_missing", False)
    assert "keys set brightdata" in body["error"]["hint"] and "BRIGHTDATA_API_TOKEN" in body["error"]["hint"]
    assert command("keys", "check")[0] == 5


def test_a_provider_of_the_settings_takes_a_key(backend: MemoryBackend, command: Command, home: Path) -> None:
    folder = home / "xdg_config_home" / "webtune"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[providers.mine]\nbase_url = "https://llm.example/v1"\nkey = "work"\n')
    assert command("keys", "set", "work", given=CANARY.encode())[0] == 0
    assert backend.kept["webtune-tui", "work@llm.example"] == CANARY
    assert [key["source"] for key in command("keys", "list")[1]["keys"] if key["name"] == "mine"] == ["keyring"]


@pytest.fixture
def terminal(home: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], int]]]:
    """Starts ``webtune`` on a terminal of its own; answers the process and the terminal's other end."""
    started: list[tuple[subprocess.Popen[bytes], int]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
        ours, theirs = pty.openpty()
        environment = os.environ | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "TERM": "xterm"}
        process = subprocess.Popen(
            [sys.executable, "-m", "webtune_tui", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        started.append((process, ours))
        return process, ours

    yield start
    for process, ours in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def read_until(terminal: int, words: bytes) -> bytes:
    shown = b""
    while words not in shown:
        shown += os.read(terminal, 4096)
    return shown


def has_echo(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def rest_of(terminal: int) -> bytes:
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # Linux: the other end is closed
        pass
    return shown


def test_a_typed_key_is_not_shown(terminal: Callable[..., tuple[subprocess.Popen[bytes], int]]) -> None:
    process, screen = terminal("keys", "set", "brightdata")
    read_until(screen, b"Key for Bright Data")
    os.write(screen, f"{CANARY}\n".encode())
    shown = rest_of(screen)
    assert process.wait(30) == 5  # this machine has no keyring
    assert CANARY.encode() not in shown
    assert b"BRIGHTDATA_API_TOKEN" in shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl+c", "term"])
def test_a_prompt_that_is_interrupted_gives_the_terminal_its_echo_back(
    terminal: Callable[..., tuple[subprocess.Popen[bytes], int]], number: int, code: int
) -> None:
    process, screen = terminal("keys", "set", "brightdata")
    read_until(screen, b"Key for Bright Data")
    assert not has_echo(screen)
    process.send_signal(number)
    assert process.wait(30) == code
    assert has_echo(screen)


def test_a_terminal_is_not_asked_where_that_is_forbidden(
    terminal: Callable[..., tuple[subprocess.Popen[bytes], int]],
) -> None:
    process, screen = terminal("keys", "set", "brightdata", "--no-input")
    shown = rest_of(screen)
    assert process.wait(30) == 2
    assert b"stdin" in shown
