"""Finds plug-in modules by file name and imports one when it is used.

A new step, builder, source, provider, command or screen is one new file in its package; nothing is registered
by hand, and listing what exists imports none of it.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from functools import cache
from pathlib import Path
from types import ModuleType

from webtune_tui.domain.errors import NotFound

_ROOT = Path(__file__).parent
_NOT_PLUGINS = frozenset({"base"})


@cache
def names(package: str) -> tuple[str, ...]:
    """The plug-in names in a package such as ``pipeline.steps``, sorted."""
    folder = _ROOT.joinpath(*package.split("."))
    found = (module.name for module in pkgutil.iter_modules([str(folder)]) if not module.ispkg)
    return tuple(sorted(name for name in found if name not in _NOT_PLUGINS))


def constant(package: str, name: str, wanted: str) -> str:
    """A text constant of a plug-in module, read from its source: listing plug-ins must not import them."""
    source = _ROOT.joinpath(*package.split("."), f"{name}.py").read_text(encoding="utf-8")
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=found)], value=ast.Constant(value=str(text))) if found == wanted:
                return text
    raise LookupError(f"{package}.{name} has no text {wanted}")


def load(package: str, name: str) -> ModuleType:
    """The plug-in module ``name`` of a package.

    Raises:
        NotFound: no such plug-in; the hint lists those that exist.
    """
    if name not in names(package):
        raise NotFound(f"There is no {name!r} in {package}", hint=f"There are: {', '.join(names(package)) or 'none'}")
    return importlib.import_module(f"webtune_tui.{package}.{name}")
