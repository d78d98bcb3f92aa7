"""The screen Fine-tune: jobs, a new one, and watching one live."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, OptionList

from webtune_tui.tui.fine_tuning.adding_base import AddingBase
from webtune_tui.tui.fine_tuning.cancelling import Cancelling
from webtune_tui.tui.fine_tuning.filling_in import FillingIn
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.fine_tuning.listing import Listing
from webtune_tui.tui.fine_tuning.measuring import Measuring
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.fine_tuning.pausing import Pausing
from webtune_tui.tui.fine_tuning.retrying import Retrying
from webtune_tui.tui.fine_tuning.starting import Starting
from webtune_tui.tui.fine_tuning.watching import Watching
from webtune_tui.tui.parts import made_of
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.job_monitor import JobMonitor


@made_of(FillingIn, Cancelling, Retrying, Pausing, Measuring, Watching, Listing, Starting, AddingBase)
class FineTuneScreen(FineTuneFrame):
    """Jobs at the left, the chosen one at the right; below 100 columns one of the two at a time."""

    TITLE = "Fine-tune"
    KEY = "4"
    ORDER = 4
    HELP = (
        "A job trains a base model on the examples of a dataset version, on this machine or at a provider. "
        "The estimate stands beside the form before anything starts. A job goes on when you leave the screen or "
        "the app; open it again and its whole history is here. The curve: the line is the smoothed train loss, "
        "single dots are measured values, diamonds are validation losses. When validation rises while training "
        "falls, the model learns by heart: fewer epochs or more examples help."
    )
    CSS_PATH = "fine_tune.tcss"

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._listing = Listing(self)
        self._watching = Watching(self, self._listing)
        self._filling_in = FillingIn(self)
        self.take(
            self._filling_in,
            Cancelling(self, self._watching),
            Retrying(self, self._filling_in),
            Pausing(self, self._watching),
            Measuring(self),
            self._watching,
            self._listing,
            Starting(self, self._filling_in, self._listing, self._watching),
            AddingBase(self, self._filling_in),
        )

    def compose_body(self) -> ComposeResult:
        with ContentSwitcher(initial="tune-empty", id="tune-views"):
            yield EmptyState("Fine-tune", "Reading the workspace.", id="tune-empty")
            with Horizontal(id="tune-jobs"):
                with Vertical(id="tune-list-panel", classes="panel") as panel:
                    panel.border_title = "Jobs"
                    yield OptionList(id="tune-list", markup=False)
                with Vertical(id="tune-monitor-panel", classes="panel"):
                    yield JobMonitor(id="tune-monitor")
            yield Vertical(id="tune-form")

    async def services_ready(self) -> None:
        self._listing.keep_fresh()

    async def shown(self) -> None:
        await self._listing.read()
        if self.view == "tune-form":
            return
        if not self.jobs:
            await self.show_nothing()
            return
        self.show_view("tune-jobs")
        if self.watched is None or self.watched not in self.jobs:
            self._watching.open(self._listing.most_urgent())
        self._listing.draw()
        self.focus_home()

    def on_resize(self) -> None:
        """The entries of the list are as wide as the list."""
        if self.shown_job is not None:
            self._watching.title_panel(self.shown_job)
        if self.jobs:
            self.call_after_refresh(self._listing.draw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Shows the keys that make sense for what is on the screen."""
        kind = self.ACTIONS.get(action)
        part = self.part(kind) if kind is not None else None
        if isinstance(part, FineTunePart) and not part.offers():
            return False
        return super().check_action(action, parameters)

    def focus_home(self) -> None:
        if self.view == "tune-jobs":
            self.query_one("#tune-list" if not self.hides_list else "#job-events").focus()

    def action_back(self) -> None:
        """Leaves the form, then the monitor of a narrow window."""
        if self.view == "tune-form":
            self._filling_in.close()
        elif self.has_class("-monitoring"):
            self.remove_class("-monitoring")
            self.query_one("#tune-list").focus()
            self.call_after_refresh(self._listing.draw)
        else:
            super().action_back()


SCREEN = FineTuneScreen
