"""What triage found as lines: the report's age, one tile in full, and what its fix would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.domain.triage import Tile, TriageReport
from webtune_tui.pipeline.triage import harm_named
from webtune_tui.services.triage import KeptTriage
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import StyledLine, wrap

_ROOMY = 60  # cells of a window that has lines to spare for gaps
_LEAKING = ("duplicates", "shared_targets")


def age_words(kept: KeptTriage) -> str:
    """When it was looked, and what changed since."""
    report = kept.report
    words = f"{report.pairs:,} raw pairs, {figures.age(report.created)} ago"
    changed = [
        name
        for name, has_changed in (
            ("the records", kept.have_records_changed),
            ("the recipe", kept.has_recipe_changed),
            ("the dataset", kept.has_version_changed),
        )
        if has_changed
    ]
    if changed:
        return f"r looks again: {_and(changed)} changed since ({words})"
    return f"Looked at {words}"


def tile_lines(tile: Tile, report: TriageReport, width: int) -> list[StyledLine]:
    """A tile in full: why it harms, how many rows, and what mends it."""
    harm = harm_named(tile.name)
    lines = [StyledLine(((harm.title, "title"),))]
    lines += [StyledLine(((line, "muted"),)) for line in wrap(harm.why, width)]
    lines.append(StyledLine())
    if not tile.is_checked:
        return [*lines, *_wrapped("Not checked: the part that looks for it is not installed.", width, "warn")]
    lines += list(_counts(tile, report, width))
    if width >= _ROOMY:
        lines.append(StyledLine())
    lines += list(_fix(tile, width))
    if tile.detail or tile.name in _LEAKING:
        lines.append(StyledLine())
    if tile.detail:
        lines += _wrapped(display_line(tile.detail, limit=400), width, "muted")
    if tile.name == "personal_data" and tile.before:
        lines += _wrapped("P lists each find by kind and domain, masked.", width, "muted")
    if tile.name in _LEAKING:
        lines += _wrapped(_leak_words(report.leak), width, "muted")
    return lines


def fix_words(fix: Mapping[str, str]) -> str:
    """The keys that a fix sets, each on a line."""
    return "\n".join(f"{key} = {value}" for key, value in fix.items())


def effect_words(tile: Tile) -> str:
    """What the fix would do to the rows that have the harm now."""
    parts = [f"{tile.drops:,} go"] if tile.drops else []
    parts += [f"{tile.mends:,} stay mended"] if tile.mends else []
    parts += [f"{tile.left:,} stay as they are"] if tile.left else []
    return f"{figures.count(tile.now, 'row')}: {', '.join(parts) or 'nothing changes'}"


def set_back_words(before: Mapping[str, str]) -> str:
    """The command that takes a fix back."""
    return "webtune recipe set " + " ".join(f'{key}="{value}"' for key, value in before.items())


def _counts(tile: Tile, report: TriageReport, width: int) -> Iterator[StyledLine]:
    share = _share(tile.before, report.pairs)
    yield StyledLine(
        (("raw pairs     ", "muted"), (f"{tile.before:>9,}", "bad" if tile.before else ""), (f"  {share}", "muted"))
    )
    if tile.after is None:
        yield from _wrapped("Nothing was prepared yet.", width, "muted")
        return
    style = "warn" if tile.after else "good"
    share = _share(tile.after, report.examples)
    yield StyledLine((("this version  ", "muted"), (f"{tile.after:>9,}", style), (f"  {share}", "muted")))


def _share(part: int, whole: int | None) -> str:
    """A share that is never rounded to nothing: a fault in a thousand counts."""
    if not whole:
        return ""
    return f"{100 * part / whole:.1f} %" if 0 < part < whole / 100 else figures.share(part, whole)


def _fix(tile: Tile, width: int) -> Iterator[StyledLine]:
    if not tile.now:
        words = "Nothing to mend." if not tile.before else "Mended in this version."
        yield StyledLine(((f"{GLYPHS.done} {words}", "good"),))
    elif tile.left == tile.now:
        yield from _wrapped("No step mends what is left: enter, then e edits a row and d drops it.", width, "warn")
    elif not tile.fix:
        yield from _wrapped("The recipe mends it already: p and r prepare anew.", width, "warn")
    else:
        yield StyledLine((("f mends it", "accent"), (f"  {effect_words(tile)}", "")))
        for line in fix_words(tile.fix).split("\n"):
            yield StyledLine((("  " + display_line(line), "second"),))


def _leak_words(leak: Mapping[str, float]) -> str:
    raw = 100 * leak.get("raw_random_split_rate", 0)
    words = f"A random split of the raw pairs would leak {raw:.1f} % of the test examples"
    if "shared_clusters" in leak:
        words += f"; this version: {leak['shared_clusters']:.0f} clusters in two splits"
    return f"{words}."


def _wrapped(words: str, width: int, style: str) -> list[StyledLine]:
    return [StyledLine(((line, style),)) for line in wrap(words, width)]


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
