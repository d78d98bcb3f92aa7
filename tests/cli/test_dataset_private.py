"""``dataset private``: counts by kind and domain, each find masked, and what an export then holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_dataset_commands import command, root
from tests.unit.services.records_in import add_records, product
from webtune_tui.storage.workspace import Workspace

__all__ = ["root"]
MAIL, CALL = "Ask jane@example.com or bob@example.com about it. ", "Call (415) 555-2671 before noon. "


def with_private_records(root: Path) -> None:
    rows = [product(number) for number in range(12)]
    rows[3] |= {"description": MAIL + str(rows[3]["description"]), "seller_mail": "unread@example.com"}
    rows[5] |= {"description": CALL + str(rows[5]["description"])}
    with Workspace.open(root, command="test") as workspace:
        add_records(workspace, rows)


def test_finds_are_counted_listed_and_masked(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_private_records(root)
    command(capsys, "prepare")
    found = command(capsys, "dataset", "private")
    assert {kind: sum(domains.values()) for kind, domains in found["kinds"].items()} == {"email": 2, "phone": 1}
    assert sorted((hit["field"], hit["kind"], hit["masked"]) for hit in found["hits"]) == [
        ("description", "email", "b…@e…"),
        ("description", "email", "j…@e…"),
        ("description", "phone", "(4…71"),
    ]
    shown = command(capsys, "dataset", "lineage", found["hits"][0]["example_id"])
    assert shown["records"][0]["record_id"] == found["hits"][0]["record_id"]
    only = command(capsys, "dataset", "private", "--kind", "email", "--limit", "1")
    assert (list(only["kinds"]), len(only["hits"])) == (["email"], 1)
    assert command(capsys, "dataset", "private", "--kind", "shoe", code=2)["error"]["hint"]


def test_no_value_reaches_the_examples_and_the_report_counts_the_placeholders(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_private_records(root)
    report = command(capsys, "prepare")
    assert report["redacted"] == {"email": 2, "phone": 1}
    texts = str(command(capsys, "dataset", "show", "--limit", "20")["examples"])
    assert "[EMAIL_1]" in texts and "[EMAIL_2]" in texts and "[PHONE]" in texts
    assert "jane@" not in texts and "555-2671" not in texts


def test_a_kind_may_drop_its_records_or_be_kept(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_private_records(root)
    command(capsys, "recipe", "set", "steps.redact.email=drop", "steps.redact.phone=keep")
    report = command(capsys, "prepare")
    assert (report["dropped"], report["redacted"]) == ({"private": 1}, {})
    (dropped,) = command(capsys, "dataset", "dropped", "--reason", "private")["dropped"]
    assert dropped["detail"] == "email"
    assert "(415) 555-2671" in str(command(capsys, "dataset", "show", "--limit", "20")["examples"])
