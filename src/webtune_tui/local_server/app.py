"""The HTTP routes: OpenAI's paths for files, fine-tuning jobs, models and chat."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from webtune_tui.local_server.chat import Chat, unknown_model
from webtune_tui.local_server.files import FileStore, StoredFile
from webtune_tui.local_server.hyperparameters import check_requested
from webtune_tui.local_server.jobs import JOB_ID, Job, JobStore, NewJob, new_job_id
from webtune_tui.local_server.models import BaseCatalogue, BaseModel, UnusableModel
from webtune_tui.local_server.openai_objects import (
    ApiError,
    Json,
    deleted_object,
    invalid,
    model_object,
    page,
)
from webtune_tui.local_server.supervisor import Supervisor

DEFAULT_SEED = 42
LARGEST_JSON = 32 * 1024 * 1024
_CHUNK = 1024 * 1024
_METADATA_FILTER = re.compile(r"metadata\[(.+)\]")
_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KNOWN_JOB_FIELDS = frozenset(
    {
        "model",
        "training_file",
        "validation_file",
        "suffix",
        "seed",
        "metadata",
        "integrations",
        "method",
        "hyperparameters",
    }
)


@dataclass(frozen=True)
class Engine:
    """Everything that the routes use."""

    files: FileStore
    jobs: JobStore
    bases: BaseCatalogue
    supervisor: Supervisor
    chat: Chat


def make_app(
    engine: Engine, lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None
) -> Starlette:
    """Return the application; it is guarded by `security.Guard` from outside."""
    routes = Routes(engine)
    job = "/v1/fine_tuning/jobs/{job_id}"
    return Starlette(
        routes=[
            Route("/healthz", routes.health, methods=["GET"]),
            Route("/v1/files", routes.create_file, methods=["POST"]),
            Route("/v1/files", routes.list_files, methods=["GET"]),
            Route("/v1/files/{file_id}", routes.get_file, methods=["GET"]),
            Route("/v1/files/{file_id}", routes.delete_file, methods=["DELETE"]),
            Route("/v1/files/{file_id}/content", routes.file_content, methods=["GET"]),
            Route("/v1/fine_tuning/jobs", routes.create_job, methods=["POST"]),
            Route("/v1/fine_tuning/jobs", routes.list_jobs, methods=["GET"]),
            Route(job, routes.get_job, methods=["GET"]),
            Route(f"{job}/cancel", routes.cancel_job, methods=["POST"]),
            Route(f"{job}/pause", routes.pause_job, methods=["POST"]),
            Route(f"{job}/resume", routes.resume_job, methods=["POST"]),
            Route(f"{job}/events", routes.list_events, methods=["GET"]),
            Route(f"{job}/checkpoints", routes.list_checkpoints, methods=["GET"]),
            Route("/v1/models", routes.list_models, methods=["GET"]),
            Route("/v1/models/{model:path}", routes.get_model, methods=["GET"]),
            Route("/v1/chat/completions", routes.chat, methods=["POST"]),
            Route("/v1/webtune/loss", routes.loss, methods=["POST"]),
        ],
        exception_handlers={
            ApiError: _answer_api_error,
            HTTPException: _answer_http_error,
            500: _answer_own_fault,
        },
        lifespan=lifespan,
    )


class Routes:
    """One method per path."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._creating = asyncio.Lock()

    async def health(self, request: Request) -> Response:
        """Say that the server lives; the only path without a token."""
        return JSONResponse({"status": "ok"})

    async def create_file(self, request: Request) -> Response:
        """Take an upload."""
        async with request.form(max_files=1, max_fields=20) as form:
            upload, purpose = form.get("file"), form.get("purpose")
            if not isinstance(upload, UploadFile):
                raise invalid("'file' is a required part of the form.", param="file")
            if not isinstance(purpose, str):
                raise invalid("'purpose' is a required part of the form.", param="purpose")
            stored = await self._engine.files.save(_chunks_of(upload), upload.filename or "upload.jsonl", purpose)
        return JSONResponse(stored.as_json())

    async def list_files(self, request: Request) -> Response:
        """List files, newest first unless asked otherwise."""
        purpose = request.query_params.get("purpose")
        files = [file for file in self._engine.files.all() if purpose in (None, file.purpose)]
        if request.query_params.get("order") == "asc":
            files.reverse()
        return _page_of(request, [file.as_json() for file in files], "file", default=10_000, most=10_000)

    async def get_file(self, request: Request) -> Response:
        """Describe one file."""
        return JSONResponse(self._engine.files.find(request.path_params["file_id"]).as_json())

    async def delete_file(self, request: Request) -> Response:
        """Remove an upload."""
        file_id = request.path_params["file_id"]
        self._engine.files.delete(file_id)
        return JSONResponse(deleted_object(file_id))

    async def file_content(self, request: Request) -> Response:
        """Send the bytes of a file."""
        file = self._engine.files.find(request.path_params["file_id"])
        return FileResponse(file.path, media_type="application/octet-stream")

    async def create_job(self, request: Request) -> Response:
        """Make a job; the same request with the same webtune_job gives the same job again."""
        body = await _json_body(request)
        metadata = _checked_metadata(body.get("metadata"))
        job_id = _wanted_job_id(metadata)
        async with self._creating:
            job = self._engine.jobs.existing(job_id, body)
            if job is None:
                job = await asyncio.to_thread(self._engine.jobs.create, self._checked_job(job_id, body))
                self._engine.supervisor.wake()
        return JSONResponse(job.as_json())

    async def list_jobs(self, request: Request) -> Response:
        """List jobs, newest first, those with the wanted metadata only."""
        wanted = {
            match[1]: value
            for name, value in request.query_params.multi_items()
            if (match := _METADATA_FILTER.fullmatch(name)) is not None
        }
        if request.query_params.get("metadata") == "null":
            jobs = [job for job in self._engine.jobs.all() if not job.spec["metadata"]]
        else:
            jobs = [job for job in self._engine.jobs.all() if wanted.items() <= job.spec["metadata"].items()]
        return _page_of(request, [job.as_json() for job in jobs], "fine-tuning job", default=20)

    async def get_job(self, request: Request) -> Response:
        """Describe one job."""
        return JSONResponse(self._job(request).as_json())

    async def cancel_job(self, request: Request) -> Response:
        """End a job."""
        job = self._job(request)
        await self._engine.supervisor.cancel(job)
        return JSONResponse(job.as_json())

    async def pause_job(self, request: Request) -> Response:
        """Pause a job; it is `paused` once its checkpoint is saved."""
        job = self._job(request)
        await self._engine.supervisor.pause(job)
        return JSONResponse(job.as_json())

    async def resume_job(self, request: Request) -> Response:
        """Let a paused job go on."""
        job = self._job(request)
        await self._engine.supervisor.resume(job)
        return JSONResponse(job.as_json())

    async def list_events(self, request: Request) -> Response:
        """List the events of a job, newest first."""
        return _page_of(request, self._job(request).events_as_json(), "event", default=20, most=1_000)

    async def list_checkpoints(self, request: Request) -> Response:
        """List the checkpoints of a job that are still there, newest first."""
        return _page_of(request, self._job(request).checkpoints_as_json(), "checkpoint", default=10)

    async def list_models(self, request: Request) -> Response:
        """List base models, tuned models and their checkpoints."""
        return JSONResponse({"object": "list", "data": self._models()})

    async def get_model(self, request: Request) -> Response:
        """Describe one model; an absolute folder that can be loaded is a model too."""
        name = request.path_params["model"]
        found = next((model for model in self._models() if model["id"] == name), None)
        if found is not None:
            return JSONResponse(found)
        try:
            base = self._engine.bases.find(name)
        except UnusableModel as error:
            if name.startswith("ft:"):
                raise unknown_model(name) from error
            raise ApiError(404, error.message, code="model_not_found", param="model") from error
        return JSONResponse(model_object(name, created=base.added_at, owned_by="local"))

    async def chat(self, request: Request) -> Response:
        """Answer a chat, whole or as a stream."""
        return await self._engine.chat.complete(request, await _json_body(request))

    async def loss(self, request: Request) -> Response:
        """Our one extension: how well a model predicts the answers of examples."""
        return await self._engine.chat.loss(request, await _json_body(request))

    def _job(self, request: Request) -> Job:
        return self._engine.jobs.find(request.path_params["job_id"])

    def _models(self) -> list[Json]:
        bases = [
            model_object(base.name, created=base.added_at, owned_by="local", extra={"webtune": base.note})
            for base in self._engine.bases.all()
        ]
        return bases + [model for job in self._engine.jobs.all() for model in _models_of(job)]

    def _checked_job(self, job_id: str, body: Json) -> NewJob:
        unknown = sorted(set(body) - _KNOWN_JOB_FIELDS)
        if unknown:
            raise invalid(f"Unknown parameter: '{unknown[0]}'.", code="unknown_parameter", param=unknown[0])
        if body.get("integrations"):
            raise invalid("Integrations are not possible with the local engine.", param="integrations")
        base = self._base(body.get("model"))
        validation = body.get("validation_file")
        return NewJob(
            job_id=job_id,
            body=_with_checked_suffix(body),
            base_name=base.name,
            base_folder=base.folder,
            training_file=self._input_file(body.get("training_file"), "training_file"),
            validation_file=self._input_file(validation, "validation_file") if validation is not None else None,
            requested_hyperparameters=_requested_hyperparameters(body),
            seed=_checked_seed(body.get("seed")),
        )

    def _base(self, model: object) -> BaseModel:
        if not isinstance(model, str) or not model:
            raise invalid("You must provide a model parameter.", param="model")
        if model.startswith("ft:"):
            raise invalid("A tuned model can't be tuned further here; name its base model.", param="model")
        try:
            return self._engine.bases.find(model)
        except UnusableModel as error:
            raise invalid(error.message, code=error.code, param="model") from error

    def _input_file(self, file_id: object, param: str) -> StoredFile:
        if not isinstance(file_id, str):
            raise invalid(f"'{param}' must be the id of an uploaded file.", param=param)
        try:
            return self._engine.files.find(file_id)
        except ApiError as error:
            message = f"'{file_id[:120]}' does not exist, or cannot be accessed."
            raise invalid(message, code="file_not_found", param=param) from error


