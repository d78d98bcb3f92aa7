"""What goes to the clipboard can be pasted into a terminal, and JSON keeps every character."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.clean_copy import clean_copy
from webtune_tui.domain.safe_json import safe_json

ACTING = "\x1b\x07\x00\x7f\x9b\u202e\u2066\u200b\u200f\ufeff\u2028"


def test_plain_text_is_copied_as_it_is() -> None:
    done = clean_copy(
        "日本語 Café\n\ttext 👨\u200d👩\u200d👧 نمی\u200cخواهم"
        " 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    )
    assert done.changed == 0 and done.note == ""


def test_control_bytes_and_a_last_line_end_are_changed_and_it_is_said() -> None:
    done = clean_copy("a\x1b[31mb\u202ec\u200bd\r\n")
    assert done.text == "a␛[31mbcd"
    assert done.changed == 5
    assert "5 control or invisible characters were changed" in done.note


@given(st.text(alphabet=st.characters() | st.sampled_from(ACTING + "\r\n\ud800")))
def test_nothing_that_acts_is_ever_copied(text: str) -> None:
    done = clean_copy(text)
    assert not set(done.text) & set(ACTING) and "\r" not in done.text
    assert clean_copy(done.text.rstrip("\n")).changed == 0
    assert (done.changed > 0) is (done.text != text)


@given(st.text(alphabet=st.characters(codec=None) | st.sampled_from(ACTING)))
def test_json_reads_back_to_the_same_text_and_shows_every_character(text: str) -> None:
    written = safe_json({"k": text}, indent=2)
    assert json.loads(written) == {"k": text}
    assert not set(written) & set(ACTING)


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["\x1b", "\r\n", "🏴\U000e0067", "\U000e0067", "\n"], ids=ascii)
def test_a_megabyte_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    clean_copy(piece * (1_000_000 // len(piece)))
    safe_json(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < 4
