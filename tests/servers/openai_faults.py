"""A loopback OpenAI double that does what networks and providers do on bad days, and counts every request."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol


def error(status: int, message: str, code: str | None = None) -> JSONResponse:
    """An error in OpenAI's shape."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return JSONResponse(body, status_code=status)


@dataclass
class FaultyOpenAI:
    """The double. Set the fault fields before a call; ``requests`` counts by method and path."""

    requests: Counter[str] = field(default_factory=Counter)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    create_fault: str = ""
    upload_fault: str = ""
    chat_fault: str = ""
    chat_faults: list[str] = field(default_factory=list)
    chat_answer: str = "Hello there"
    chats: list[dict[str, Any]] = field(default_factory=list)
    poll_faults: list[int] = field(default_factory=list)
    status_word: str = "succeeded"
    shows_created_jobs: bool = True
    base_url: str = ""

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/v1/models", self.models),
                Route("/v1/files", self.upload, methods=["POST"]),
                Route("/v1/files", self.list_files, methods=["GET"]),
                Route("/v1/files/{id}", self.file),
                Route("/v1/fine_tuning/jobs", self.create, methods=["POST"]),
                Route("/v1/fine_tuning/jobs", self.list_jobs, methods=["GET"]),
                Route("/v1/fine_tuning/jobs/{id}", self.job),
                Route("/v1/fine_tuning/jobs/{id}/events", self.events),
                Route("/v1/fine_tuning/jobs/{id}/checkpoints", self.checkpoints),
                Route("/v1/fine_tuning/jobs/{id}/cancel", self.cancel, methods=["POST"]),
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
            ]
        )

    async def models(self, request: Request) -> Response:
        self._count(request)
        if request.headers.get("authorization") != "Bearer good-key-1234567890":
            return error(401, "Incorrect API key provided", "invalid_api_key")
        data = [
            {"id": "gpt-4.1-mini-2025-04-14", "object": "model", "created": 1, "owned_by": "x", "shutdown_date": None},
            {"id": "gpt-4o-mini-2024-07-18", "object": "model", "created": 1, "owned_by": "x",
             "shutdown_date": "2027-01-14"},
            {"id": "text-embedding-3", "object": "model", "created": 1, "owned_by": "x"},
        ]  # fmt: skip
        return JSONResponse({"object": "list", "data": data})

    async def upload(self, request: Request) -> Response:
        self._count(request)
        async with request.form() as form:
            sent = form["file"]
            assert isinstance(sent, UploadFile)
            name, body = sent.filename, await sent.read()
        file_id = f"file-{len(self.files) + 1}"
        self.files[file_id] = {
            "id": file_id, "object": "file", "bytes": len(body), "created_at": 1, "purpose": "fine-tune",
            "filename": name, "status": "processed",
        }  # fmt: skip
        if self.upload_fault == "lost":
            self.upload_fault = ""
            self._break(request)
        if self.upload_fault == f"hang-{len(self.files)}":
            self.upload_fault = ""
            await _hang(request)
        return JSONResponse(self.files[file_id])

    async def list_files(self, request: Request) -> Response:
        self._count(request)
        return JSONResponse({"object": "list", "data": list(self.files.values()), "has_more": False})

    async def file(self, request: Request) -> Response:
        return JSONResponse(self.files[request.path_params["id"]])

    async def create(self, request: Request) -> Response:
        self._count(request)
        body = await request.json()
        if self.create_fault == "403":
            return error(403, "Fine-tuning is no longer available to your organization")
        if self.create_fault == "401":
            return error(401, "Incorrect API key provided", "invalid_api_key")
        if self.create_fault == "429":
            return JSONResponse({"error": {"message": "slow down"}}, status_code=429, headers={"retry-after": "7"})
        job_id = f"ftjob-{len(self.jobs) + 1}"
        self.jobs[job_id] = {
            "id": job_id, "object": "fine_tuning.job", "created_at": 1_800_000_000, "model": body["model"],
            "status": self.status_word, "metadata": body.get("metadata"), "training_file": body["training_file"],
            "validation_file": body.get("validation_file"), "fine_tuned_model": "ft:gpt:org:s:1",
            "trained_tokens": 1_000_000, "finished_at": 1_800_000_100, "hyperparameters": {"n_epochs": 3},
            "result_files": [], "organization_id": "org", "seed": 1, "error": None, "method": body.get("method"),
        }  # fmt: skip
        if self.create_fault == "lost":
            self._break(request)
        if self.create_fault == "hang":
            await _hang(request)
        if self.create_fault == "500":
            return error(500, "The server had an error")
        if self.create_fault == "half":
            return Response('{"id": "ftj', media_type="application/json")
        return JSONResponse(self.jobs[job_id])

    async def list_jobs(self, request: Request) -> Response:
        self._count(request)
        shown = list(reversed(self.jobs.values())) if self.shows_created_jobs else []
        return JSONResponse({"object": "list", "data": shown, "has_more": False})

    async def job(self, request: Request) -> Response:
        self._count(request)
        if self.poll_faults:
            return error(self.poll_faults.pop(0), "a bad moment")
        return JSONResponse(self.jobs[request.path_params["id"]])

    async def events(self, request: Request) -> Response:
        data = [
            {"id": f"ev-{n}", "object": "fine_tuning.job.event", "created_at": 1_800_000_000 + n, "level": "info",
             "message": f"Step {n}/3", "type": "metrics",
             "data": {"step": n, "total_steps": 3, "train_loss": 2.0 / n, "valid_loss": 2.5 / n}}
            for n in (3, 2, 1)
        ]  # fmt: skip
        return JSONResponse({"object": "list", "data": data, "has_more": False})

    async def checkpoints(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None})

    async def cancel(self, request: Request) -> Response:
        self._count(request)
        return error(400, "The job has already finished")

    async def chat(self, request: Request) -> Response:
        self._count(request)
        self.chats.append(await request.json())
        fault = self.chat_faults.pop(0) if self.chat_faults else self.chat_fault
        if fault.isdigit():
            return error(int(fault), "a bad moment")
        if fault == "hang":
            await _hang(request)
        first, _, rest = self.chat_answer.partition(" ")

        async def chunks() -> AsyncIterator[bytes]:
            for word in (first, f" {rest}"):
                yield _chunk({"content": word}, None)
            if fault == "cut":
                return
            yield _chunk({}, "stop", usage={"prompt_tokens": 200, "completion_tokens": 10, "total_tokens": 210})
            yield b"data: [DONE]\n\n"

        return StreamingResponse(chunks(), media_type="text/event-stream")

    def _count(self, request: Request) -> None:
        self.requests[f"{request.method} {request.url.path}"] += 1

    def _break(self, request: Request) -> None:
        """Ends the connection without an answer, after the work was done."""
        raise ConnectionAbortedError


