"""A real gnome-keyring in a D-Bus session of its own, with a throw-away home: no real keyring is ever touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

_NEEDED = ("dbus-run-session", "gnome-keyring-daemon")
_UNLOCK = "printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"
_START_LOCKED = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1"
_KEY_VARIABLES = {
    "BRIGHTDATA_API_TOKEN",
    "OPENAI_API_KEY",
    "NEBIUS_API_KEY",
    "TOGETHER_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "HF_TOKEN",
}


@dataclass(frozen=True)
class Machine:
    """A home folder and the ways to run ``webtune`` in it."""

    home: Path
    environment: Mapping[str, str]

    def without_bus(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """One command on a machine without D-Bus."""
        return self._run([sys.executable, "-m", "webtune_tui", *arguments], given)

    def in_session(self, *arguments: str, given: str = "", before: str = _UNLOCK) -> subprocess.CompletedProcess[str]:
        """One command in a D-Bus session of its own, after the keyring was unlocked (or what ``before`` says)."""
        script = f'{before}; exec "$0" -m webtune_tui "$@"'
        return self._run(["dbus-run-session", "--", "bash", "-c", script, sys.executable, *arguments], given)

    def locked(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """One command in a session whose daemon runs with its collection locked."""
        return self.in_session(*arguments, given=given, before=_START_LOCKED)

    def without_daemon(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """One command in a session in which nobody started the daemon."""
        return self.in_session(*arguments, given=given, before=":")

    def _run(self, command: list[str], given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=60, env=dict(self.environment), check=False
        )

    def stop_daemons(self) -> None:
        """Ends the daemons of this home alone: each has it in its environment."""
        mark = f"HOME={self.home}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                is_daemon = (process / "comm").read_text().startswith("gnome-keyring-d")
                if is_daemon and mark in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGTERM)
            except (OSError, ProcessLookupError):
                continue


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        pytest.fail(f"missing: {', '.join(missing)}; install them: apt-get install gnome-keyring dbus")
    home = tmp_path / "home"
    folders = {
        "XDG_DATA_HOME": home / ".local/share",
        "XDG_RUNTIME_DIR": home / "run",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_STATE_HOME": home / ".local/state",
    }
    for folder in (*folders.values(), folders["XDG_DATA_HOME"] / "keyrings"):
        folder.mkdir(parents=True, mode=0o700)
    dropped = {"DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND", *_KEY_VARIABLES}
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {name: str(folder) for name, folder in folders.items()} | {"HOME": str(home)}
    made = Machine(home, environment)
    yield made
    made.stop_daemons()
