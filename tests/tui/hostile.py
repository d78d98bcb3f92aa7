"""Texts that try to act on the terminal or on the app when they are merely shown."""

from __future__ import annotations

ESCAPES = "\x1b]52;c;UFdORUQ=\x07\x1b]0;PWNED\x07\x1b[2J\x1b[c\x9b31m\u202ereversed\u200b"
MARKUPS = (
    "[@click=app.quit]CLICK[/]",
    "[ @click=app.quit]CLICK",
    "[@click=nosuch.thing(1)]CLICK[/]",
    "[/]",
    "[/",
    "[red]kept words[/red]",
    "[link=file:///etc/passwd]CLICK[/link]",
)
EVERYTHING = " ".join(MARKUPS) + ESCAPES
FORBIDDEN = ("\x1b", "\x07", "\x9b", "\u202e", "\u200b")
