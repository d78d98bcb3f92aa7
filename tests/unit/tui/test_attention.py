"""The bytes that call a person back: nothing of an outside text can act in them."""

from __future__ import annotations

import pytest
from tests.tui.hostile import EVERYTHING, FORBIDDEN

from webtune_tui.tui.attention import desktop_command, plain, sequence

HOSTILE = f"9;4;1{EVERYTHING};notify\n\r\x9c\x07end"


def test_outside_text_becomes_one_plain_line_without_control_bytes_and_separators() -> None:
    shown = plain(HOSTILE, 400)
    assert shown.isprintable() and ";" not in shown
    assert not any(character in shown for character in FORBIDDEN)


@pytest.mark.parametrize("way", ["osc9", "osc777"])
def test_a_terminal_gets_one_sequence_and_the_bell(way: str) -> None:
    sent = sequence(way, plain("collected", 60), plain(HOSTILE, 160), {"TERM": "xterm-256color"})
    assert sent.startswith(f"\x1b]{way.removeprefix('osc')};")
    assert sent.count("\x1b") == 1 and sent.count("\x07") == 2 and sent.endswith("\x07\x07")
    assert "webtune: collected" in sent


def test_tmux_gets_it_wrapped_and_the_linux_console_only_the_bell() -> None:
    wrapped = sequence("osc9", "a", "b", {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
    assert wrapped == "\x1bPtmux;\x1b\x1b]9;webtune: a. b\x07\x1b\\\x07"
    assert sequence("osc9", "a", "b", {"TERM": "linux"}) == "\x07"
    assert sequence("bell", "a", "b", {}) == "\x07"


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_desktop_texts_are_arguments_and_never_part_of_a_script(platform: str) -> None:
    words = plain('"; do shell script "rm', 80)
    command = desktop_command("t", words, platform)
    assert command[-2:] == ["webtune: t", words]
    assert all(words not in part for part in command[:-1])
