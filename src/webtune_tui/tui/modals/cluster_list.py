"""The largest clusters of duplicates: enter compares the members of one."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.datasets import Cluster
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.clusters import cluster_words


class ClusterList(Dialog[str]):
    """A list; answers the id of the example that stayed."""

    DEFAULT_CSS = """
    ClusterList > .dialog-box { width: 110; }
    ClusterList OptionList { height: auto; max-height: 55vh; background: $surface; border: none; }
    ClusterList OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, clusters: Sequence[Cluster]) -> None:
        super().__init__("Clusters of duplicates, the largest first")
        self._clusters = clusters

    def compose_content(self) -> ComposeResult:
        if self._clusters:
            yield OptionList(*[Option(_row(one)) for one in self._clusters], id="clusters", markup=False)
        else:
            yield Static("No duplicates were dropped in the newest run.", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="clusters-close", variant="primary")

    def on_mount(self) -> None:
        self.set_focus(self.query_one(OptionList) if self._clusters else self.query_one(Button))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._clusters[event.option_index].keeper_id)

    @on(Button.Pressed)
    def close(self) -> None:
        """Back to the examples."""
        self.dismiss(None)


def _row(cluster: Cluster) -> Content:
    count, title = cluster_words(cluster)
    return Content.assemble((f"{count}  ", "$accent"), Content(title))
