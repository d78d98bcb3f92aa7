"""The workspace's recipe and its edits: the file and the database kept equal, whatever happens between them.

The database is committed first, the file is written after it. A file that still is as we wrote it before the last edit
was left by a crash and is written again; any other difference was made by a person and wins at the next prepare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.options import Option, convert, options_of
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.mix import MixPart
from webtune_tui.pipeline.recipe import Recipe, default_recipe, parse_recipe, step_class, step_names
from webtune_tui.pipeline.split import FrozenTest
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.recipe_file import RecipeFile, fingerprint, parse_toml, with_edits

_WRITTEN = "recipe_written"
_WRITING = "recipe_writing"


class Recipes:
    """All methods block."""

    def __init__(self, path: Path, store: DatasetStore) -> None:
        self.file = RecipeFile(path)
        self._store = store
        self._announced_on = ""

    def load(self, other: Path | None = None) -> tuple[Recipe, str]:
        """The recipe that the next run replays, and its text: of the workspace (the default one where there is
        none), or of another file.

        Raises:
            UsageError: the file can't be read or does not fit.
        """
        source = RecipeFile(other) if other is not None else self.file
        if other is not None and other.is_dir():
            raise UsageError(f"{other} is a folder", hint="Name the recipe file in it, such as recipe.toml.")
        text = source.text()
        if other is not None and not source.exists():
            raise UsageError(f"There is no recipe {other}", hint=f"The workspace's own is {self.file.path}.")
        if other is None and not text:
            return default_recipe(), default_text()
        return parse_recipe(parse_toml(text, str(source.path)), where=str(source.path)), text

    def recipe(self) -> Recipe:
        """The workspace's recipe."""
        return self.load()[0]

    def set_values(self, assignments: Mapping[str, str]) -> list[str]:
        """Sets keys of the recipe; answers those that changed. Nothing is written where one does not fit."""
        before = self.recipe().to_plain()
        text = self.changed_text(assignments)
        after = parse_recipe(parse_toml(text, str(self.file.path)), where=str(self.file.path)).to_plain()
        changed = [key for key in assignments if _at(before, key) != _at(after, key)]
        _refuse_nameless(assignments, after)
        if changed or not self.file.exists():
            self.write(text)
        return changed

    def changed_text(self, assignments: Mapping[str, str]) -> str:
        """The recipe's text with some keys set; the file itself stays."""
        values = {key: _typed(key, value) for key, value in assignments.items()}
        source = _TextSource(self.file.path, self.file.text() or default_text())
        return source.with_values(values)

    def freeze(self, text: str, frozen: FrozenTest, seed: int) -> str:
        """A recipe's text with the seed and the border of the test split."""
        values: dict[str, Any] = {"split.seed": seed}
        values |= {f"split.frozen.{key}": value for key, value in asdict(frozen).items()}
        return _TextSource(self.file.path, text).with_values(values)

    def write(self, text: str) -> None:
        """Writes the recipe and remembers that it is ours."""
        self._store.set_meta({_WRITING: fingerprint(text)})
        self.file.write(text)
        self._store.set_meta({_WRITTEN: fingerprint(text)})

    def adopt(self, text: str) -> bool:
        """Makes a text that was replayed the workspace's recipe; answers whether it replaced another person's text."""
        current = self.file.text()
        is_other = bool(current) and not _differs_by_border(current, text)
        if is_other:
            RecipeFile(self.file.path.with_name("recipe.previous.toml")).write(current)
        if current != text:
            self.write(text)
        else:
            self._store.set_meta({_WRITTEN: fingerprint(text), _WRITING: fingerprint(text)})
        return is_other

    def settle(self, text: str, begun: str, border: FrozenTest | None, seed: int) -> bool:
        """Ends a run of the workspace's own recipe, which ``begun`` with one text and replayed another.

        What was changed in the file meanwhile stays; the border of the test split is written beside it, where the split
        is still that of the run. Answers whether anything but edits was changed, which only the next run uses.
        """
        current = self.file.text()
        if current in ("", begun):
            self.adopt(text)
            return False
        try:
            then, now = (parse_toml(one, str(self.file.path)) for one in (begun, current))
            is_same_split = then.get("split") == now.get("split")
            settled = self.freeze(current, border, seed) if border and is_same_split else current
        except UsageError:  # a person is in the midst of writing it
            return True
        if settled != current:
            is_ours = fingerprint(current) in (self._store.meta(_WRITTEN), self._store.meta(_WRITING))
            (self.write if is_ours else self.file.write)(settled)
        return {**then, "edits": []} != {**now, "edits": []}

    # Edits

    def reconcile(self) -> None:
        """Before an edit: writes the file again where a crash left it behind the database.

        Raises:
            UsageError: a person changed the edits in the file; prepare must take them over first.
        """
        self.recover()
        text = self.file.text()
        mark = fingerprint(text) if text else ""
        if mark and mark == self._store.meta(_WRITING):
            return
        applied = self.applied()
        in_file = parse_toml(text, str(self.file.path)).get("edits", []) if text else []
        if in_file != applied and text:
            raise UsageError(
                f"The edits in {self.file.path} were changed by hand", hint="Take them over with: webtune prepare"
            )
        if not text:
            self.write(with_edits(default_text(), applied))
        else:
            self._store.set_meta({_WRITTEN: mark, _WRITING: mark})

    def applied(self) -> list[dict[str, Any]]:
        """The applied edits as they stand in the recipe."""
        return [dict(edit.operation) for edit in self._store.edits() if edit.state == "applied"]

    def announce(self, edits: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, str]]:
        """The recipe's text with these edits, and what must be stored in the same transaction as they are."""
        self._announced_on = self.file.text()
        text = with_edits(self._announced_on or default_text(), edits)
        return text, {_WRITING: fingerprint(text)}

    def write_announced(self, text: str) -> None:
        """Writes the text of :meth:`announce` once the edits are stored."""
        if self.file.text() != self._announced_on:  # the end of a run wrote it meanwhile
            self.write_edits()
            return
        self.file.write(text)
        self._store.set_meta({_WRITTEN: fingerprint(text)})

    def write_edits(self) -> None:
        """Makes the file's edits those of the database."""
        self.write(with_edits(self.file.text() or default_text(), self.applied()))

    def recover(self) -> None:
        """Writes the file again where a crash left it behind the database."""
        text = self.file.text()
        mark = fingerprint(text) if text else ""
        if mark and mark == self._store.meta(_WRITTEN) and mark != self._store.meta(_WRITING):
            self.write_edits()

    def take_over(self, recipe: Recipe) -> bool:
        """Makes the edits of the recipe that is replayed those of the database; answers whether they were others."""
        wanted = [edit.to_plain() for edit in recipe.edits]
        if wanted == self.applied():
            return False
        self._store.replace_edits(wanted, {})
        return True


