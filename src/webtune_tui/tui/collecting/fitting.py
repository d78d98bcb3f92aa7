"""Which actions fit a collection, and what is said where one does not."""

from __future__ import annotations

from webtune_tui.domain.records import Collection


def why_not(action: str, collection: Collection | None) -> str:
    """Why an action does nothing for this collection; empty where it fits."""
    is_final = collection is None or collection.state.is_final
    match action:
        case "resume" | "cancel" if is_final:
            return f"There is nothing to {action} here."
        case "retry" if collection is None or not collection.errors or not is_final:
            return "No input of this collection failed."
        case "delete" if collection is None or not is_final:
            return "What is under way can't be deleted; cancel it first."
    return ""
