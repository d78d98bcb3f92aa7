"""Where the person stands on the path, and the next step."""

from __future__ import annotations

from webtune_tui.domain.events import Overview
from webtune_tui.storage.workspace import Workspace


class OverviewService:
    """Reads the state of every stage from the workspace alone: no network, no keyring."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def read(self) -> Overview:
        """The stages Credentials, Collect, Dataset, Fine-tune and Chat with their state, and the next step."""
        raise NotImplementedError
