"""The report of a run in the app: where the examples come from and what repeats, with hostile names as written."""

from __future__ import annotations

from dataclasses import replace

from tests.tui.dataset_fakes import make_report

from webtune_tui.tui.presentation.recipe_form import report_lines


def test_the_report_shows_where_the_examples_come_from_and_what_repeats() -> None:
    phrase = {"phrase": "trust \x1b[31mthe lantern", "answers": 40, "share": 0.02, "place": "bad.example\x07"}
    concentration = {
        "domains": [
            {"name": "good.example", "examples": 220, "share": 0.9167},
            {"name": "bad\x9b2J.example", "examples": 20, "share": 0.0833},
        ],
        "phrases": [phrase | {"place_share": 1.0}],
    }
    report = replace(make_report(240), concentration=concentration)
    text = "\n".join("".join(part for part, _ in line.parts) for line in report_lines(report, {}, 100))
    assert "FROM" in text
    assert "good.example" in text
    assert "2.0 % of the answers, 100.0 % of them from bad.example" in " ".join(text.split())
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text.replace("\n", ""))
