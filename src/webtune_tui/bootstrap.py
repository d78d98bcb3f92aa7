"""The composition root: the only place that constructs adapters and services."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.chat import ChatService
from webtune_tui.services.collect import CollectService
from webtune_tui.services.curate import CurateService
from webtune_tui.services.drift import DriftService
from webtune_tui.services.evaluate import EvaluateService
from webtune_tui.services.export import ExportService
from webtune_tui.services.generate_questions import QuestionsService
from webtune_tui.services.import_files import ImportService
from webtune_tui.services.money import MoneyService
from webtune_tui.services.origins import OriginsService
from webtune_tui.services.overview import OverviewService
from webtune_tui.services.prepare import PrepareService
from webtune_tui.services.private_data import PrivateDataService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.services.purge import PurgeService
from webtune_tui.services.studio import StudioService
from webtune_tui.services.train import TrainService
from webtune_tui.services.triage import TriageService
from webtune_tui.settings import Settings, models_folder
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True)
class Services:
    """The verbs of the product on one workspace. It has no methods: each service knows its own work."""

    workspace: Workspace
    settings: Settings
    accounts: AccountsService
    money: MoneyService
    collect: CollectService
    imports: ImportService
    origins: OriginsService
    prepare: PrepareService
    curate: CurateService
    export: ExportService
    providers: ProviderCatalogue
    train: TrainService
    chat: ChatService
    evaluate: EvaluateService
    overview: OverviewService
    purge: PurgeService
    drift: DriftService
    studio: StudioService
    triage: TriageService
    questions: QuestionsService
    private_data: PrivateDataService


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
    accounts = AccountsService(settings)
    money = MoneyService(workspace, settings)
    catalogue = ProviderCatalogue(workspace, settings, accounts, models_folder())
    curate = CurateService(workspace)
    export = ExportService(workspace, curate)
    services = Services(
        workspace=workspace,
        settings=settings,
        accounts=accounts,
        money=money,
        collect=CollectService(workspace, settings, accounts, money),
        imports=ImportService(workspace, settings),
        origins=OriginsService(workspace),
        prepare=PrepareService(workspace, settings),
        curate=curate,
        export=export,
        providers=catalogue,
        train=TrainService(workspace, settings, catalogue, curate, export, money),
        chat=ChatService(workspace, catalogue),
        evaluate=EvaluateService(workspace, catalogue, curate),
        overview=OverviewService(workspace),
        purge=PurgeService(workspace),
        drift=DriftService(workspace),
        studio=StudioService(workspace, settings),
        triage=TriageService(workspace, settings),
        questions=QuestionsService(workspace, settings, catalogue, money),
        private_data=PrivateDataService(workspace, curate),
    )
    try:
        if not workspace.read_only:
            await services.origins.settle_interrupted()
        yield services
    finally:
        await services.collect.aclose()
        await catalogue.aclose()
        await services.studio.aclose()
        workspace.close()
