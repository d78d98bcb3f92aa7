"""An edit: a typed operation on selected examples, as it stands in the recipe and in the database.

Three forms are as old as the recipe: ``example`` with ``set``, ``drop`` and ``keep`` with ids. All others say what they
``do``, with their options, and name ``ids``, or a condition (``where``) and how many examples it ``met`` then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from webtune_tui import registry
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.example_fields import condition_on_examples
from webtune_tui.domain.options import build, options_of
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edits.base import Operation

_PACKAGE = "pipeline.edits"
_BY_IDS = ("drop", "keep")


@dataclass(frozen=True)
class Edit:
    """One step by hand. ``met`` is how many examples the condition met when it was made; ``None`` with ids."""

    operation: Operation
    selection: Selection
    met: int | None = None

    @property
    def kind(self) -> str:
        """The operation's name."""
        return self.operation.name

    @property
    def example_ids(self) -> tuple[str, ...]:
        """The ids that it names."""
        return self.selection.ids

    @property
    def places(self) -> Mapping[str, str]:
        """The places and texts that it sets."""
        return getattr(self.operation, "places", {})

    def to_plain(self) -> dict[str, Any]:
        """The edit as it stands in the recipe and in the database."""
        if self.kind == "set":
            return {"example": self.example_ids[0], "set": dict(self.places)}
        if self.kind in _BY_IDS and self.example_ids:
            return {self.kind: list(self.example_ids)}
        body: dict[str, Any] = {"do": self.kind}
        for declared in options_of(type(self.operation)):
            value = getattr(self.operation, declared.name)
            if value != declared.default:
                body[declared.name] = value
        if self.example_ids:
            return body | {"ids": list(self.example_ids)}
        return body | {"where": self.selection.where, "met": self.met or 0}

    def told(self, count: int) -> str:
        """The step in words, of so many examples."""
        return self.operation.told(self.selection.told(count))


def edit_names() -> tuple[str, ...]:
    """The names of all operations."""
    return registry.names(_PACKAGE)


@cache
def operation_class(name: str) -> Any:
    """The class of an operation. Raises NotFound."""
    return registry.load(_PACKAGE, name).OPERATION


def operation_of(name: str, *, where: str = "", **values: Any) -> Operation:
    """An operation with its options, checked.

    Raises:
        UsageError: no such operation or option, or values that do not fit.
    """
    if name not in edit_names():
        raise UsageError(f"There is no edit {name!r}", hint=f"There are: {', '.join(edit_names())}")
    operation = cast("Operation", build(operation_class(name), values, where=where or f"The edit {name}"))
    operation.check()
    return operation


def set_texts(example_id: str, places: Mapping[str, str]) -> Edit:
    """New texts of one example. Raises UsageError for a place that no example has."""
    operation = operation_class("set")(dict(places))
    operation.check()
    return Edit(operation, Selection.of(example_id))


def dropped(*ids: str) -> Edit:
    """Examples taken out."""
    return Edit(operation_of("drop"), Selection.of(*ids))


def kept(*ids: str) -> Edit:
    """Dropped examples that are wanted back."""
    return Edit(operation_of("keep"), Selection.of(*ids))


def check_selection(edit: Edit) -> None:
    """Refuses a selection that does not suit the operation. Raises UsageError."""
    selection = edit.selection
    if selection.is_empty:
        raise UsageError(
            "No example is selected", hint='Name ids, or a condition: --where "tokens > 800"; --where all takes all.'
        )
    if selection.ids and selection.where.strip():
        raise UsageError("Both ids and a condition are given", hint="Give one of them.")
    if edit.operation.kind == "pair" and len(selection.ids) != 2:
        raise UsageError("Merging needs exactly two examples", hint="Name two ids, the one that stays first.")
    if edit.operation.kind == "back" and not selection.ids:
        raise UsageError("Dropped examples are named by their ids", hint="See: webtune dataset dropped")
    if selection.where.strip() and not selection.is_all:
        condition_on_examples(selection.where)


def with_met(edit: Edit, met: int) -> Edit:
    """The edit with how many examples its condition met."""
    return edit if edit.selection.ids else replace(edit, met=met)


def parse_edit(table: Any, *, where: str) -> Edit:
    """One edit of a recipe or of the database.

    Raises:
        UsageError: it is none, or an option or condition does not fit.
    """
    if isinstance(table, Mapping):
        for kind in _BY_IDS:
            if set(table) == {kind} and _are_texts(table[kind]):
                return Edit(operation_of(kind), Selection(tuple(table[kind])))
        if set(table) == {"example", "set"} and isinstance(table["example"], str):
            places = table["set"]
            if isinstance(places, Mapping) and places and _are_texts(list(places.values())):
                return Edit(operation_class("set")(dict(places)), Selection((table["example"],)))
        if isinstance(table.get("do"), str):
            return _parsed(table, where)
    raise UsageError(
        f"{where} can't be read",
        hint='Write example = "ID" with set.assistant = "TEXT", drop = ["ID"], keep = ["ID"], or do = "NAME" with'
        ' ids = ["ID"] or where = "CONDITION".',
    )


def _parsed(table: Mapping[str, Any], where: str) -> Edit:
    values = {key: value for key, value in table.items() if key not in ("do", "ids", "where", "met")}
    name, ids, condition, met = table["do"], table.get("ids", []), table.get("where", ""), table.get("met")
    if name == "set":
        raise UsageError(f"{where} can't be read", hint='Write example = "ID" with set.assistant = "TEXT".')
    if (ids != [] and not _are_texts(ids)) or not isinstance(condition, str):
        raise UsageError(f"{where}: ids or where does not fit", hint='Write ids = ["ID"] or where = "CONDITION".')
    if met is not None and (isinstance(met, bool) or not isinstance(met, int) or met < 0):
        raise UsageError(
            f"{where}: met = {met!r} does not fit", hint="Give how many examples were met, or leave it out."
        )
    try:
        edit = Edit(operation_of(name, where=where, **values), Selection(tuple(ids), condition), met)
        check_selection(edit)
    except UsageError as error:
        if error.message.startswith(where):
            raise
        raise UsageError(f"{where}: {error.message}", hint=error.hint) from error
    return edit


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(value, str) for value in values)
