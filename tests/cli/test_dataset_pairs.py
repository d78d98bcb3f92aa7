"""``dataset pairs``: what was marked in the chat is listed, written, imported again and exported for training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_dataset_commands import command, root
from tests.unit.services.records_in import product
from tests.unit.services.test_chosen_pairs import talk
from webtune_tui.storage.workspace import Workspace

__all__ = ["root"]


def test_pairs_of_the_chat_become_rows_of_a_preference_file(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(capsys, "dataset", "pairs") == {"pairs": [], "left_out": {}, "path": None}
    with Workspace.open(root, command="test") as workspace:
        for number in range(12):
            made, other = (str(product(one)["description"]) for one in (number, 50 + number))
            question = f"What is said about the {product(number)['title']}?"
            chats = talk(workspace, f"chat-{number}", question, base=other, tuned=made)
            chats.prefer(f"chat-{number}", "tuned")
    listed = command(capsys, "dataset", "pairs")
    assert len(listed["pairs"]) == 12
    assert (listed["pairs"][0]["chosen_model"], listed["pairs"][0]["rejected_model"]) == ("tuned", "base")
    out = tmp_path / "pairs.jsonl"
    assert command(capsys, "dataset", "pairs", "--out", str(out))["path"] == str(out)
    assert command(capsys, "dataset", "pairs", "--out", str(out), code=2)["error"]["hint"]
    assert command(capsys, "import", str(out))["records"] == 12
    command(capsys, "recipe", "set", "build.preferences=true")
    assert command(capsys, "prepare")["examples"] == 12
    exported = command(capsys, "dataset", "export", "--format", "dpo")
    rows = [json.loads(line) for path in exported["paths"].values() for line in Path(path).read_text().splitlines()]
    assert sorted(row["preferred_output"][0]["content"] for row in rows) == sorted(
        pair["chosen"][0]["content"] for pair in listed["pairs"]
    )
    assert {row["non_preferred_output"][0]["content"] for row in rows} == {
        pair["rejected"][0]["content"] for pair in listed["pairs"]
    }
