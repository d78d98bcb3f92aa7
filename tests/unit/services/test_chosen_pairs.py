"""The better of two answers: what can be marked, what becomes a preference pair, and what must never be taught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.domain.examples import Split
from webtune_tui.domain.mentions import Person
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.curate import CurateService
from webtune_tui.services.preference_pairs import chosen_pairs, preference_row, write_pairs
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.prepare_run import PrepareRun
from webtune_tui.storage.chats import ChatRepository, StoredTurn
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.purge import PersonRows
from webtune_tui.storage.workspace import Workspace

WHEN = "2026-11-22T13:00:00.000Z"
HOSTILE = "[@click=app.quit]x[/] \x1b]52;c;UFdORUQ=\x07 half \ud83d"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def talk(
    workspace: Workspace, name: str, *questions: str, system: str = "", reason: str | None = "stop", **answers: str
) -> ChatRepository:
    """A kept conversation in which each model answers each question the same."""
    chats = ChatRepository(workspace.database)
    for number in range(len(questions)):
        for model, answer in answers.items():
            chats.add_questions(name, questions[: number + 1], WHEN, system=system)
            chats.add(StoredTurn(name, model, "assistant", answer, WHEN, reason, 1.0))
    return chats


def test_a_marked_answer_and_the_other_one_are_a_pair_under_their_system_prompt(workspace: Workspace) -> None:
    chats = talk(workspace, "c1", "Why?", "And then?", system="Be brief.", base="Because.", tuned="For a reason.")
    assert list(chats.choices()) == []
    assert chats.prefer("c1", "tuned") is True
    (pair,) = chosen_pairs(chats, DatasetStore(workspace.database)).pairs
    assert preference_row(pair) == {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
        "chosen": [{"role": "assistant", "content": "For a reason."}],
        "rejected": [{"role": "assistant", "content": "Because."}],
    }
    assert [(one.model, one.preferred) for one in chats.turns("c1") if one.role == "assistant"] == [
        ("base", False),
        ("tuned", True),
        ("base", None),
        ("tuned", None),
    ]


def test_the_other_answer_can_be_marked_instead_and_the_mark_goes_when_it_is_set_again(workspace: Workspace) -> None:
    chats = talk(workspace, "c1", "Why?", base="Because.", tuned="For a reason.")
    chats.prefer("c1", "tuned")
    assert chats.prefer("c1", "base") is True
    assert [(one.chosen_model, one.rejected_model) for one in chats.choices()] == [("base", "tuned")]
    assert chats.prefer("c1", "base") is False
    assert list(chats.choices()) == []


def test_one_answer_or_an_incomplete_one_is_no_choice(workspace: Workspace) -> None:
    assert talk(workspace, "alone", "Why?", base="Because.").prefer("alone", "base") is None
    broken = talk(workspace, "broken", "Why?", reason=None, base="Bec", tuned="For")
    assert broken.prefer("broken", "base") is None
    assert broken.prefer("nosuch", "base") is None
    assert talk(workspace, "c1", "Why?", base="A", tuned="B").prefer("c1", "nosuch") is None


def test_equal_answers_and_questions_of_the_test_split_are_left_out_and_counted(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(20)])
    list(PrepareRun(workspace, BundledCounter(), PrepareRequest(workers=1)).events())
    store = DatasetStore(workspace.database)
    head = store.head()
    assert head is not None
    tested = next(one.to_example() for one in store.stream(head) if one.split is Split.TEST)
    talk(workspace, "c1", tested.prompt.upper(), base="A chair.", tuned="A better chair.").prefer("c1", "tuned")
    talk(workspace, "c2", "Why?", base="Because.", tuned="because").prefer("c2", "tuned")
    chats = talk(workspace, "c3", "How?", base="So.", tuned="Like this.")
    chats.prefer("c3", "tuned")
    found = chosen_pairs(chats, store)
    assert [one.question for one in found.pairs] == ["How?"]
    assert found.left_out == {"held_out": 1, "equal_answers": 1}


def test_hostile_words_are_written_as_they_are_and_a_file_is_never_replaced(
    workspace: Workspace, tmp_path: Path
) -> None:
    chats = talk(workspace, "c1", HOSTILE, base=HOSTILE + "1", tuned=HOSTILE + "2")
    chats.prefer("c1", "tuned")
    pairs = chosen_pairs(chats, DatasetStore(workspace.database)).pairs
    out = tmp_path / "pairs.jsonl"
    write_pairs(pairs, out)
    (line,) = out.read_text("utf-8").splitlines()
    assert json.loads(line)["prompt"][-1]["content"] == HOSTILE.replace("\ud83d", "?")
    assert "\x1b" not in line
    with pytest.raises(UsageError, match="exists"):
        write_pairs(pairs, out)
    with pytest.raises(InvalidInput, match="No answer"):
        write_pairs([], tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()


async def test_what_a_person_is_removed_from_makes_no_pair_any_more(workspace: Workspace) -> None:
    chats = talk(workspace, "c1", "Who is Jane Roe?", base="Nobody.", tuned="Somebody.")
    chats.prefer("c1", "tuned")
    turns = PersonRows(workspace.database, Person(("Jane Roe",))).turns()
    with workspace.database.write() as connection:
        connection.executemany("DELETE FROM chat_turns WHERE turn_id = ?", [(one,) for one in turns])
    assert len(turns) == 1
    assert chosen_pairs(chats, DatasetStore(workspace.database)).pairs == []
    await CurateService(workspace).versions()
