"""Marks examples with a tag of the person's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from webtune_tui.domain.example_tags import check_tag, flag_of
from webtune_tui.domain.options import option
from webtune_tui.pipeline.edits.base import Head, Kind


@dataclass(frozen=True)
class Tag:
    """Marks examples with a tag of the person's own: the flag ``tag:NAME``."""

    tag: str = option("", label="Tag", help="Letters, digits, - _ . without a space.")

    name: ClassVar[str] = "tag"
    kind: ClassVar[Kind] = "row"
    whole_groups: ClassVar[bool] = False

    @property
    def flag(self) -> str:
        """The tag as it stands among the flags."""
        return flag_of(self.tag)

    def check(self) -> None:
        """Raises UsageError for a name that can't be one."""
        check_tag(self.tag)

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Tagged {what} as {self.tag}"

    def row(self, head: Head) -> Head | None:
        """With or without the flag."""
        return head if self.flag in head.flags else replace(head, flags=(*head.flags, self.flag))


OPERATION = Tag
