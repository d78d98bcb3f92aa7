"""A file in a real pseudo-terminal: looked at, searched, left; nothing of it acts, and no workspace is made."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.test_app_in_terminal import ENTER_SCREEN, LEAVE_SCREEN, Terminal

_HOSTILE = "\x1b]52;c;UFdORUQ=\x07\x1b]0;PWNED\x07\x1b[2Jnot\u202e here"


def test_one_looks_into_a_file_searches_it_and_leaves(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [
        {"messages": [{"role": "user", "content": f"Ask-{n}"}, {"role": "assistant", "content": f"{_HOSTILE} {n}"}]}
        for n in range(1, 20_001)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=n % 2 == 0) + "\n" for n, row in enumerate(rows)), "utf-8")
    terminal = Terminal(tmp_path, "view", str(path))
    terminal.read_until(b"Ask-9 ")  # also in a terminal of 24 lines
    terminal.press(b"G")
    terminal.read_until(b"Ask-20000")
    terminal.press(b"/ask-12345\r")
    terminal.read_until("” at byte".encode())
    terminal.read_until(b"Ask-12345")
    terminal.press(b"q")
    assert terminal.end() == 0
    terminal.close()
    assert ENTER_SCREEN in terminal.seen
    assert LEAVE_SCREEN in terminal.seen
    for needle in (b"\x1b]52", b"PWNED\x07", "\u202e".encode(), b"Traceback"):
        assert needle not in terminal.seen
    assert not (tmp_path / "workspace").exists()
