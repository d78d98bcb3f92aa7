"""Preference pairs that a person's edits made: what was written is better than what stood there before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webtune_tui.domain.examples import Message, Split
from webtune_tui.pipeline.preferences import pairs_from_edits
from webtune_tui.storage.datasets import DatasetStore, Revision


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
