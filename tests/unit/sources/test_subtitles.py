"""Subtitles: one transcript with its segments; speakers, rolling captions, broken cues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.sources.reading import read_text, rejects_of, rows_of
from webtune_tui.sources.files import subtitles


def segments(fields: dict[str, Any]) -> list[tuple[float, float, str | None, str]]:
    return [(one["start"], one["end"], one["speaker"], one["text"]) for one in fields["segments"]]


def test_speakers_and_times_are_kept(tmp_path: Path) -> None:
    content = """WEBVTT - A talk
Language: en

NOTE nothing to say

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start
<v Ann Smith>Hello &amp; <i>welcome</i></v>

01:00:03.000 --> 01:00:04.000
<v.loud Bob>Thanks.
Really.</v><v Ann Smith>So.</v>
"""
    (fields,) = rows_of(read_text(tmp_path, "x.vtt", content))
    assert (fields["title"], fields["language"]) == ("A talk", "en")
    assert segments(fields) == [
        (1.0, 2.5, "Ann Smith", "Hello & welcome"),
        (3603.0, 3604.0, "Bob", "Thanks. Really."),
        (3603.0, 3604.0, "Ann Smith", "So."),
    ]
    assert fields["text"] == "Ann Smith: Hello & welcome\nBob: Thanks. Really.\nAnn Smith: So."


def test_rolling_captions_tell_each_line_once(tmp_path: Path) -> None:
    content = """WEBVTT
Kind: captions
Language: en

00:00:00.000 --> 00:00:02.000 align:start position:0%
\x20
so<00:00:00.320><c> today</c><00:00:01.000><c> we</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
so today we
\x20

00:00:02.010 --> 00:00:04.000 align:start position:0%
so today we
boil<00:00:02.500><c> water</c>

00:00:04.000 --> 00:00:04.010 align:start position:0%
boil water
\x20

00:00:04.010 --> 00:00:06.000 align:start position:0%
boil water
[Music]
"""
    (fields,) = rows_of(read_text(tmp_path, "x.vtt", content))
    assert fields["text"] == "so today we\nboil water\n[Music]"
    assert [(start, end) for start, end, *_ in segments(fields)] == [(0.0, 2.01), (2.01, 4.01), (4.01, 6.0)]


def test_a_line_that_grows_word_by_word_is_told_in_its_last_form(tmp_path: Path) -> None:
    words = ["so", "so today", "so today we", "so today we boil"]
    cues = [f"{n + 1}\n00:00:0{n},000 --> 00:00:0{n + 1},000\n{text}\n" for n, text in enumerate(words)]
    (fields,) = rows_of(read_text(tmp_path, "x.srt", "\n".join(cues)))
    assert segments(fields) == [(0.0, 4.0, None, "so today we boil")]


def test_what_is_said_twice_in_a_dialogue_is_kept_twice(tmp_path: Path) -> None:
    said = ["Who?", "Me.", "You?", "No.", "No.", "Why?", "Because.", "I see."]
    cues = [f"{n + 1}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{text}\n" for n, text in enumerate(said)]
    (fields,) = rows_of(read_text(tmp_path, "x.srt", "\n".join(cues)))
    assert fields["text"].split("\n") == said


@pytest.mark.parametrize(
    ("cue", "line", "word"),
    [
        ("00:0x.000 --> 00:09.000\nbad", 6, "time of a cue"),
        ("00:05.000 --> 00:04.000\nbad", 6, "ends before"),
        ("00:75.000 --> 01:80.000\nbad", 6, "no time"),
        ("no time at all", 6, "words without a time"),
        ("--> 00:09.000\nbad", 6, "time of a cue"),
    ],
)
def test_a_broken_cue_is_named_with_its_line(tmp_path: Path, cue: str, line: int, word: str) -> None:
    content = f"WEBVTT\n\n00:01.000 --> 00:02.000\none\n\n{cue}\n\n00:10.000 --> 00:11.000\ntwo\n"
    found = read_text(tmp_path, "x.vtt", content)
    assert rows_of(found)[0]["text"] == "one\ntwo"
    ((number, reason),) = rejects_of(found)
    assert number == line and word in reason


def test_cues_that_no_empty_line_parts_are_told_apart(tmp_path: Path) -> None:
    srt = (
        "1\n00:00:01,000 --> 00:00:02,000\none\n2\n00:00:03,000 --> 00:00:04,000\n1984\n \n3\n0:0:5.5 --> 0:0:6.25\nx\n"
    )
    (fields,) = rows_of(read_text(tmp_path, "x.srt", srt))
    assert segments(fields) == [(1.0, 2.0, None, "one"), (3.0, 4.0, None, "1984"), (5.5, 6.25, None, "x")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind_are_read(tmp_path: Path, end: str) -> None:
    content = end.join(["\ufeffWEBVTT", "", "00:01.000 --> 00:02.000", "one", "", "00:03.000 --> 00:04.000", "two", ""])
    (fields,) = rows_of(read_text(tmp_path, "x.vtt", content))
    assert fields["text"] == "one\ntwo"


def test_a_file_without_words_is_a_reject(tmp_path: Path) -> None:
    assert rejects_of(read_text(tmp_path, "x.vtt", "WEBVTT\n\nNOTE x\n")) == [(1, "holds no cue with words")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.text("01:.,->\n <v>/ab&", max_size=120))
def test_no_text_makes_the_reader_raise(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.vtt"
    path.write_text(f"WEBVTT\n\n{content}")
    list(subtitles.rows(path, "utf-8"))


def test_hostile_cues_are_read_in_little_time(tmp_path: Path) -> None:
    for piece in ("<", "<v ", "&", "00:01.000 --> 00:02.000\n", "\n", "1\n", "-->"):
        read_text(tmp_path, "x.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n" + piece * (400_000 // len(piece)))
