"""The recipe: which steps run with which options, the template, the split and the edits, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any

from webtune_tui import registry
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.options import build, options_of
from webtune_tui.pipeline.base import Builder, NeedsExtra, Step
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.edit import Edit, parse_edit
from webtune_tui.pipeline.mix import MixPart
from webtune_tui.pipeline.split import FrozenTest, SplitPlan
from webtune_tui.pipeline.template import ChatTemplate
from webtune_tui.pipeline.template_set import TemplateSet, WeightedTemplate
from webtune_tui.pipeline.tokens import TokenCounter

STAGES = ("record", "example", "corpus")
TABLES = ("template", "templates", "build", "steps", "split", "mix", "edits")
_TEMPLATE_KEYS = ("system", "user", "assistant")
_SHARES = ("train", "validation", "test")
_FROZEN_KEYS = ("seed", "share", "below")


@dataclass(frozen=True)
class StepChoice:
    """A step of the recipe: whether it runs, the options that differ from its defaults, and its place in its stage."""

    name: str
    enabled: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    order: int | None = None

    @property
    def place(self) -> tuple[int, int, str]:
        """Where it runs: its stage, its order there, its name."""
        declared = step_class(self.name)
        return STAGES.index(declared.stage), declared.order if self.order is None else self.order, self.name


@dataclass(frozen=True)
class Recipe:
    """A whole recipe; its steps stand in the order in which they run.

    ``templates`` is ``None`` where the default builders are used.
    """

    templates: TemplateSet | None
    steps: tuple[StepChoice, ...]
    split: SplitPlan
    edits: tuple[Edit, ...] = ()
    build: BuildPlan = field(default_factory=BuildPlan)
    mix: tuple[MixPart, ...] = ()

    @property
    def kept_ids(self) -> frozenset[str]:
        """The examples that are wanted back whatever a filter says."""
        return frozenset(one for edit in self.edits if edit.kind == "keep" for one in edit.example_ids)

    def choice(self, name: str) -> StepChoice:
        """What the recipe says of a step."""
        return next(choice for choice in self.steps if choice.name == name)

    def enabled(self, stage: str, counter: TokenCounter | None = None) -> tuple[Any, ...]:
        """The enabled steps of a stage, configured, in order; ``counter`` counts tokens where a step needs it."""
        return tuple(
            _configured(choice, counter)
            for choice in self.steps
            if choice.enabled and step_class(choice.name).stage == stage
        )

    def to_plain(self) -> dict[str, Any]:
        """Everything as plain values, defaults included."""
        body: dict[str, Any] = {"steps": {choice.name: _plain_choice(choice) for choice in self.steps}}
        for one in self.templates.templates if self.templates else ():
            texts = {key: getattr(one.template, key) for key in _TEMPLATE_KEYS}
            if one.name:
                body.setdefault("templates", []).append({"name": one.name, "weight": one.weight} | texts)
            else:
                body["template"] = texts
        body["build"] = {one.name: getattr(self.build, one.name) for one in options_of(BuildPlan)}
        if self.mix:
            body["mix"] = [asdict(part) for part in self.mix]
        split = self.split
        body["split"] = {key: getattr(split, key) for key in (*_SHARES, "seed")}
        if split.frozen is not None:
            body["split"]["frozen"] = {key: getattr(split.frozen, key) for key in _FROZEN_KEYS}
        body["edits"] = [edit.to_plain() for edit in self.edits]
        return body


@cache
def step_names() -> tuple[str, ...]:
    """Every step's name, in the order in which they run by default."""
    choices = [StepChoice(name, step_class(name).is_default) for name in registry.names("pipeline.steps")]
    return tuple(choice.name for choice in sorted(choices, key=lambda choice: choice.place))


@cache
def step_class(name: str) -> Any:
    """The class of a step."""
    return registry.load("pipeline.steps", name).STEP


@cache
def builders() -> tuple[Builder, ...]:
    """The default builders, in the order in which they are asked."""
    found: list[Builder] = [
        registry.load("pipeline.builders", name).BUILDER for name in registry.names("pipeline.builders")
    ]
    return tuple(sorted(found, key=lambda builder: (builder.order, builder.name)))


def default_recipe() -> Recipe:
    """The recipe of a new workspace."""
    steps = tuple(StepChoice(name, step_class(name).is_default) for name in step_names())
    return Recipe(None, steps, SplitPlan())


def parse_recipe(document: Mapping[str, Any], *, where: str) -> Recipe:
    """The recipe of a parsed TOML document.

    Raises:
        UsageError: an unknown table, step or option, or a value that does not fit; ``where`` names the file.
    """
    _refuse_unknown(document, TABLES, where, "table")
    split = _split(_table(document, "split", where), where)
    return Recipe(
        templates=_templates(document, split.seed, where),
        steps=tuple(sorted(_choices(_table(document, "steps", where), where), key=lambda choice: choice.place)),
        split=split,
        edits=tuple(_edits(document.get("edits", []), where)),
        build=build(BuildPlan, _table(document, "build", where), where=f"{where}: [build]"),
        mix=tuple(_mix(document.get("mix", []), where)),
    )


def _templates(document: Mapping[str, Any], seed: int, where: str) -> TemplateSet | None:
    single = _template(document.get("template", {}), f"{where}: [template]")
    several = [
        _weighted(table, f"{where}: [[templates]] number {number}")
        for number, table in enumerate(_tables(document.get("templates", []), "templates", where), start=1)
    ]
    if single is not None and several:
        raise UsageError(f"{where} has both [template] and [[templates]]", hint="Make it one of [[templates]].")
    names = [one.name for one in several]
    if len(set(names)) < len(names):
        raise UsageError(f"{where}: two [[templates]] have the same name", hint="Give each a name of its own.")
    if single is not None:
        return TemplateSet((WeightedTemplate(single),))
    return TemplateSet(tuple(several), seed) if several else None


