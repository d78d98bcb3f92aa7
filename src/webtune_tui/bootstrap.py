"""The composition root: the only place that constructs adapters and services."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from webtune_tui.settings import Settings, models_folder
from webtune_tui.storage.workspace import Workspace

if TYPE_CHECKING:
    from webtune_tui.services.accounts import AccountsService
    from webtune_tui.services.chat import ChatService
    from webtune_tui.services.clusters import ClustersService
    from webtune_tui.services.collect import CollectService
    from webtune_tui.services.curate import CurateService
    from webtune_tui.services.drift import DriftService
    from webtune_tui.services.editing import EditingService
    from webtune_tui.services.estimates import EstimatesService
    from webtune_tui.services.evaluate import EvaluateService
    from webtune_tui.services.examples import ExamplesService
    from webtune_tui.services.export import ExportService
    from webtune_tui.services.generate_questions import QuestionsService
    from webtune_tui.services.import_files import ImportService
    from webtune_tui.services.job_book import JobBook
    from webtune_tui.services.jobs import JobsService
    from webtune_tui.services.money import MoneyService
    from webtune_tui.services.origins import OriginsService
    from webtune_tui.services.overview import OverviewService
    from webtune_tui.services.prepare import PrepareService
    from webtune_tui.services.private_data import PrivateDataService
    from webtune_tui.services.providers import ProviderCatalogue
    from webtune_tui.services.purge import PurgeService
    from webtune_tui.services.review import ReviewService
    from webtune_tui.services.statistics import StatisticsService
    from webtune_tui.services.studio import StudioService
    from webtune_tui.services.submission import Submission
    from webtune_tui.services.table_views import TableViewsService
    from webtune_tui.services.train import TrainService
    from webtune_tui.services.triage import TriageService

_MODULES = (
    "accounts", "chat", "clusters", "collect", "curate", "drift", "editing", "estimates", "evaluate", "examples",
    "export", "generate_questions", "import_files", "job_book", "jobs", "money", "origins", "overview", "prepare",
    "private_data", "providers", "purge", "review", "statistics", "studio", "submission", "table_views", "train",
    "triage",
)  # fmt: skip


class Services:
    """The verbs of the product on one workspace, each one loaded and made when it is first asked for: a command that
    lists something needs two of them, and all together take half a second to load. No service lies behind another
    one's name, and none does its work here: each knows its own.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace = workspace
        self.settings = settings

    @cached_property
    def accounts(self) -> AccountsService:
        from webtune_tui.services.accounts import AccountsService

        return AccountsService(self.settings)

    @cached_property
    def money(self) -> MoneyService:
        from webtune_tui.services.money import MoneyService

        return MoneyService(self.workspace, self.settings)

    @cached_property
    def collect(self) -> CollectService:
        from webtune_tui.services.collect import CollectService

        return CollectService(self.workspace, self.settings, self.accounts, self.money)

    @cached_property
    def imports(self) -> ImportService:
        from webtune_tui.services.import_files import ImportService

        return ImportService(self.workspace, self.settings)

    @cached_property
    def origins(self) -> OriginsService:
        from webtune_tui.services.origins import OriginsService

        return OriginsService(self.workspace)

    @cached_property
    def prepare(self) -> PrepareService:
        from webtune_tui.services.prepare import PrepareService

        return PrepareService(self.workspace, self.settings)

    @cached_property
    def curate(self) -> CurateService:
        from webtune_tui.services.curate import CurateService

        return CurateService(self.workspace)

    @cached_property
    def clusters(self) -> ClustersService:
        from webtune_tui.services.clusters import ClustersService

        return ClustersService(self.workspace)

    @cached_property
    def examples(self) -> ExamplesService:
        from webtune_tui.services.examples import ExamplesService

        return ExamplesService(self.workspace)

    @cached_property
    def editing(self) -> EditingService:
        from webtune_tui.services.editing import EditingService

        return EditingService(self.workspace)

    @cached_property
    def export(self) -> ExportService:
        from webtune_tui.services.export import ExportService

        return ExportService(self.workspace, self.curate)

    @cached_property
    def providers(self) -> ProviderCatalogue:
        from webtune_tui.services.providers import ProviderCatalogue

        return ProviderCatalogue(self.workspace, self.settings, self.accounts, models_folder())

    @cached_property
    def train(self) -> TrainService:
        from webtune_tui.services.train import TrainService

        return TrainService(
            self.workspace, self.providers, self.curate, self.estimates, self.money, self.job_book, self.submission
        )

    @cached_property
    def estimates(self) -> EstimatesService:
        from webtune_tui.services.estimates import EstimatesService

        return EstimatesService(self.workspace, self.settings, self.providers, self.curate)

    @cached_property
    def job_book(self) -> JobBook:
        from webtune_tui.services.job_book import JobBook

        return JobBook(self.workspace)

    @cached_property
    def submission(self) -> Submission:
        from webtune_tui.services.submission import Submission

        return Submission(self.workspace, self.providers, self.export, self.money, self.job_book)

    @cached_property
    def jobs(self) -> JobsService:
        from webtune_tui.services.jobs import JobsService

        return JobsService(self.settings, self.providers, self.money, self.job_book, self.submission)

    @cached_property
    def statistics(self) -> StatisticsService:
        from webtune_tui.services.statistics import StatisticsService

        return StatisticsService(self.workspace, lambda version: self.estimates.as_set(version))

    @cached_property
    def chat(self) -> ChatService:
        from webtune_tui.services.chat import ChatService

        return ChatService(self.workspace, self.providers)

    @cached_property
    def evaluate(self) -> EvaluateService:
        from webtune_tui.services.evaluate import EvaluateService

        return EvaluateService(self.workspace, self.providers, self.curate)

    @cached_property
    def overview(self) -> OverviewService:
        from webtune_tui.services.overview import OverviewService

        return OverviewService(self.workspace)

    @cached_property
    def purge(self) -> PurgeService:
        from webtune_tui.services.purge import PurgeService

        return PurgeService(self.workspace)

    @cached_property
    def drift(self) -> DriftService:
        from webtune_tui.services.drift import DriftService

        return DriftService(self.workspace)

    @cached_property
    def review(self) -> ReviewService:
        from webtune_tui.services.review import ReviewService

        return ReviewService(self.workspace, self.curate)

    @cached_property
    def studio(self) -> StudioService:
        from webtune_tui.services.studio import StudioService

        return StudioService(self.workspace, self.settings)

    @cached_property
    def table_views(self) -> TableViewsService:
        from webtune_tui.services.table_views import TableViewsService

        return TableViewsService(self.workspace)

    @cached_property
    def triage(self) -> TriageService:
        from webtune_tui.services.triage import TriageService

        return TriageService(self.workspace, self.settings)

    @cached_property
    def questions(self) -> QuestionsService:
        from webtune_tui.services.generate_questions import QuestionsService

        return QuestionsService(self.workspace, self.settings, self.providers, self.money)

    @cached_property
    def private_data(self) -> PrivateDataService:
        from webtune_tui.services.private_data import PrivateDataService

        return PrivateDataService(self.workspace, self.curate)


def load_all() -> None:
    """Loads what every service is made of, for a screen, which could not wait for that when it asks for one."""
    for name in _MODULES:
        importlib.import_module(f"webtune_tui.services.{name}")


@contextlib.asynccontextmanager
async def open_services(
    root: Path, settings: Settings, *, command: str, mode: str = "write"
) -> AsyncIterator[Services]:
    """The services on a workspace, closed at the end of the block. ``mode`` is read, write or write if free.

    Raises:
        WorkspaceBusy: writing is wanted and another process writes; the error names it.
    """
    if mode == "write if free":
        workspace = Workspace.open_or_read(root, command=command)
    else:
        workspace = Workspace.open(root, command=command, write=mode == "write")
    services = Services(workspace, settings)
    try:
        if not workspace.read_only:
            await services.origins.settle_interrupted()
        yield services
    finally:
        for name in ("collect", "examples", "providers", "studio"):
            if name in vars(services):  # one that nobody asked for has nothing open
                await getattr(services, name).aclose()
        workspace.close()
