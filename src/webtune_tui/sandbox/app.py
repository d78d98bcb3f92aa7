"""The application: routes, the check of the key, and the header that says what is answering."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webtune_tui.sandbox import account, errors, marketplace, records, snapshots
from webtune_tui.sandbox.jobs import Clock, JobBook, ResultSettings, SystemClock, Timing
from webtune_tui.sandbox.state import Sandbox, key_of, sandbox_of

MARK = "x-webtune-sandbox"
OPEN_PATHS = ("/sandbox/stats",)


async def stats(request: Request) -> Response:
    """What was asked of the sandbox so far; ours, and open to everybody on this machine."""
    book = sandbox_of(request).book
    jobs = book.all()
    return JSONResponse(
        {
            "triggers": sum(job.order.kind == "trigger" for job in jobs),
            "scrapes": sum(job.order.kind == "scrape" for job in jobs),
            "downloads": sum(job.downloads for job in jobs),
            "snapshots": [
                {
                    **snapshots.row_of_history(book, job),
                    "kind": job.order.kind,
                    "inputs": len(job.order.inputs),
                    "downloads": job.downloads,
                }
                for job in jobs
            ],
        }
    )


class Doorkeeper:
    """Checks the key of every call and marks every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[MARK] = "1"
            await send(message)

        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            try:
                key_of(Headers(scope=scope).get("authorization"))
            except errors.Refusal as refusal:
                await refusal.response()(scope, receive, marked)
                return
        await self.app(scope, receive, marked)


async def refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, errors.Refusal)
    return refusal.response()


def create_app(sandbox: Sandbox) -> ASGIApp:
    """The whole service over one sandbox."""
    routes = [*snapshots.ROUTES, *marketplace.ROUTES, *account.ROUTES, Route("/sandbox/stats", stats)]
    app = Starlette(routes=routes, exception_handlers={errors.Refusal: refused})
    app.state.sandbox = sandbox
    return Doorkeeper(app)


def create_sandbox(
    *,
    clock: Clock | None = None,
    timing: Timing | None = None,
    state: Path | None = None,
    settings: ResultSettings | None = None,
) -> Sandbox:
    """A sandbox over the bundled records; with a ``state`` folder it knows the snapshots of earlier runs."""
    book = JobBook(
        records.load(), clock or SystemClock(), timing or Timing(), settings or ResultSettings(), folder=state
    )
    return Sandbox(book)
