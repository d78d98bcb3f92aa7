"""Calls the person back when long work ends while they look elsewhere: bell, terminal notification or desktop.

The way is ``[app] notify``: ``osc9`` (the default; iTerm2, WezTerm, Windows Terminal, ghostty, kitty), ``osc777``
(urxvt, foot, ghostty), ``bell``, ``desktop`` or ``off``. The first two ring the bell as well, which every terminal
knows. Whether the window has the focus is known from the terminal's own reports; without them nobody is disturbed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from webtune_tui.domain.credentials import without_keys
from webtune_tui.domain.masking import mask
from webtune_tui.domain.terminal_text import display_line

if TYPE_CHECKING:
    from webtune_tui.tui.app import WebtuneApp

_BELL = "\x07"
_LONGEST_TITLE, _LONGEST_WORDS = 60, 160
_DESKTOP_SECONDS = 5.0
_OSASCRIPT = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"


def announce(app: WebtuneApp, title: str, words: str) -> None:
    """Says that something has ended, where the window is not looked at. Nothing happens otherwise.

    Both texts may hold outside text: no control byte of theirs reaches the terminal.
    """
    way = app.settings.notify if app.settings.notifications else "off"
    if app.app_focus or way == "off" or app.is_leaving:
        return
    title, words = plain(title, _LONGEST_TITLE), plain(words, _LONGEST_WORDS)
    if way == "desktop":
        app.run_worker(_on_desktop(title, words), group="attention", exit_on_error=False)
    elif app._driver is not None:  # Textual gives a terminal's bytes through its driver alone
        app._driver.write(sequence(way, title, words, os.environ))
        app._driver.flush()


def plain(text: str, limit: int) -> str:
    """Outside text on one line, without keys and without a character that a terminal or a parser could obey."""
    shown = mask(display_line(text, limit=limit)).replace(";", ",")
    return "".join(character if character.isprintable() else " " for character in shown).strip()


def sequence(way: str, title: str, words: str, environment: Mapping[str, str]) -> str:
    """The bytes that make a terminal notify; the bell alone where it is known to understand nothing else."""
    if way == "bell" or environment.get("TERM") in ("linux", "dumb"):
        return _BELL
    # the leading name keeps ConEmu and its kin from reading a number as a command of theirs
    body = f"9;webtune: {title}. {words}" if way == "osc9" else f"777;notify;webtune: {title};{words}"
    escape = f"\x1b]{body}\x07"
    if "TMUX" in environment:
        escape = f"\x1bPtmux;\x1b{escape}\x1b\\"
    return escape + _BELL


def desktop_command(title: str, words: str, platform: str) -> list[str]:
    """The program that shows a notification on the desktop, with the texts as arguments of their own."""
    if platform == "darwin":
        return ["osascript", "-e", _OSASCRIPT, f"webtune: {title}", words]
    return ["notify-send", "--app-name=webtune", "--", f"webtune: {title}", words]


async def _on_desktop(title: str, words: str) -> None:
    """A missing or hanging program is no fault: the notification is a courtesy."""
    with contextlib.suppress(OSError, TimeoutError):
        program = await asyncio.create_subprocess_exec(
            *desktop_command(title, words, sys.platform),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=without_keys(os.environ),
        )
        try:
            await asyncio.wait_for(program.wait(), _DESKTOP_SECONDS)
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()
