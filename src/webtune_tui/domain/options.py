"""Option declarations: one place that forms, flags, the recipe file and its documentation are made from."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from webtune_tui.domain.errors import UsageError

T = TypeVar("T")

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}


@dataclass(frozen=True, slots=True)
class Option:
    """One declared setting of a step, source or provider."""

    name: str
    label: str
    help: str
    default: Any
    kind: type
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    former: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Values that recipes may still hold from before, in lower case, and the choice that means the same."""


def option(
    default: Any,
    *,
    label: str,
    help: str = "",  # the word that argparse and every form use for it
    choices: Sequence[str] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    former: Mapping[str, str] | None = None,
) -> Any:
    """A dataclass field that carries what a form, a flag and the documentation need to know."""
    metadata = {
        "label": label,
        "help": help,
        "choices": tuple(choices),
        "minimum": minimum,
        "maximum": maximum,
        "former": dict(former or {}),
    }
    if isinstance(default, list | dict):
        kind = type(default)
        return dataclasses.field(default_factory=lambda: kind(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def options_of(declaring: type) -> Iterator[Option]:
    """The options that a frozen dataclass declares, in order."""
    hints = typing.get_type_hints(declaring)
    for declared in dataclasses.fields(declaring):
        if "label" not in declared.metadata:
            continue
        factory = declared.default_factory
        default = declared.default if factory is dataclasses.MISSING else factory()
        yield Option(
            name=declared.name,
            label=declared.metadata["label"],
            help=declared.metadata["help"],
            default=default,
            kind=_plain_type(hints[declared.name]),
            choices=declared.metadata["choices"],
            minimum=declared.metadata["minimum"],
            maximum=declared.metadata["maximum"],
            former=declared.metadata["former"],
        )


def build(declaring: type[T], values: Mapping[str, Any], *, where: str) -> T:
    """An instance from loosely typed values (TOML, flags, form text).

    Raises:
        UsageError: an unknown name, or a value that does not fit; ``where`` names the place for the person.
    """
    known = {declared.name: declared for declared in options_of(declaring)}
    for name in values:
        if name not in known:
            raise UsageError(
                f"{where} has no option {name!r}",
                hint=f"It knows: {', '.join(sorted(known)) or 'no options'}",
            )
    return declaring(**{name: convert(known[name], value, where=where) for name, value in values.items()})


def convert(declared: Option, value: Any, *, where: str) -> Any:
    """``value`` in the option's own type, checked against its choices and bounds."""
    converted = _convert_kind(declared, declared.former.get(str(value).lower(), value), where)
    if declared.choices and converted not in declared.choices:
        raise _misfit(declared, value, where, f"one of {', '.join(declared.choices)}")
    if declared.minimum is not None and converted is not None and converted < declared.minimum:
        raise _misfit(declared, value, where, f"at least {declared.minimum:g}")
    if declared.maximum is not None and converted is not None and converted > declared.maximum:
        raise _misfit(declared, value, where, f"at most {declared.maximum:g}")
    return converted


def _convert_kind(declared: Option, value: Any, where: str) -> Any:
    if value is None or (isinstance(value, declared.kind) and not isinstance(value, bool)):
        return value
    if declared.kind is bool:
        text = str(value).strip().lower()
        if text in _TRUE | _FALSE:
            return text in _TRUE
        raise _misfit(declared, value, where, "true or false")
    if declared.kind is list:
        parts = (part.strip(" \t\n\"'") for part in str(value).strip().removeprefix("[").removesuffix("]").split(","))
        return [part for part in parts if part]
    if declared.kind in (int, float) and not isinstance(value, bool):
        try:
            return declared.kind(value)
        except (TypeError, ValueError):
            raise _misfit(declared, value, where, "a number") from None
    if declared.kind is str:
        return str(value)
    raise _misfit(declared, value, where, f"a {declared.kind.__name__}")


def _misfit(declared: Option, value: Any, where: str, wanted: str) -> UsageError:
    return UsageError(f"{where}: {declared.name} = {value!r} does not fit", hint=f"Give {wanted}.")


def _plain_type(hint: Any) -> type:
    """The one concrete type of an annotation such as ``int | None`` or ``list[str]``."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return next(_plain_type(part) for part in typing.get_args(hint) if part is not type(None))
    return origin if isinstance(origin, type) else hint
