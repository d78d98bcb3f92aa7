"""The main text of a large page in a program of its own: here it would hold every thread for tenths of a second."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

from webtune_tui.domain.errors import InvalidInput
from webtune_tui.services.bridge import child_program
from webtune_tui.sources.main_text import MainText, extract

LARGE = 1_000_000  # bytes; pages up to here are read in this process
SECONDS = 90.0
_MEMORY = 4 * 1024**3


def extract_apart(path: Path, url: str, charset: str | None) -> MainText:
    """As :func:`main_text.extract` for the page in a file. Blocking: for a thread.

    Raises:
        InvalidInput: the page can't be read, or not within a minute and a half or 4 GB of memory.
    """
    program = child_program("webtune_tui.services.large_pages")
    request = json.dumps({"path": str(path), "url": url, "charset": charset}).encode()
    try:
        answer, _ = program.communicate(request, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise InvalidInput(f"The page could not be read within {SECONDS:.0f} s") from error
    finally:
        if program.poll() is None:
            program.kill()
            program.communicate()
    if program.returncode or not answer:
        raise InvalidInput("The page is too much to be read")
    found = json.loads(answer)
    if isinstance(found, str):
        raise InvalidInput(found)
    return MainText(**found)


def main() -> None:
    """Answers one request on stdin with the main text, or with words that say why there is none."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # a system without such limits has none
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    asked = json.load(sys.stdin.buffer)
    try:
        found = extract(Path(asked["path"]).read_bytes(), asked["url"], charset=asked["charset"])
        answer: object = dataclasses.asdict(found)
    except InvalidInput as error:
        answer = error.message
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
