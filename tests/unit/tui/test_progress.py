"""The line that tells how far long work is, in windows of several widths."""

from __future__ import annotations

import pytest

from webtune_tui.domain.events import Progressed
from webtune_tui.tui.presentation.progress import BESIDE, progress_line

PACE = "1,380 records/s, 12 s left"


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_pace_time_left_and_the_key_that_stops_are_never_cut(columns: int) -> None:
    line = progress_line(Progressed("reading", 34_100, 50_000, "records"), PACE, columns - BESIDE)
    assert line.cell_length <= columns - BESIDE
    assert PACE in line.plain and "68 %" in line.plain and line.plain.endswith("c cancels")
    assert ("34,100 of 50,000" in line.plain) == (columns > 80)


def test_work_of_unknown_length_tells_what_is_done() -> None:
    assert progress_line(Progressed("starting", 0), "", 70).plain == "Starting  …  c cancels"
    told = progress_line(Progressed("storing", 1_200, None, "rows"), "", 70).plain
    assert told == "Storing  1,200 rows  c cancels"