def _template(table: Any, place: str) -> ChatTemplate | None:
    if not table:
        return None
    _refuse_unknown(table, _TEMPLATE_KEYS, place, "key")
    texts = {key: _typed(table[key], str, f"{place} {key}") for key in table}
    if not any(text.strip() for text in texts.values()):
        return None
    template = ChatTemplate(**texts)
    template.check(place)
    return template


def _weighted(table: Mapping[str, Any], place: str) -> WeightedTemplate:
    values = dict(table)
    name = _typed(values.pop("name", ""), str, f"{place} name").strip()
    weight = values.pop("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1e6:
        raise UsageError(f"{place}: weight = {weight!r} does not fit", hint="Give a number above 0.")
    template = _template(values, place)
    if not name or template is None:
        raise UsageError(f"{place} needs name, user and assistant", hint='Such as name = "short".')
    return WeightedTemplate(template, name, float(weight))


def _mix(tables: Any, where: str) -> Iterator[MixPart]:
    for number, table in enumerate(_tables(tables, "mix", where), start=1):
        place = f"{where}: [[mix]] number {number}"
        part = build(MixPart, table, where=place)
        if not part.match or not all(isinstance(pattern, str) for pattern in part.match):
            raise UsageError(f"{place}: match does not fit", hint='Such as match = ["general*.jsonl"].')
        yield replace(part, name=part.name or ", ".join(part.match))


def _tables(tables: Any, name: str, where: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise UsageError(f"{where}: {name} must be [[{name}]] tables", hint=f"Write each as [[{name}]].")
    return tables


def _choices(table: Mapping[str, Any], where: str) -> Iterator[StepChoice]:
    _refuse_unknown(table, step_names(), f"{where}: [steps]", "step")
    for name in step_names():
        values = dict(_table(table, name, f"{where}: steps"))
        place = f"{where}: [steps.{name}]"
        enabled = _typed(values.pop("enabled", step_class(name).is_default), bool, f"{place} enabled")
        order = values.pop("order", None)
        if order is not None:
            _typed(order, int, f"{place} order")
        build(step_class(name), values, where=place)
        yield StepChoice(name, enabled, values, order)


def _split(table: Mapping[str, Any], where: str) -> SplitPlan:
    _refuse_unknown(table, (*_SHARES, "seed", "frozen"), f"{where}: [split]", "key")
    plan = SplitPlan()
    shares = {key: _share(table.get(key, getattr(plan, key)), f"{where}: split.{key}") for key in _SHARES}
    if "train" not in table and ("validation" in table or "test" in table):
        shares["train"] = round(1 - shares["validation"] - shares["test"], 9)
    if abs(sum(shares.values()) - 1) > 1e-6 or shares["train"] <= 0:
        told = ", ".join(f"{key} {share:g}" for key, share in shares.items())
        raise UsageError(f"{where}: the split does not add up to 1: {told}", hint="Give shares such as 0.8, 0.1, 0.1.")
    seed = _typed(table.get("seed", plan.seed), int, f"{where}: split.seed")
    return SplitPlan(**shares, seed=seed, frozen=_frozen(table.get("frozen"), where))


def _frozen(table: Any, where: str) -> FrozenTest | None:
    if table is None:
        return None
    place = f"{where}: [split.frozen]"
    if not isinstance(table, Mapping) or set(table) != set(_FROZEN_KEYS):
        raise UsageError(f"{place} needs {', '.join(_FROZEN_KEYS)}", hint="Remove it to draw the test split anew.")
    return FrozenTest(
        seed=_typed(table["seed"], int, f"{place} seed"),
        share=_share(table["share"], f"{place} share"),
        below=_share(table["below"], f"{place} below"),
    )


def _edits(tables: Any, where: str) -> Iterator[Edit]:
    if not isinstance(tables, list):
        raise UsageError(f"{where}: edits must be [[edits]] tables", hint="Write each as [[edits]].")
    for number, table in enumerate(tables, start=1):
        yield parse_edit(table, where=f"{where}: [[edits]] number {number}")


def with_seed(recipe: Recipe, seed: int | None) -> Recipe:
    """The recipe with another seed, where one is given."""
    return recipe if seed is None else replace(recipe, split=replace(recipe.split, seed=seed))


def _configured(choice: StepChoice, counter: TokenCounter | None) -> Step:
    step: Step = build(step_class(choice.name), choice.options, where=f"[steps.{choice.name}]")
    if counter is not None and hasattr(step, "counter"):
        step = replace(step, counter=counter)  # type: ignore[type-var]  # every step is a dataclass
    if isinstance(step, NeedsExtra):
        step.require()
    return step


def _plain_choice(choice: StepChoice) -> dict[str, Any]:
    defaults = {declared.name: declared.default for declared in options_of(step_class(choice.name))}
    order = {} if choice.order is None else {"order": choice.order}
    return {"enabled": choice.enabled} | order | defaults | dict(choice.options)


def _table(document: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise UsageError(f"{where}: {name} must be a table", hint=f"Write it as [{name}].")
    return table


def _refuse_unknown(table: Mapping[str, Any], known: Sequence[str], where: str, kind: str) -> None:
    for name in table:
        if name not in known:
            raise UsageError(f"{where} has no {kind} {name!r}", hint=f"Known: {', '.join(known)}")


def _typed(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UsageError(f"{where} = {value!r} does not fit", hint=f"Give a {kind.__name__}.")
    return value


def _share(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UsageError(f"{where} = {value!r} does not fit", hint="Give a share between 0 and 1.")
    return float(value)