class _TextSource(RecipeFile):
    """A recipe's text that is not (yet) the file's."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(path)
        self._text = text

    def text(self) -> str:
        """The given text."""
        return self._text


def _differs_by_border(one: str, other: str) -> bool:
    """Whether two recipes are the same but for the seed and the border of the test split."""
    plain = [parse_toml(text, "recipe") for text in (one, other)]
    for document in plain:
        split = document.get("split", {})
        split.pop("frozen", None)
        split.pop("seed", None)
        document.pop("edits", None)
    return plain[0] == plain[1]


def default_text() -> str:
    """The recipe of a new workspace, with a word on everything that can be set."""
    lines = [
        "# The recipe of this workspace: what turns its records into a dataset. Made to be read and changed.",
        "# webtune prepare replays it; webtune recipe steps explains every option.",
        "",
        "# Your own template; without one rows are recognised (chat rows, question and answer, products, reviews ...).",
        "# [template]",
        '# system = "You write product descriptions."',
        '# user = "Write a description of {title}.\\nBrand: {brand}"',
        '# assistant = "{description}"',
        "# Several [[templates]] with name, weight, system, user and assistant give variety.",
        "",
        "# What the default builders make where there is a choice.",
        "[build]",
        *(f"{_assignment(each):<28}# {each.label}. {each.help}".rstrip() for each in options_of(BuildPlan)),
        "",
    ]
    for name in step_names():
        declared = step_class(name)
        lines += [f"[steps.{name}]", f"# {_first_line(declared.__doc__)}"]
        lines.append(f"enabled = {_toml(declared.is_default)}")
        lines += [f"{_assignment(each):<28}# {each.label}. {each.help}".rstrip() for each in options_of(declared)]
        lines.append("")
    split = default_recipe().split
    lines += [
        "# Near-duplicates share a split. From the first run on [split.frozen] keeps the border of the test split, so",
        "# that more records do not mix it; it binds for good once a version is exported or trained on.",
        "[split]",
        *(f"{key} = {_toml(getattr(split, key))}" for key in ("train", "validation", "test", "seed")),
        "",
        "# How much comes from where: an example belongs to the first part that matches its source, domain or file.",
        "# [[mix]]",
        '# name = "general"',
        '# match = ["general*.jsonl"]',
        "# share = 0.3",
        "",
    ]
    return "\n".join(lines)


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0]


def _assignment(declared: Option) -> str:
    return f"{declared.name} = {_toml(declared.default)}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _typed(key: str, value: str) -> Any:
    """A flag's text in the type of the recipe's key. Raises UsageError for an unknown key."""
    table, _, rest = key.partition(".")
    if table == "template" and rest in ("system", "user", "assistant"):
        return value or None
    if table == "templates" and rest.count("."):
        return _template_value(key, rest.rpartition(".")[2], value)
    if table == "mix" and rest.count("."):
        return _option_value(key, MixPart, rest.rpartition(".")[2], value, "A part of the mix") if value else None
    if table == "build":
        return _option_value(key, BuildPlan, rest, value, "The table build")
    if table == "split" and rest in ("train", "validation", "test", "seed"):
        return _number(key, value, int if rest == "seed" else float)
    if table == "steps":
        name, _, option_name = rest.partition(".")
        if name in step_names():
            return _step_value(key, name, option_name, value)
    raise UsageError(
        f"The recipe has no key {key!r}",
        hint="Such as steps.length.minimum=60, split.seed=7, template.user=TEXT, mix.NAME.share=0.3; see: webtune"
        " recipe steps",
    )


def _refuse_nameless(assignments: Mapping[str, str], after: Mapping[str, Any]) -> None:
    """Raises UsageError for the weight of a template that is not there: it would be forgotten without a word."""
    names = [str(one.get("name")) for one in after.get("templates", ())]
    for key, value in assignments.items():
        name = key.removeprefix("templates.").removesuffix(".weight")
        if value and key == f"templates.{name}.weight" and name not in names:
            hint = f"There are: {', '.join(names)}." if names else f"Set templates.{name}.user and .assistant too."
            raise UsageError(f"There is no template {name!r} to weigh", hint=hint)


def _template_value(key: str, part: str, value: str) -> Any:
    if part == "weight":
        return _number(key, value, float) if value else None
    if part not in ("system", "user", "assistant"):
        raise UsageError(f"A template has no key {part!r}", hint="It knows: system, user, assistant, weight.")
    return value or None


def _step_value(key: str, step: str, option_name: str, value: str) -> Any:
    if option_name == "enabled":
        return convert(Option("enabled", "Enabled", "", True, bool), value, where=key)
    if option_name == "order":
        return _number(key, value, int) if value else None
    return _option_value(key, step_class(step), option_name, value, f"The step {step}")


def _option_value(key: str, declaring: type, option_name: str, value: str, whose: str) -> Any:
    known = {declared.name: declared for declared in options_of(declaring)}
    if option_name not in known:
        raise UsageError(f"{whose} has no option {option_name!r}", hint=f"It knows: {', '.join(known)}")
    return convert(known[option_name], value, where=key)


def _number(key: str, value: str, kind: type[int] | type[float]) -> float:
    try:
        return kind(value)
    except ValueError:
        raise UsageError(f"{key} = {value!r} does not fit", hint="Give a number.") from None


def _at(document: Mapping[str, Any], key: str) -> Any:
    value: Any = document
    listed, _, rest = key.partition(".")
    if listed in ("templates", "mix"):
        name, _, key = rest.rpartition(".")
        value = next((one for one in document.get(listed, ()) if one.get("name") == name), None)
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
