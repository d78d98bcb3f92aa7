"""The installed program as a person's shell starts it: its own process, its own home, nothing on stdin."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.warm_programs import NURSERY, can_be_warm

ROOT = Path(__file__).parents[2]
KEY_VARIABLES = ("BRIGHTDATA_API_TOKEN", "OPENAI_API_KEY", "NEBIUS_API_KEY", "TOGETHER_API_KEY",
                 "AZURE_OPENAI_API_KEY", "HF_TOKEN")  # fmt: skip
CATEGORY = "category_url=https://www.amazon.com/gp/bestsellers/office-products"
COLLECT = ("collect", "brightdata", "--scraper", "amazon-products", "--input", CATEGORY, "--yes")
# What could act on a terminal or mislead its reader: C0 but line feed, tab and carriage return, DEL, C1, bidi.
_ACTING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Ended:
    """A program that has ended."""

    code: int
    out: str
    err: str

    @property
    def body(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        assert self.out.endswith("\n") and self.out.count("\n") == 1, f"not one line: {self.out!r} {self.err!r}"
        parsed = json.loads(self.out)
        assert isinstance(parsed, dict)
        return parsed

    def done(self) -> dict[str, Any]:
        """The JSON object of a command that succeeded."""
        assert self.code == 0, f"ended with {self.code}: {self.out} {self.err}"
        assert "error" not in self.body
        return self.body

    def failed(self, code: int, word: str | None = None) -> dict[str, Any]:
        """The JSON object of a command that failed with this exit code, and with this error code where given."""
        assert self.code == code, f"ended with {self.code}, not {code}: {self.out} {self.err}"
        error = self.body["error"]
        assert set(error) == {"code", "message", "hint", "retryable"} and error["message"] and error["hint"]
        assert error["retryable"] is (code == 3)
        assert "Traceback" not in self.err
        if word is not None:
            assert error["code"] == word, error
        return self.body


def acting_characters(text: str) -> list[str]:
    """The characters of an output that a terminal would act on."""
    return _ACTING.findall(text)


@dataclass(frozen=True)
class Program:
    """The program with a home of its own below ``folder``."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    is_warm: bool = False  # begins from a process that has loaded its code; a person's own has not

    @property
    def workspace(self) -> Path:
        """The workspace that the environment names."""
        return Path(self.variables()["WEBTUNE_WORKSPACE"])

    @property
    def models(self) -> Path:
        """The cache of base models."""
        return self.folder / "home" / ".cache" / "webtune" / "models"

    @property
    def config_file(self) -> Path:
        """The person's own settings file."""
        return self.folder / "home" / ".config" / "webtune" / "config.toml"

    def variables(self) -> dict[str, str]:
        """The whole environment of a run: no key and no address of this machine's owner gets in."""
        home = self.folder / "home"
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in KEY_VARIABLES and not name.startswith(("WEBTUNE_", "OPENAI_", "XDG_"))
        }
        return inherited | {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_STATE_HOME": str(home / ".local" / "state"),
            "WEBTUNE_WORKSPACE": str(self.folder / "workspace"),
            "WEBTUNE_POLL_SECONDS": "0.05",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": str(ROOT),
        } | self.environment  # fmt: skip

    def using(self, **environment: str) -> Program:
        """The same program with more in its environment."""
        return replace(self, environment=self.environment | environment)

    def elsewhere(self, name: str) -> Program:
        """The same home, another workspace."""
        return self.using(WEBTUNE_WORKSPACE=str(self.folder / name))

    def start(self, *arguments: str, wrapper: Sequence[str] = (), **options: Any) -> subprocess.Popen[str]:
        """Starts it, behind a ``wrapper`` such as ``unshare -n`` where given; stdin is closed unless given."""
        (self.folder / "home").mkdir(exist_ok=True)
        defaults: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "env": self.variables(),
            "cwd": self.folder,
            "text": True,
            "encoding": "utf-8",
        }
        chosen = defaults | options
        if self.is_warm and not wrapper and chosen.keys() == defaults.keys() and can_be_warm(chosen["env"]):
            return NURSERY.command("webtune_tui", arguments, **chosen)
        return subprocess.Popen([*wrapper, sys.executable, "-m", "webtune_tui", *arguments], **chosen)

    def __call__(self, *arguments: str, stdin: str | None = None, seconds: float = 60, **options: Any) -> Ended:
        """Runs it to its end."""
        given: dict[str, Any] = {} if stdin is None else {"stdin": subprocess.PIPE}
        process = self.start(*arguments, **(given | options))
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            told = process.communicate()
            raise AssertionError(f"{arguments} did not end in {seconds:.0f} s: {told}") from None
        return Ended(process.returncode, out, err)

    def json(self, *arguments: str, **options: Any) -> Ended:
        """Runs it to its end with ``--json``."""
        ended = self(*arguments, "--json", **options)
        assert not acting_characters(ended.out + ended.err)
        return ended


@contextlib.contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Ends a started program, whatever happens in the block."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        process.communicate()


@contextlib.contextmanager
def sandbox(program: Program, *options: str) -> Iterator[Program]:
    """The product's loopback Bright Data as a program, and ``program`` pointed at it with a key."""
    with running(program.start("sandbox", "--speed", "50", *options)) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["base_url"]
        yield program.using(WEBTUNE_BRIGHTDATA_URL=address, BRIGHTDATA_API_TOKEN="sandbox-key-canary-77f2")
