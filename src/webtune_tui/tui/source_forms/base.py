"""What a source of a new collection gives: a form that can be priced, or a dialogue of its own.

How to write ``source_forms/x.py``: the constants ``TITLE`` (two words), ``SUMMARY`` (one phrase), ``PRICE`` (``free``,
``paid`` or ``free or paid``) and ``ORDER``, all texts, read without importing the module; and ``FORM``, a
:class:`SourceForm` made with the services. The shared dialogue
``modals/new_collection.py`` shows its price, what is sent, and asks for the confirmation. A source that sends nothing
paid may give ``DIALOGUE`` instead: a dialogue made with the services that answers an :class:`ImportRequest`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Select, TextArea

from webtune_tui import registry
from webtune_tui.services.collect import CollectPlan

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services

PACKAGE = "tui.source_forms"


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """One source as the picker lists it."""

    name: str
    title: str
    summary: str
    price: str
    order: int


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Files to import and what the person said about them; ``None`` leaves it to the files' content."""

    paths: tuple[Path, ...]
    format: str | None = None
    encoding: str | None = None
    list_path: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """What keeps a form from being priced: something to fill in yet, or a fault to mend."""

    words: str
    is_fault: bool = False


class SourceForm(VerticalScroll, can_focus=False):
    """The fields of one source. Each change of them is told to the dialogue, which prices it anew.

    A form may have ``action_switch`` (the next of its main choices) and ``action_load_file``: the dialogue has keys
    for both and shows them where the form has them.
    """

    DEFAULT_CSS = """
    SourceForm { height: 1fr; width: 1fr; }
    SourceForm .form-section { color: $primary; text-style: bold; height: 1; margin-bottom: 1; }
    SourceForm .form-note { color: $text-muted; height: auto; margin-bottom: 1; }
    SourceForm .form-group { height: auto; }
    """

    class Changed(Message):
        """Something in the fields is different now."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services

    def state(self) -> Hashable:
        """What stands in the fields: two equal states ask for the same."""
        raise NotImplementedError

    def gap(self) -> Gap | None:
        """What has to be filled in or mended before a price can be told, or ``None``."""
        raise NotImplementedError

    async def plan(self) -> CollectPlan:
        """The priced request that the fields mean. Raises UsageError, NotFound, TryLater."""
        raise NotImplementedError

    def focus_first(self) -> None:
        """Puts the focus where one begins."""
        fields = [field for field in self.query(Input) if field.display]
        if fields:
            fields[0].focus()

    def fields_changed(self) -> None:
        """For subclasses: called at each change, before the dialogue hears of it."""

    @on(Input.Changed)
    @on(Select.Changed)
    @on(TextArea.Changed)
    def _field_changed(self, event: Message) -> None:
        event.stop()
        self.tell()

    def tell(self) -> None:
        """Tells the dialogue that something is different now."""
        self.fields_changed()
        self.post_message(self.Changed())


def choices() -> list[SourceChoice]:
    """Every source, in their order; none of their modules is imported."""
    found = []
    for name in registry.names(PACKAGE):
        texts = (registry.constant(PACKAGE, name, wanted) for wanted in ("TITLE", "SUMMARY", "PRICE", "ORDER"))
        title, summary, price, order = texts
        found.append(SourceChoice(name, title, summary, price, int(order)))
    return sorted(found, key=lambda choice: choice.order)


def whole(text: str) -> int | None:
    """A whole number as typed, or ``None`` where there is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.lstrip("-").isdigit() and len(text) < 12 else None
