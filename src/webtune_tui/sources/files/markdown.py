"""A Markdown file as one record: title, what the front matter says, and the text below it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, size_of, snippet
from webtune_tui.sources.files.text_reading import whole_text

_YAML_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML_MATTER = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_PAIR = re.compile(r"^([A-Za-z][\w -]{0,40}):[ \t]+(.+)$", re.MULTILINE)
_LINES_SEEN = 2000
_TAKEN = {
    "title": "title",
    "date": "date",
    "author": "author",
    "lang": "language",
    "language": "language",
    "url": "url",
    "permalink": "url",
    "canonical_url": "url",
}


def rows(path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """The file's one record, or the reason why it gives none."""
    try:
        text = whole_text(path, encoding, limits)
        fields, body = _parted(text)
        if not body.strip():
            raise RowUnusable("holds no text")
    except RowUnusable as error:
        yield Reject(1, str(error), "")
        return
    title = fields.pop("title", None) or first_heading(body)
    yield Row(1, {"title": title, **fields, "text": body.strip()}, 0, size_of(path))


def first_heading(text: str) -> str | None:
    """The first heading outside of code, ``# one`` or underlined."""
    fence, before = "", ""
    for line in text.split("\n", _LINES_SEEN)[:_LINES_SEEN]:
        bare = line.strip()
        if bare.startswith(("```", "~~~")):
            fence, before = ("" if bare[:3] == fence else fence or bare[:3]), ""
        elif not fence:
            marks = len(bare) - len(bare.lstrip("#"))
            if 1 <= marks <= 6 and bare[marks : marks + 1] in (" ", "\t"):
                return snippet(bare.strip("#").strip()) or None
            if before and len(bare) >= 3 and bare.strip(bare[0]) == "" and bare[0] in "=-":
                return snippet(before)
            before = bare
    return None


def _parted(text: str) -> tuple[dict[str, Any], str]:
    """What the front matter says in plain words, and the text below it."""
    if match := _YAML_MATTER.match(text):
        pairs = {name.lower(): _unquoted(value) for name, value in _PAIR.findall(match.group(1))}
    elif match := _TOML_MATTER.match(text):
        try:
            pairs = {name.lower(): value for name, value in tomllib.loads(match.group(1)).items()}
        except tomllib.TOMLDecodeError:
            return {}, text
    else:
        return {}, text
    fields = {_TAKEN[name]: str(value) for name, value in pairs.items() if name in _TAKEN and _is_plain(value)}
    return fields, text[match.end() :]


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (bool(str(value)) and not isinstance(value, list | dict))


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
