"""What can be done with many examples at once: the lines of the menu, each with its key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BulkChoice:
    """A line of the menu. ``operation`` is the edit's name, empty where it is none; ``needs`` says when it fits."""

    key: str
    title: str
    help: str
    operation: str = ""
    exactly: int = 0

    def fits(self, count: int) -> bool:
        """Whether it can be done with so many examples."""
        return not self.exactly or self.exactly == count


CHOICES = (
    BulkChoice("d", "Drop", "take them out", "drop"),
    BulkChoice("b", "Restore", "dropped ones: by their reason, or from their list"),
    BulkChoice("m", "Move", "to another split, near-duplicates along", "move"),
    BulkChoice("r", "Replace", "a text or a regular expression", "replace"),
    BulkChoice("t", "Trim", "needless space, long answers", "trim"),
    BulkChoice("p", "Re-template", "write them anew with another template", "retemplate"),
    BulkChoice("g", "Tag", "with a word of yours; flag:tag:WORD finds them", "tag"),
    BulkChoice("u", "Untag", "take a word of yours off", "untag"),
    BulkChoice("w", "Review", "send them to the review queue", "tag"),
    BulkChoice("x", "Export", "exactly these, as files"),
    BulkChoice("l", "Weight", "which answers the model learns from", "weight"),
    BulkChoice("o", "Role", "give a message another role", "role"),
    BulkChoice("c", "Duplicate", "a copy of each", "duplicate"),
    BulkChoice("s", "Split in two", "each at one of its messages", "split_in_two"),
    BulkChoice("j", "Join two", "the second one goes into the first", "merge", exactly=2),
)


def fitting(count: int) -> Iterator[BulkChoice]:
    """What can be done with so many examples, in order."""
    return (choice for choice in CHOICES if choice.fits(count))
