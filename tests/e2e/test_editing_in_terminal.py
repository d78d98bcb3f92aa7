"""Editing in a real terminal: killed while typing, nothing but the open field can go; an editor gets the terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_app_in_terminal import Terminal
from tests.e2e.test_readme import environment

pytestmark = pytest.mark.slow
_COLOURS = re.compile(rb"\x1b\[[0-9;:]*m")
_PATIENCE = 30


def rows() -> list[dict[str, str]]:
    things = (
        "Kettle",
        "Lamp",
        "Chair",
        "Radio",
        "Rucksack",
        "Ladder",
        "Mirror",
        "Basket",
        "Drill",
        "Tent",
        "Scarf",
        "Anvil",
    )
    return [
        {"title": f"{thing} number {n}", "description": " ".join(f"{thing.lower()}{n}word{k}" for k in range(20)) + "."}
        for n, thing in enumerate(things)
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a workspace that has examples."""
    file = tmp_path / "products.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows()))
    for words in (("import", str(file)), ("prepare",)):
        command = [sys.executable, "-m", "webtune_tui", "-w", str(tmp_path / "workspace"), *words, "--json"]
        subprocess.run(command, env=environment(tmp_path), check=True, capture_output=True, timeout=120)
    return tmp_path


def seen(terminal: Terminal) -> bytes:
    return _COLOURS.sub(b"", terminal.seen)


def wait_for(terminal: Terminal, needle: bytes) -> None:
    deadline = time.monotonic() + _PATIENCE
    while needle not in seen(terminal):
        assert time.monotonic() < deadline, f"{needle!r} did not come; last: {seen(terminal)[-1500:]!r}"
        terminal._read(0.2)


def drafts(home: Path) -> Iterator[str]:
    for path in (home / "workspace" / "drafts").glob("*.json"):
        yield from json.loads(path.read_text())["texts"].values()


def open_editor(terminal: Terminal) -> None:
    terminal.read_until(b"Dataset")
    terminal.press(b"3")
    wait_for(terminal, b"earned:")
    terminal.press(b"e")
    wait_for(terminal, b"Nothing changed yet")


def test_killed_while_typing_it_loses_no_more_than_the_last_half_second(home: Path) -> None:
    terminal = Terminal(home)
    open_editor(terminal)
    typed = ""
    deadline = time.monotonic() + _PATIENCE
    while not any("zebra" in text for text in drafts(home)):  # keys without a pause
        assert time.monotonic() < deadline
        terminal.press(b"zebra ")
        typed += "zebra "
        terminal._read(0.05)
    os.kill(terminal.pid, signal.SIGKILL)
    assert terminal.end() == -signal.SIGKILL
    terminal.close()
    [kept] = drafts(home)
    assert kept.startswith("zebra ")
    again = Terminal(home)
    again.read_until(b"Dataset")
    again.press(b"3")
    wait_for(again, b"was not saved (1 message)")
    again.press(b"E")
    wait_for(again, b"Unsaved edit of")
    again.press(b"\x13")
    wait_for(again, b"Saved: 1 message changed")
    again.press(b"\x11")
    assert again.end() == 0
    again.close()
    assert not list(drafts(home))
    assert "zebra " in (home / "workspace" / "recipe.toml").read_text()


def test_the_persons_editor_gets_the_terminal_and_what_it_saves_comes_back(home: Path) -> None:
    script = home / "my editor"
    script.write_text(
        "#!/bin/sh\nprintf 'EDITOR-HAS-THE-TERMINAL'\nread answer < /dev/tty\n"
        "sed -i 's/word3 /word3 \\\\u{200B}written outside /' \"$1\"\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    terminal = Terminal(home, variables={"EDITOR": f"'{script}'"})
    open_editor(terminal)
    terminal.press(b"\x0f")
    wait_for(terminal, b"EDITOR-HAS-THE-TERMINAL")
    before = seen(terminal)
    terminal.press(b"go on\n")
    deadline = time.monotonic() + _PATIENCE
    while not any("written outside" in text for text in drafts(home)):
        assert time.monotonic() < deadline
        terminal._read(0.2)
    assert b"\x1b[?1049l" in before  # the screen was left before the editor wrote
    wait_for(terminal, b"1 message changed")
    terminal.press(b"\x13")
    wait_for(terminal, b"Saved: 1 message changed")
    terminal.press(b"\x11")
    assert terminal.end() == 0
    terminal.close()
    assert "word3 \u200bwritten outside" in (home / "workspace" / "recipe.toml").read_text()
    assert not list((home / "workspace" / "drafts").glob("*"))


def test_what_an_editor_saved_after_the_app_was_killed_is_taken_up(home: Path) -> None:
    script = home / "editor"
    script.write_text(
        "#!/bin/sh\nsed -i 's/word3 /word3 saved outside /' \"$1\"\nprintf 'EDITOR-HAS-SAVED'\nread answer < /dev/tty\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    terminal = Terminal(home, variables={"EDITOR": str(script)})
    open_editor(terminal)
    terminal.press(b"\x0f")
    wait_for(terminal, b"EDITOR-HAS-SAVED")
    os.kill(terminal.pid, signal.SIGKILL)
    assert terminal.end() == -signal.SIGKILL
    terminal.close()
    again = Terminal(home)
    again.read_until(b"Dataset")
    again.press(b"3")
    wait_for(again, b"was not saved")
    again.press(b"E")
    deadline = time.monotonic() + _PATIENCE
    while not any("saved outside" in text for text in drafts(home)):
        assert time.monotonic() < deadline
        again._read(0.2)
    again.press(b"\x13")
    wait_for(again, b"Saved: 1 message changed")
    again.press(b"\x11")
    assert again.end() == 0
    again.close()
    assert "word3 saved outside" in (home / "workspace" / "recipe.toml").read_text()
    assert not list((home / "workspace" / "drafts").glob("*"))
