"""What changed between two collections of the same, as JSON fields and in words."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webtune_tui.services.drift import CollectionDrift
    from webtune_tui.services.field_drift import FieldDrift


def drift_fields(drift: CollectionDrift | None) -> dict[str, Any]:
    """The field ``drift``; nothing where there is no earlier collection of the same."""
    return {"drift": dataclasses.asdict(drift)} if drift is not None else {}


def told(drift: CollectionDrift | None) -> str:
    """The drift for a person."""
    if drift is None:
        return "There is no earlier collection of the same to compare with."
    lines = [
        f"Since {drift.previous_id} ({drift.previous_at[:16]}): {drift.new:,} new, {drift.changed:,} changed, "
        f"{drift.gone:,} gone"
    ]
    lines += [f"  gone: {word}" for word in drift.gone_sample]
    lines += [f"  {_field(change)}" for change in drift.fields]
    if not drift.fields:
        lines.append("  The fields look as they did.")
    return "\n".join(lines)


def _field(change: FieldDrift) -> str:
    if change.what == "appeared":
        return f"{change.field} appeared (in {change.after:.0%} of the records)"
    if change.what == "vanished":
        return f"{change.field} vanished (was in {change.before:.0%} of the records)"
    if change.what == "fill":
        return f"{change.field} is filled in {change.after:.0%} of the records, was {change.before:.0%}"
    if change.what in ("new value", "lost value"):
        return f"{change.field}: {change.what} {change.after or change.before}"
    return f"{change.field}: {change.what} {change.after}, was {change.before}"
