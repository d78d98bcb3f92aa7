"""Makes one example of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from webtune_tui.domain.examples import ROW_KEYS, Example, Message
from webtune_tui.pipeline.edits.base import DoesNotFit, Kind


@dataclass(frozen=True)
class Merge:
    """Appends the second of two examples to the first, which keeps its id; the second one goes."""

    name: ClassVar[str] = "merge"
    kind: ClassVar[Kind] = "pair"

    def check(self) -> None:
        """Nothing can be wrong by itself."""

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Merged {what} into one"

    def joined(self, first: Example, second: Example) -> Example:
        """Both as one. Raises DoesNotFit: other splits, system messages or tools."""
        if first.split is not second.split:
            raise DoesNotFit(
                f"{first.example_id} lies in {first.split.value}, {second.example_id} in {second.split.value}",
                hint="Move one of them first, so that both lie in one split.",
            )
        if second.system and second.system != first.system:
            raise DoesNotFit(
                f"{first.example_id} and {second.example_id} have different system messages",
                hint="Set one of them first: webtune dataset edit ID --set system=TEXT",
            )
        ours, theirs = _row_keys(first.messages), _row_keys(second.messages)
        if theirs and theirs != ours:
            raise DoesNotFit(
                f"{first.example_id} and {second.example_id} offer different tools", hint="Only equal ones can be one."
            )
        added = [_without_row_keys(one) for one in second.messages if one.role != "system"]
        return replace(
            first,
            messages=(*first.messages, *added),
            flags=tuple(dict.fromkeys((*first.flags, *second.flags))),
            record_ids=tuple(dict.fromkeys((*first.record_ids, *second.record_ids))),
        )


def _row_keys(messages: tuple[Message, ...]) -> Mapping[str, Any]:
    return {key: value for one in messages[:1] for key, value in one.extra.items() if key in ROW_KEYS}


def _without_row_keys(message: Message) -> Message:
    if not any(key in message.extra for key in ROW_KEYS):
        return message
    return replace(message, extra={key: value for key, value in message.extra.items() if key not in ROW_KEYS})


OPERATION = Merge
