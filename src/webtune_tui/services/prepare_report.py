"""What a run of prepare tells in the end, and the mix of which it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.pipeline.cleaning.hidden import HIDDEN_KINDS
from webtune_tui.pipeline.corpus import Corpus, example_name
from webtune_tui.pipeline.mix import Candidate, left_out
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.split import LEAST_GROUPS
from webtune_tui.services.prepare_split import Splitting
from webtune_tui.services.prepare_tally import Tally
from webtune_tui.storage.dataset_types import Revision


def report_of(
    recipe: Recipe,
    revision: Revision,
    splitting: Splitting,
    corpus: Corpus,
    tally: Tally,
    *,
    dropped: Mapping[str, int],
    dropped_steps: Mapping[str, int],
    tokens_per_split: Mapping[str, int],
    encoding: str,
    random_rate: float,
    notes: Sequence[str] = (),
) -> PrepareReport:
    """The report, without the seconds and what is searched in another process."""
    version = revision.to_version()
    redacted: Counter[str] = Counter()
    by_domain: dict[str, Counter[str]] = {}
    for index, (domain, kinds) in tally.redacted.items():
        if splitting.stays[index]:
            redacted.update(kinds)
            by_domain.setdefault(domain, Counter()).update(kinds)
    return PrepareReport(
        dataset_version=version.dataset_version,
        content_hash=version.content_hash,
        records=tally.records,
        records_used=tally.records - sum(dropped.values()),
        examples=version.examples,
        dropped=dropped,
        dropped_steps=dropped_steps,
        changed=dict(sorted(tally.changed.items())),
        redacted=dict(sorted(redacted.items())),
        duplicates={
            "exact": corpus.report.exact,
            "near": corpus.report.near,
            "clusters": corpus.report.clusters,
        },
        splits=dict(version.splits),
        leak={"shared_clusters": splitting.shared_clusters(), "random_split_rate": round(random_rate, 6)},
        tokens={"total": version.tokens, "per_split": tokens_per_split, "encoding": encoding},
        seconds=0.0,
        notes=(*tally.notes, *notes, *_notes(tally, splitting)),
        redacted_by_domain={domain: dict(sorted(kinds.items())) for domain, kinds in sorted(by_domain.items())},
        findings=tally.findings,
        mix=_mix_counts(recipe, tally, splitting),
    )


def mixed(recipe: Recipe, corpus: Corpus, tally: Tally) -> dict[int, str]:
    """The examples that the mix leaves out of those that are no duplicates."""
    if not recipe.mix:
        return {}
    kept = recipe.kept_ids
    candidates = [
        Candidate(index, example := example_name(number), part, tokens, example in kept)
        for index, (number, part, tokens) in enumerate(
            zip(corpus.example_ids.tolist(), tally.mix_parts, tally.tokens, strict=True)
        )
        if index not in corpus.report.gone
    ]
    present = {one.part for one in candidates}
    tally.notes += [
        f"The mix's part {part.name!r} matches no example" for n, part in enumerate(recipe.mix) if n not in present
    ]
    return left_out(recipe.mix, candidates, recipe.split.seed)


def _mix_counts(recipe: Recipe, tally: Tally, splitting: Splitting) -> dict[str, dict[str, int]]:
    """Examples and tokens of each part of the mix."""
    counts = {part.name: {"examples": 0, "tokens": 0} for part in recipe.mix}
    for part, tokens, is_staying in zip(tally.mix_parts, tally.tokens, splitting.stays, strict=False):
        if is_staying and part >= 0:
            counts[recipe.mix[part].name]["examples"] += 1
            counts[recipe.mix[part].name]["tokens"] += tokens
    return counts


def _notes(tally: Tally, splitting: Splitting) -> Iterator[str]:
    if 0 < splitting.groups < LEAST_GROUPS:
        yield (
            f"Only {splitting.groups} groups of examples: validation and test may be empty"
            f" (from {LEAST_GROUPS} on each has at least one)"
        )
    hidden = {kind: count for kind, count in tally.removed.items() if kind in HIDDEN_KINDS}
    if hidden:
        told = ", ".join(f"{count} {kind.replace('_', '-')}" for kind, count in sorted(hidden.items()))
        yield f"Invisible characters removed: {told}"
