"""Screens made of parts: each part declares its keys, its actions and the messages it hears, the screen gathers them.

A part is an object of its own that the screen makes and gives what it needs. Textual looks for keys, actions and
handlers in the class of a widget, so ``made_of`` gives the class one short method for each that calls the part.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, TypeVar

from textual import on
from textual.binding import BindingType
from textual.message import Message

from webtune_tui.tui.screens.base import StageScreen

_HEARD = "_heard_messages"

AnyPart = TypeVar("AnyPart", bound="Part")
Function = TypeVar("Function", bound=Callable[..., Any])


class Part:
    """Something a screen can do. Methods ``action_x`` answer its keys."""

    BINDINGS: ClassVar[list[BindingType]] = []
    EDITING: ClassVar[frozenset[str]] = frozenset()
    """Actions that change something; a read-only workspace refuses them."""
    HELP: ClassVar[str] = ""
    """A paragraph that follows the screen's own help."""


class PartedScreen(StageScreen):
    """A screen that has parts; its class is decorated with ``made_of``."""

    PARTS: ClassVar[tuple[type[Part], ...]] = ()
    ACTIONS: ClassVar[dict[str, type[Part]]] = {}

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._parts: dict[type[Part], Part] = {}

    def take(self, *parts: Part) -> None:
        """Takes the parts, made and wired."""
        taken = {type(part): part for part in parts}
        if set(taken) != set(self.PARTS):
            raise TypeError(f"{type(self).__name__} is made of other parts than it took")
        self._parts = {kind: taken[kind] for kind in self.PARTS}

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts, in the order of their keys."""
        return tuple(self._parts.values())

    def part(self, kind: type[AnyPart]) -> AnyPart:
        """The part of a kind."""
        part = self._parts[kind]
        assert isinstance(part, kind)
        return part


AnyScreen = TypeVar("AnyScreen", bound=PartedScreen)


def heard(message: type[Message], selector: str | None = None) -> Callable[[Function], Function]:
    """Marks a method of a part that answers a message, which it may take as its argument."""

    def mark(function: Function) -> Function:
        setattr(function, _HEARD, [*getattr(function, _HEARD, []), (message, selector)])
        return function

    return mark


def made_of(*kinds: type[Part]) -> Callable[[type[AnyScreen]], type[AnyScreen]]:
    """Gives a screen the keys, actions, messages and help of parts, in this order."""

    def gather(screen: type[AnyScreen]) -> type[AnyScreen]:
        body: dict[str, Any] = {
            "__doc__": screen.__doc__,
            "__module__": screen.__module__,
            "__qualname__": screen.__qualname__,
            "PARTS": kinds,
            "ACTIONS": {name: kind for kind in kinds for name in _actions(kind)},
            "BINDINGS": [binding for kind in kinds for binding in kind.BINDINGS],
            "EDITING": screen.EDITING.union(*(kind.EDITING for kind in kinds)),
            "HELP": "\n\n".join(filter(None, (screen.HELP, *(kind.HELP for kind in kinds)))),
        }
        for kind in kinds:
            body |= {f"action_{name}": _calling(kind, f"action_{name}") for name in _actions(kind)}
            body |= dict(_hearing(kind))
        make: Any = type(screen)
        made: type[AnyScreen] = make(screen.__name__, (screen,), body)
        return made

    return gather


def _actions(kind: type[Part]) -> list[str]:
    return [name.removeprefix("action_") for name in dir(kind) if name.startswith("action_")]


def _hearing(kind: type[Part]) -> list[tuple[str, Callable[..., Any]]]:
    found = []
    for name in dir(kind):
        if messages := getattr(getattr(kind, name), _HEARD, ()):
            function = _calling(kind, name)
            for message, selector in messages:
                function = on(message, selector)(function)
            found.append((f"_{kind.__name__}_{name}", function))
    return found


def _calling(kind: type[Part], name: str) -> Callable[..., Any]:
    """A method for the screen that calls that of its part; it takes as many arguments."""

    @wraps(getattr(kind, name))
    def call(screen: PartedScreen, *given: Any) -> Any:
        return getattr(screen.part(kind), name)(*given)

    return call
