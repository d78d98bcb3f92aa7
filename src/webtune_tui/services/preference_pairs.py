"""Preference pairs that a person made: by edits, where what was written is better than what stood there before, and by
marking the better of two models' answers in the chat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.domain.examples import Message, Split
from webtune_tui.pipeline.preferences import pairs_from_edits
from webtune_tui.pipeline.wording import folded, is_same_wording
from webtune_tui.services.exporting.rows import write_line
from webtune_tui.storage.chats import ChatRepository, StoredChoice
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.files import atomic_writer


@dataclass(frozen=True, slots=True)
class EditedPair:
    """An edited example; its last message holds the answer before the edit, see ``pipeline.preferences``."""

    example_id: str
    split: Split
    messages: tuple[Message, ...]


def edited_pairs(store: DatasetStore, revision: Revision) -> Sequence[EditedPair]:
    """The pairs of a version, in the order in which the examples were edited first. An edited prompt makes none."""
    edits = [edit.operation for edit in store.edits() if edit.state == "applied"]
    ids = list(dict.fromkeys(str(operation["example"]) for operation in edits if "example" in operation))
    before, after = store.first_forms(revision, ids), store.by_ids(revision, ids)
    pairs = []
    for one in ids:
        if one in before and one in after:
            example = after[one].to_example()
            messages = pairs_from_edits(before[one].to_example().messages, example.messages)
            if messages is not None:
                pairs.append(EditedPair(one, example.split, messages))
    return pairs


@dataclass(frozen=True, slots=True)
class ChosenPairs:
    """The pairs that were chosen in the chat, and by reason how many can't be taught.

    A question of the test split is ``held_out``: taught, it would prove nothing any more. ``equal_answers`` say nothing
    of which is better.
    """

    pairs: Sequence[StoredChoice]
    left_out: dict[str, int] = field(default_factory=dict)


def chosen_pairs(chats: ChatRepository, store: DatasetStore) -> ChosenPairs:
    """The pairs of all conversations, the oldest first."""
    head = store.head()
    held_out = {
        folded(example.to_example().prompt)
        for example in (store.stream(head) if head else ())
        if example.split is Split.TEST
    }
    pairs: list[StoredChoice] = []
    left_out: dict[str, int] = {}
    for choice in chats.choices():
        if folded(choice.question) in held_out:
            left_out["held_out"] = left_out.get("held_out", 0) + 1
        elif is_same_wording(choice.chosen, choice.rejected) or not choice.rejected.strip():
            left_out["equal_answers"] = left_out.get("equal_answers", 0) + 1
        else:
            pairs.append(choice)
    return ChosenPairs(pairs, left_out)


def write_pairs(pairs: Sequence[StoredChoice], path: Path) -> None:
    """A new file of preference rows, which ``webtune import`` takes, whole or not at all.

    Raises:
        UsageError: there is such a file. InvalidInput: there is no pair.
    """
    if path.exists():
        raise UsageError(f"{path} exists already", hint="Name a new file with --out.")
    if not pairs:
        raise InvalidInput(
            "No answer was marked as the better one of two",
            hint="Ask both models in the app's chat and press + in the column with the better answer.",
        )
    with atomic_writer(path) as stream:
        for choice in pairs:
            write_line(stream, preference_row(choice))


def preference_row(choice: StoredChoice) -> dict[str, Any]:
    """The pair as prompt, chosen and rejected, each a list of messages."""
    system = [{"role": "system", "content": choice.system}] if choice.system.strip() else []
    return {
        "prompt": [*system, {"role": "user", "content": choice.question}],
        "chosen": [{"role": "assistant", "content": choice.chosen}],
        "rejected": [{"role": "assistant", "content": choice.rejected}],
    }