def _models_of(job: Job) -> list[Json]:
    points = [
        model_object(job.tuned_name(point.step), created=int(point.event.at), owned_by="webtune")
        for point in job.checkpoints()
    ]
    end = job.final_event()
    if job.status() != "succeeded" or end is None:
        return points
    return [model_object(job.tuned_name(), created=int(end.at), owned_by="webtune"), *points]


def _requested_hyperparameters(body: Json) -> dict[str, Any]:
    method = body.get("method")
    if method is None:
        return check_requested(body.get("hyperparameters"), "hyperparameters")
    if not isinstance(method, dict) or method.get("type") != "supervised":
        raise invalid("Only the method 'supervised' is possible with the local engine.", param="method.type")
    supervised = method.get("supervised") or {}
    return {
        **check_requested(body.get("hyperparameters"), "hyperparameters"),
        **check_requested(supervised.get("hyperparameters"), "method.supervised.hyperparameters"),
    }


def _with_checked_suffix(body: Json) -> Json:
    suffix = body.get("suffix")
    if suffix is not None and (not isinstance(suffix, str) or not _SUFFIX.fullmatch(suffix)):
        raise invalid("'suffix' must be 1 to 64 letters, digits, dots, dashes or underscores.", param="suffix")
    return body


def _checked_seed(seed: object) -> int:
    if seed is None:
        return DEFAULT_SEED
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise invalid("'seed' must be a whole number from 0 to 2147483647.", param="seed")
    return seed


