"""The local engine as a provider: starts the loopback server where none runs, then talks to it like to any other."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from webtune_tui.domain.credentials import Secret, without_keys
from webtune_tui.domain.errors import WorkFailed
from webtune_tui.domain.examples import Message
from webtune_tui.domain.jobs import Checkpoint, JobEvent, MetricPoint
from webtune_tui.domain.masking import remember
from webtune_tui.providers.base import (
    BaseModel,
    Capabilities,
    ChatDelta,
    ChatEnd,
    HeldOutLoss,
    JobSpec,
    RemoteJob,
)
from webtune_tui.providers.sdk.client import OpenAICompatibleProvider

_START_SECONDS = 60
_LOSS_SECONDS = 600


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a running server listens, as it wrote it into ``server.json``."""

    base_url: str
    token: Secret
    pid: int


class LocalProvider:
    """The provider ``local``. Every call finds the living server first, so that an idle one may end at any time."""

    def __init__(
        self,
        capabilities: Capabilities,
        *,
        jobs_folder: Path,
        models_folder: Path,
        threads: int | None,
        idle_seconds: int,
    ) -> None:
        self.capabilities = capabilities
        self.address = "http://127.0.0.1"
        self._jobs_folder = jobs_folder
        self._models_folder = models_folder
        self._threads = threads
        self._idle_seconds = idle_seconds
        self._server: ServerAddress | None = None
        self._api: _EngineApi | None = None
        self._starting = asyncio.Lock()

    async def check(self) -> str:
        """Starts the server where needed and counts its models."""
        return await (await self._connected()).check()

    async def bases(self) -> Sequence[BaseModel]:
        """The base models in the cache."""
        return await (await self._connected()).bases()

    async def upload(self, path: Path) -> str:
        """Hands a training file to the server."""
        return await (await self._connected()).upload(path)

    async def find_upload(self, name: str, size: int) -> str | None:
        """A file that the server already has."""
        return await (await self._connected()).find_upload(name, size)

    async def create(self, spec: JobSpec) -> RemoteJob:
        """Creates the job; the server answers the same job to the same run id."""
        return self._with_spec(await (await self._connected()).create(spec))

    async def find(self, run_id: str, *, since: str) -> RemoteJob | None:
        """The job with our run id."""
        found = await (await self._connected()).find(run_id, since=since)
        return found and self._with_spec(found)

    async def retrieve(self, provider_job_id: str) -> RemoteJob:
        """The job's state, with the system prompt and chat template that it really uses."""
        return self._with_spec(await (await self._connected()).retrieve(provider_job_id))

    async def events(self, provider_job_id: str, *, known: frozenset[str]) -> Sequence[JobEvent]:
        """New events, oldest first."""
        return await (await self._connected()).events(provider_job_id, known=known)

    async def metrics(self, provider_job_id: str, events: Sequence[JobEvent]) -> Sequence[MetricPoint]:
        """The points inside the events."""
        return await (await self._connected()).metrics(provider_job_id, events)

    async def checkpoints(self, provider_job_id: str) -> Sequence[Checkpoint]:
        """The whole checkpoints on disk."""
        return await (await self._connected()).checkpoints(provider_job_id)

    async def cancel(self, provider_job_id: str) -> RemoteJob:
        """Stops the training process."""
        return await (await self._connected()).cancel(provider_job_id)

    async def pause(self, provider_job_id: str) -> RemoteJob:
        """Stops after the present step with a checkpoint."""
        return await (await self._connected()).pause(provider_job_id)

    async def resume(self, provider_job_id: str) -> RemoteJob:
        """Goes on from the newest checkpoint."""
        return await (await self._connected()).resume(provider_job_id)

    async def chat(
        self, model: str, messages: Sequence[Message], *, max_tokens: int, temperature: float
    ) -> AsyncGenerator[ChatDelta | ChatEnd]:
        """Streams an answer of a base or tuned model."""
        api = await self._connected()
        async for piece in api.chat(model, messages, max_tokens=max_tokens, temperature=temperature):
            yield piece

    async def held_out_losses(
        self, model: str, examples: Sequence[Sequence[Message]], *, sequence_length: int | None = None
    ) -> Sequence[HeldOutLoss]:
        """The loss of each example's last answer, by the engine's own extension of the API."""
        return await (await self._connected()).losses(model, examples, sequence_length)

    async def aclose(self) -> None:
        """Closes the connections; the server and its training go on."""
        if self._api is not None:
            await self._api.aclose()
            self._api = None

    async def _connected(self) -> _EngineApi:
        async with self._starting:
            if self._api is not None and self._server is not None and _is_alive(self._server.pid):
                return self._api
            await self.aclose()
            self._server = await self._find_or_start()
            self._api = _EngineApi(self.capabilities, self._server.base_url, self._server.token)
            self.address = self._server.base_url
            return self._api

    async def _find_or_start(self) -> ServerAddress:
        server = _read_address(self._jobs_folder)
        if server is not None and await _answers(server):
            return server
        process = await asyncio.to_thread(self._spawn)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            server = _read_address(self._jobs_folder)
            if server is not None and await _answers(server):
                return server
            # exit 3: another process started the server at the same moment; its address is about to appear
            if process.poll() not in (None, 3):
                break
            await asyncio.sleep(0.1)
        raise WorkFailed(
            "The local engine did not start",
            hint=f"Its log lies in {self._jobs_folder / 'server.log'}",
        )

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Starts the server as a program of its own, which outlives this one."""
        command = [
            sys.executable, "-m", "webtune_tui.local_server",
            "--jobs-dir", str(self._jobs_folder),
            "--models-dir", str(self._models_folder),
            "--idle-seconds", str(self._idle_seconds),
        ]  # fmt: skip
        if self._threads:
            command += ["--threads", str(self._threads)]
        log = os.open(self._jobs_folder / "server-start.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=without_keys(os.environ),
            )
        finally:
            os.close(log)

    def _with_spec(self, job: RemoteJob) -> RemoteJob:
        """Adds what the job folder says was really used: system prompt and chat template."""
        import dataclasses

        spec = _read_json(self._jobs_folder / job.provider_job_id.removeprefix("ftjob-") / "spec.json")
        used = {name: spec[name] for name in ("system_prompt", "chat_template") if name in spec}
        return dataclasses.replace(job, hyperparameters={**job.hyperparameters, **used})


class _EngineApi(OpenAICompatibleProvider):
    """The connection to one running server."""

    async def losses(
        self, model: str, examples: Sequence[Sequence[Message]], sequence_length: int | None
    ) -> Sequence[HeldOutLoss]:
        """Posts to the extension; the order of the answer is that of the examples."""
        body: dict[str, Any] = {
            "model": model,
            "examples": [
                {"messages": [{"role": m.role, "content": m.content} for m in messages]} for messages in examples
            ],
        }
        if sequence_length:
            body["sequence_length"] = sequence_length
        with self._translated():
            reply: Any = await self._once.with_options(timeout=_LOSS_SECONDS).post(
                "/webtune/loss", cast_to=object, body=body
            )
        return [HeldOutLoss(row["loss"], int(row["tokens"])) for row in reply["data"]]


def _is_alive(pid: int) -> bool:
    """Whether the server's process still runs; cheap enough for every call, unlike a new connection."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _answers(server: ServerAddress) -> bool:
    address = server.base_url.removesuffix("/v1") + "/healthz"
    try:
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            return (await client.get(address)).status_code == 200
    except httpx2.HTTPError:
        return False


def _read_address(jobs_folder: Path) -> ServerAddress | None:
    body = _read_json(jobs_folder / "server.json")
    try:
        token = str(body["token"])
        remember(token)
        return ServerAddress(str(body["base_url"]), Secret(token), int(body["pid"]))
    except (KeyError, ValueError):
        return None


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}
