"""``webtune dataset``: edits of many examples, the history, names and differences: their JSON and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_dataset_commands import command, root, with_records
from webtune_tui.cli.main import run

__all__ = ["root"]  # the fixture


def test_many_are_edited_walked_named_and_compared(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root)
    start = command(capsys, "prepare")
    told = command(capsys, "dataset", "replace", "--where", "all", "--find", "the", "--with", "THE", "--preview")
    assert told["preview"] and told["would_change"] == told["met"] == 14 and told["occurrences"] > 14
    assert set(told["samples"][0]) == {"id", "before", "after"}
    assert command(capsys, "dataset", "history") == {"steps": []}
    replaced = command(capsys, "dataset", "replace", "--where", "all", "--regex", r"\bthe\b", "--with", "THE")
    assert (replaced["count"], len(replaced["changed"]), replaced["left"]) == (14, 14, 0)
    dropped = command(capsys, "dataset", "drop", "--where", "split = validation")
    assert dropped["count"] == start["splits"]["validation"] == len(dropped["changed"])
    tagged = command(capsys, "dataset", "tag", "--where", "split = test", "--tag", "held")
    assert tagged["content_hash"] == dropped["content_hash"], "a tag is no content"
    one = command(capsys, "dataset", "show", "--limit", "1", "--where", "split=train")["examples"][0]["id"]
    moved = command(capsys, "dataset", "move", one, "--to", "validation")
    assert moved["changed"] == [one]
    copied = command(capsys, "dataset", "apply", "duplicate", one)
    assert copied["count"] == 1 and copied["changed"] != [one]
    assert command(capsys, "dataset", "untag", "--where", "flag:tag:held", "--tag", "held")["count"] == tagged["count"]
    steps = command(capsys, "dataset", "history")["steps"]
    assert [step["step"] for step in steps] == [1, 2, 3, 4, 5, 6] and steps[-1]["current"]
    assert steps[1]["words"] == f"Dropped {dropped['count']} examples where split = validation".replace(
        "1 examples", "1 example"
    )
    named = command(capsys, "dataset", "name", "best")
    assert command(capsys, "dataset", "list")["versions"][0]["names"] == ["best"]
    assert command(capsys, "dataset", "goto", "0")["content_hash"] == start["content_hash"]
    difference = command(capsys, "dataset", "diff", start["dataset_version"], "best", "--words")
    assert difference["added"] == copied["changed"] and sorted(difference["removed"]) == sorted(dropped["changed"])
    assert len(difference["changes"]) == sum(len(difference[kind]) for kind in ("added", "removed", "edited"))
    assert command(capsys, "dataset", "goto", "6")["content_hash"] == named["content_hash"]
    assert command(capsys, "prepare")["content_hash"] == named["content_hash"]
    assert run(["dataset", "diff", start["dataset_version"], "best"]) == 0
    assert "[- the-]{+ THE+}" in capsys.readouterr().out


def test_examples_are_written_anew_with_another_template(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root)
    start = command(capsys, "prepare")["content_hash"]
    texts = ("--user", "What is {title}?\nNo {thing}", "--assistant", "{description}")
    told = command(capsys, "dataset", "retemplate", "--where", "all", *texts, "--preview")
    assert told["would_change"] + told["left"] == told["met"] == 14 and told["would_change"] > 9
    assert [one["role"] for one in told["samples"][0]["after"][0]["messages"]] == ["user", "assistant"]
    assert run(["dataset", "retemplate", "--where", "all", *texts, "--preview"]) == 0
    shown = capsys.readouterr().out
    assert "user: [-Write" in shown and "{+What is" in shown and "system: [-You" in shown
    done = command(capsys, "dataset", "retemplate", "--where", "all", *texts)
    assert (done["count"], done["left"]) == (told["would_change"], told["left"])
    assert sum(done["reasons"].values()) == done["left"]
    assert done["content_hash"] != start == command(capsys, "dataset", "undo")["content_hash"]


def test_dropped_rows_come_back_by_reason_step_and_condition(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root)
    start = command(capsys, "prepare")["content_hash"]
    gone = command(capsys, "dataset", "drop", "--where", "index < 4")
    by_hand = ("--reason", "by_hand", "--step", "edits")
    told = command(capsys, "dataset", "restore", *by_hand, "--preview")
    assert (told["met"], told["would_be_back"], told["would_wait"], told["left"]) == (3, 3, 0, 0)
    assert {one["reason"] for one in told["samples"]} == {"by_hand"}
    assert run(["dataset", "restore", *by_hand, "--preview"]) == 0
    assert "3 selected: 3 would be back at once" in capsys.readouterr().out
    one = command(capsys, "dataset", "restore", *by_hand, "--where", f"id = {gone['changed'][0]}")
    assert one["changed"] == gone["changed"][:1] and one["left"] == 0
    rest = command(capsys, "dataset", "restore", "--where", "reason = by_hand")
    assert rest["changed"] == gone["changed"][1:] and rest["content_hash"] == start
    assert command(capsys, "dataset", "undo")["changed"] == gone["changed"][1:]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("drop",), "No example is selected"),
        (("drop", "--where", "tokenz > 3"), "tokenz"),
        (("drop", "ex-1", "--where", "all"), "Both ids and a condition"),
        (("move", "--where", "all", "--to", "exam"), "There is no split 'exam'"),
        (("replace", "--where", "all", "--regex", "(", "--with", "x"), "can't be read"),
        (("replace", "--where", "all", "--find", "a", "--with", "x", "--role", "bot"), "There is no role 'bot'"),
        (("tag", "--where", "all", "--tag", "a b"), "no name for a tag"),
        (("apply", "split_in_two", "ex-1", "--set", "message"), "sets nothing"),
        (("apply", "weight", "ex-1", "--set", "weight=x"), "does not fit"),
        (("retemplate", "--where", "all", "--user", "{a", "--assistant", "b"), "The template user, line 1, column 1"),
        (("restore",), "Nothing to bring back"),
        (("restore", "ex-1", "--reason", "short"), "Both ids and a condition"),
        (("restore", "--preview"), "No dropped row is selected"),
        (("goto", "9"), "There is no step 9"),
        (("name", "cafe"), "can't be a version's name"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_what_makes_no_sense_is_refused_with_the_next_thing_to_do(
    line: tuple[str, ...], told: str, root: Path, capsys: pytest.CaptureFixture[str], prepared: Path
) -> None:
    error = command(capsys, "dataset", *line, "-w", str(prepared), code=2)["error"]
    assert told in error["message"] and error["hint"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.unit.services.records_in import add_records, product
    from tests.unit.services.test_editing import prepare
    from webtune_tui.storage.workspace import Workspace

    folder = tmp_path_factory.mktemp("prepared") / "workspace"
    with Workspace.open(folder, command="test") as workspace:
        add_records(workspace, [product(number) for number in range(6)])
        prepare(workspace)
    return folder
