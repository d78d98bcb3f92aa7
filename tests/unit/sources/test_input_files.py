"""Inputs of a collection from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.sources.input_files import inputs_of_file


def test_csv_and_json_lines_give_inputs_without_empty_cells(tmp_path: Path) -> None:
    table = tmp_path / "inputs.csv"
    table.write_text("url,count\nhttps://a.example,3\nhttps://b.example,\n")
    assert inputs_of_file(table) == [{"url": "https://a.example", "count": "3"}, {"url": "https://b.example"}]
    lines = tmp_path / "inputs.jsonl"
    lines.write_text('{"url": "https://a.example", "count": 3}\n{"url": "https://b.example", "count": null}\n')
    assert inputs_of_file(lines) == [{"url": "https://a.example", "count": 3}, {"url": "https://b.example"}]


def test_a_broken_line_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"url": "https://a.example"}\n{"url": \n')
    with pytest.raises(InvalidInput, match=r"broken\.jsonl, line 2"):
        inputs_of_file(broken)
    with pytest.raises(UsageError, match="nowhere"):
        inputs_of_file(tmp_path / "nowhere.csv")
    with pytest.raises(UsageError, match="can't be read"):
        inputs_of_file(tmp_path)