async def _hang(request: Request) -> None:
    """Answers nothing until the client is gone."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.02)


def _chunk(delta: dict[str, Any], finish_reason: str | None, usage: dict[str, int] | None = None) -> bytes:
    body: dict[str, Any] = {
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }  # fmt: skip
    if usage is not None:
        body["usage"] = usage
    return b"data: " + json.dumps(body).encode() + b"\n\n"


class _Dropping:
    """Lets an aborted request end as a reset connection instead of a 500."""

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self.transports: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """A protocol that remembers its connections by the client's address."""
        transports = self.transports

        class Remembering(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                transports[transport.get_extra_info("peername")[:2]] = transport
                super().connection_made(transport)

        return Remembering

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        held: list[Any] = []

        async def hold(message: Any) -> None:
            held.append(message)

        try:
            await self.app(scope, receive, hold if scope["method"] == "POST" and "chat" not in scope["path"] else send)
        except ConnectionAbortedError:
            self.transports[tuple(scope["client"])].abort()
            return
        for message in held:
            await send(message)


@contextlib.contextmanager
def serving(double: FaultyOpenAI) -> Iterator[FaultyOpenAI]:
    """Runs the double in a thread on a loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = _Dropping(double.app())
    config = uvicorn.Config(app, http=app.protocol(), log_level="critical", access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    double.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    try:
        yield double
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
