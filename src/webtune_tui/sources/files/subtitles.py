"""WebVTT and SubRip files: one transcript, its cues as segments with seconds and speaker, rolling captions merged.

A broken cue is rejected with its line and the rest is read. (webvtt-py passes over broken cues silently and knows
one speaker a cue, so the few rules are here; the tests hold them against it.)
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, size_of, snippet
from webtune_tui.sources.files.rolling import Segment, merged
from webtune_tui.sources.files.text_reading import whole_text

_ARROW = "-->"
_TIMING = re.compile(r"\s*([\d:.,]{5,20})\s*-->\s*([\d:.,]{5,20})(?:\s|$)")
_CLOCK = re.compile(r"(?:(\d{1,10}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})")
_TAG = re.compile(r"<([^<>]{0,400})>")
_VOICE = re.compile(r"v(?:\.[^\s>]*)?[ \t]+(\S.*)", re.DOTALL)
_NOT_CUES = ("NOTE", "STYLE", "REGION")
_HEADER_PAIR = re.compile(r"(Language|Title|Kind)\s*:\s*(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines without an empty one between them; ``line`` is the number of the first."""

    line: int
    lines: Sequence[str]


class _BrokenCue(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def rows(path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """The file's one transcript, behind a reject for each broken cue."""
    try:
        text = whole_text(path, encoding, limits)
    except RowUnusable as error:
        yield Reject(1, str(error), "")
        return
    blocks = list(_blocks(text.split("\n")))
    header: dict[str, str] = {}
    if blocks and blocks[0].lines[0].startswith("WEBVTT"):
        header = _header(blocks[0])
        blocks = blocks[1:] if not any(_ARROW in line for line in blocks[0].lines) else blocks
    segments: list[Segment] = []
    for block in blocks:
        try:
            segments += _segments(block)
        except _BrokenCue as fault:
            yield Reject(fault.line, str(fault), snippet("\n".join(block.lines)))
    spoken = merged(segments)
    if not spoken:
        yield Reject(1, "holds no cue with words", "")
        return
    yield Row(1, _fields(header, spoken), 0, size_of(path))


def _fields(header: dict[str, str], spoken: Sequence[Segment]) -> dict[str, Any]:
    """The record: what the header says, the segments, and all of it as text."""
    segments = [
        {"start": one.start, "end": one.end, "speaker": one.speaker or None, "text": one.text} for one in spoken
    ]
    return {
        "title": header.get("title"),
        "language": header.get("language"),
        "segments": segments,
        "text": _told(spoken),
    }


def _told(spoken: Sequence[Segment]) -> str:
    """The words in a row; a line for each turn where speakers are known."""
    if not any(one.speaker for one in spoken):
        return "\n".join(one.text for one in spoken)
    turns: list[tuple[str, list[str]]] = []
    for one in spoken:
        if not turns or turns[-1][0] != one.speaker:
            turns.append((one.speaker, []))
        turns[-1][1].append(one.text)
    return "\n".join(f"{speaker}: {' '.join(texts)}" if speaker else " ".join(texts) for speaker, texts in turns)


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    """The blocks of a file: an empty line ends one (a space does not: rolling captions hold such lines).

    A timing that can't belong to the block above it begins a new one.
    """
    begin: int | None = None
    for number, line in enumerate([*lines, ""]):
        is_new = begin is not None and _ARROW in line and any(_ARROW in above for above in lines[begin:number])
        if begin is not None and (not line or is_new):
            end = number - 1 if is_new and number - begin > 2 and lines[number - 1].strip().isdigit() else number
            yield _Block(begin + 1, lines[begin:end])
            begin = end if is_new else None
        elif begin is None and line.strip():
            begin = number


def _header(block: _Block) -> dict[str, str]:
    found = {}
    first = block.lines[0].removeprefix("WEBVTT").strip(" \t-")
    if first:
        found["title"] = first
    for line in block.lines[1:]:
        if match := _HEADER_PAIR.match(line):
            found[match.group(1).lower()] = match.group(2).strip()
    return found


def _segments(block: _Block) -> list[Segment]:
    """The segments of a cue, one for each speaker in it; none for notes and styles. Raises _BrokenCue."""
    at = next((number for number, line in enumerate(block.lines) if _ARROW in line), None)
    if at is None:
        if block.lines[0].startswith(_NOT_CUES):
            return []
        raise _BrokenCue(block.line, "words without a time")
    line = block.line + at
    match = _TIMING.match(block.lines[at])
    if match is None:
        raise _BrokenCue(line, "the time of a cue can't be read")
    start, end = _seconds(match.group(1), line), _seconds(match.group(2), line)
    if end < start:
        raise _BrokenCue(line, "the cue ends before it begins")
    return [Segment(start, end, speaker, lines) for speaker, lines in _voices(block.lines[at + 1 :]) if any(lines)]


def _seconds(text: str, line: int) -> float:
    match = _CLOCK.fullmatch(text)
    if match is None or int(match.group(2)) > 59 or int(match.group(3)) > 59:
        raise _BrokenCue(line, f"{text} is no time")
    hours, minutes, seconds, part = match.groups()
    return round(int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(part.ljust(3, "0")) / 1000, 3)


def _voices(lines: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The speakers of a cue in order, each with the plain lines that are theirs."""
    speaker = ""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in lines:
        at, words = 0, ""
        for tag in _TAG.finditer(line):
            words += line[at : tag.start()]
            at = tag.end()
            voice = _VOICE.fullmatch(tag.group(1))
            if voice or tag.group(1) == "/v":
                parts[-1][1].append(words)
                words, speaker = "", _plain(voice.group(1)) if voice else ""
                parts.append((speaker, []))
        parts[-1][1].append(words + line[at:])
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, spoken in parts:
        plain = tuple(text for text in map(_plain, spoken) if text)
        if plain and found and found[-1][0] == name:
            found[-1] = (name, (*found[-1][1], *plain))
        elif plain:
            found.append((name, plain))
    return found


def _plain(text: str) -> str:
    """Words without entities and with single spaces."""
    return " ".join(html.unescape(text).replace("\u200b", "").split())