def _checked_metadata(metadata: object) -> dict[str, str]:
    if metadata is None:
        return {}
    if (
        not isinstance(metadata, dict)
        or len(metadata) > 16
        or any(len(key) > 64 or not isinstance(value, str) or len(value) > 512 for key, value in metadata.items())
    ):
        raise invalid("'metadata' may hold 16 texts of 512 characters, with keys of 64.", param="metadata")
    return metadata


def _wanted_job_id(metadata: dict[str, str]) -> str:
    wanted = metadata.get("webtune_job")
    return wanted if wanted is not None and JOB_ID.fullmatch(wanted) else new_job_id()


def _page_of(request: Request, items: list[Json], what: str, *, default: int, most: int = 100) -> Response:
    text = request.query_params.get("limit", str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise invalid(f"'limit' must be a whole number from 1 to {most}.", param="limit")
    return JSONResponse(page(items, after=request.query_params.get("after"), limit=int(text), what=what))


async def _json_body(request: Request) -> Json:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_JSON:
            raise ApiError(413, f"The request is larger than {LARGEST_JSON} bytes.", code="request_too_large")
    try:
        body = json.loads(bytes(content))
    except (ValueError, RecursionError) as error:
        raise invalid("We could not parse the JSON body of your request.") from error
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    return body


async def _chunks_of(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk


async def _answer_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # registered for it
    return JSONResponse(error.body(), error.status)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for it
    if error.status_code == 404:
        refusal = ApiError(404, f"Invalid URL ({request.method} {request.url.path})", code="unknown_url")
    else:
        refusal = ApiError(error.status_code, str(error.detail))
    return JSONResponse(refusal.body(), refusal.status)


async def _answer_own_fault(request: Request, error: Exception) -> Response:
    refusal = ApiError(
        500,
        f"The local server failed ({type(error).__name__}); see server.log.",
        code="internal",
        kind="server_error",
    )
    return JSONResponse(refusal.body(), 500)
