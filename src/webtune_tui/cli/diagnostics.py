"""The only module that writes to stderr and decides exit codes: progress and errors."""

from __future__ import annotations

import os
import sys
from typing import Any

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.masking import mask
from webtune_tui.domain.terminal_text import display, display_line


class Progress:
    """Words and progress for the person, on stderr."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self._is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._transient = False

    def say(self, text: str) -> None:
        """One line that stays."""
        if not self.quiet:
            self._clear()
            _write(display(text) + "\n")

    def detail(self, text: str) -> None:
        """One line for those who asked for more words."""
        if self.verbose:
            self.say(text)

    def update(self, text: str) -> None:
        """A line that the next one replaces; left out where stderr is no terminal."""
        if self.quiet or not self._is_live:
            return
        _write(f"\r\x1b[2K{display_line(text, limit=120)}")
        self._transient = True

    def ask(self, question: str) -> str:
        """The person's answer to a question asked on stderr."""
        self._clear()
        _write(display(question))
        return sys.stdin.readline()

    def error(self, error: WebtuneError) -> None:
        """What happened and what to do next."""
        self._clear()
        _write(f"webtune: {mask(display(error.message, limit=2000))}\n")
        if error.hint:
            _write(f"  {mask(display(error.hint, limit=2000))}\n")

    def _clear(self) -> None:
        if self._transient:
            _write("\r\x1b[2K")
            self._transient = False


def error_body(error: WebtuneError) -> dict[str, Any]:
    """The JSON object of a failed command: the facts known so far and the error."""
    return error.fields | {
        "error": {
            "code": error.code,
            "message": mask(error.message),
            "hint": mask(error.hint),
            "retryable": error.retryable,
        }
    }


def _write(text: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "replace").decode(encoding))
    sys.stderr.flush()
