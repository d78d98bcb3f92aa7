"""Markdown's fenced code in a text: what stands in a fence is code and keeps its layout."""

from __future__ import annotations

from collections.abc import Callable

_FENCE = "```"


def outside_fences(text: str, change: Callable[[str], str]) -> str:
    """The text with ``change`` made to each piece around its fences; one without an end goes on to the last line."""
    pieces: list[str] = []
    lines: list[str] = []
    is_code = False

    def finish() -> None:
        piece = "\n".join(lines)
        if is_code:
            pieces.append(piece)
        elif lines:
            changed = change(piece)
            above = "\n" if pieces and not lines[0].strip() and changed else ""
            below = "\n" if not lines[-1].strip() and changed else ""
            if changed or len(pieces):
                pieces.append(f"{above}{changed}{below}")
        lines.clear()

    for line in text.split("\n"):
        is_mark = line.lstrip().startswith(_FENCE)
        if is_mark and not is_code:
            finish()
            is_code = True
            lines.append(line)
        elif is_mark and is_code and line.strip().strip("`") == "":
            lines.append(line)
            finish()
            is_code = False
        else:
            lines.append(line)
    if lines:
        finish()
    return "\n".join(pieces).strip("\n")
