"""Regular expressions of a person, in a program of their own: matching can't be interrupted, so it is ended.

A pattern such as ``(a+)+b`` takes longer than the universe on some texts. The program answers text by text; where an
answer takes too long it is killed, and the person is told which pattern it was.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from webtune_tui.domain.errors import InternalFault, UsageError
from webtune_tui.services.bridge import child_program

SECONDS_PER_TEXT = 2.0
_STARTING = 20.0  # seconds for the program itself to begin, on a busy machine
_LONGEST = 32 * 1024 * 1024  # characters that a text may become


class PatternProgram:
    """One pattern and its replacement; the program starts with the first texts and ends with :meth:`close`."""

    def __init__(self, find: str, replacement: str, *, seconds: float = SECONDS_PER_TEXT) -> None:
        self._find = find
        self._replacement = replacement
        self._seconds = seconds
        self._program: subprocess.Popen[bytes] | None = None
        self._deadline = float("inf")
        self._closed = threading.Event()
        self._was_killed = False

    def substituted(self, texts: Sequence[str]) -> list[tuple[str, int]]:
        """Each text with its matches replaced, and how many there were. Blocking.

        Raises:
            UsageError: a text took too long, or would become too long.
        """
        if not texts:
            return []
        program = self._running()
        assert program.stdin is not None and program.stdout is not None
        found: list[tuple[str, int]] = []
        try:
            program.stdin.write(json.dumps(list(texts)).encode() + b"\n")
            program.stdin.flush()
            for text in texts:
                self._deadline = time.monotonic() + self._seconds
                answer = program.stdout.readline()
                if not answer:
                    raise self._ended()
                changed, count = json.loads(answer)
                if count < 0:
                    raise UsageError(
                        f"With {self._find[:80]!r} a text would become longer than {_LONGEST:,} characters",
                        hint="Replace it by something shorter.",
                    )
                found.append((text if changed is None else changed, count))
        except OSError as error:
            raise self._ended() from error
        finally:
            self._deadline = float("inf")
        return found

    def close(self) -> None:
        """Ends the program."""
        self._closed.set()
        if self._program is not None:
            self._program.kill()
            for pipe in (self._program.stdin, self._program.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):  # what it was to read, and is gone
                        pipe.close()
            self._program.wait()
            self._program = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._program is None:
            self._program = child_program("webtune_tui.services.pattern_child")
            assert self._program.stdin is not None and self._program.stdout is not None
            threading.Thread(target=self._watch, args=(self._program,), daemon=True).start()
            self._deadline = time.monotonic() + _STARTING
            self._program.stdin.write(json.dumps([self._find, self._replacement]).encode() + b"\n")
            self._program.stdin.flush()
            if not self._program.stdout.readline():
                raise self._ended()
        return self._program

    def _watch(self, program: subprocess.Popen[bytes]) -> None:
        while not self._closed.wait(0.05):
            if time.monotonic() > self._deadline:
                self._was_killed = True
                program.kill()
                return

    def _ended(self) -> UsageError | InternalFault:
        if self._was_killed:
            return UsageError(
                f"The regular expression {self._find[:80]!r} took more than {self._seconds:g} s on one text",
                hint="Repeats within repeats, such as (a+)+, try too many ways. Write it without them, or find a plain"
                " text.",
            )
        return InternalFault("The program that matches the regular expression ended by itself", hint="Try again.")


def main() -> None:
    """Answers lines of texts with a line for each text until stdin ends."""
    find, replacement = json.loads(sys.stdin.buffer.readline())
    pattern = re.compile(find)
    _answer("ready")
    for line in sys.stdin.buffer:
        for text in json.loads(line):
            _answer(_substituted(pattern, replacement, text))


def _substituted(pattern: re.Pattern[str], replacement: str, text: str) -> tuple[str | None, int]:
    """What a text becomes, ``None`` where it stays; a count below 0 where it would be too long."""
    if len(replacement) * (len(text) + 1) > _LONGEST:
        matches = sum(1 for _ in pattern.finditer(text))
        if len(text) + matches * len(replacement) > _LONGEST:
            return None, -1
    changed, count = pattern.subn(replacement, text)
    if len(changed) > _LONGEST:
        return None, -1
    return (changed if changed != text else None), count


def _answer(body: object) -> None:
    sys.stdout.buffer.write(json.dumps(body).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
