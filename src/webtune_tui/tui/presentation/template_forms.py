"""The templates of a recipe as the studio edits them, and the keys of the recipe that differ after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PARTS = ("system", "user", "assistant")
_NAMES = ("main", "second", "third", "fourth", "fifth", "sixth")


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """One template: its texts by part. The only one has no name; ``weight`` is a number as text."""

    name: str = ""
    weight: str = "1"
    texts: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(PARTS, ""))


def forms_of(recipe: Mapping[str, object]) -> list[TemplateForm]:
    """The templates of a recipe's plain values; an empty one where it has none."""
    several = recipe.get("templates")
    if isinstance(several, list) and several:
        return [TemplateForm(str(one.get("name", "")), f"{one.get('weight', 1):g}", _texts(one)) for one in several]
    single = recipe.get("template")
    return [TemplateForm(texts=_texts(single if isinstance(single, Mapping) else {}))]


def with_new(forms: Sequence[TemplateForm], like: TemplateForm) -> list[TemplateForm]:
    """One more template, at first with the texts of another; the only one before gets a name."""
    named = [form if form.name else TemplateForm(_NAMES[0], form.weight, form.texts) for form in forms]
    taken = {form.name for form in named}
    free = (*_NAMES, *(f"template {n}" for n in range(len(_NAMES) + 1, len(forms) + len(_NAMES) + 2)))
    name = next(name for name in free if name not in taken)
    return [*named, TemplateForm(name, "1", dict(like.texts))]


def without(forms: Sequence[TemplateForm], place: int) -> list[TemplateForm]:
    """The templates without one of them; the last that stays keeps its name."""
    return [form for number, form in enumerate(forms) if number != place]


def changed_keys(before: Sequence[TemplateForm], after: Sequence[TemplateForm]) -> dict[str, str]:
    """The keys of the recipe that make of the templates before those after; an empty text removes a key."""
    old, new = _keys(before), _keys(after)
    gone = {key: "" for key, text in old.items() if text and key not in new}
    return gone | {key: text for key, text in new.items() if old.get(key, "") != text}


def _keys(forms: Sequence[TemplateForm]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for form in forms:
        head = f"templates.{form.name}" if form.name else "template"
        keys |= {f"{head}.{part}": form.texts[part] for part in PARTS}
        if form.name and form.weight != "1":
            keys[f"{head}.weight"] = form.weight
    return keys


def _texts(table: Mapping[str, object]) -> dict[str, str]:
    return {part: str(table.get(part, "")) for part in PARTS}
