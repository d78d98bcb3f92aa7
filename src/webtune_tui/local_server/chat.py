"""Chat and loss requests: checked, given to the inference process, answered whole or as a stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from webtune_tui.local_server.inference_client import InferenceClient
from webtune_tui.local_server.jobs import Job, JobStore
from webtune_tui.local_server.models import BaseCatalogue, UnusableModel, parse_tuned_name
from webtune_tui.local_server.openai_objects import (
    ApiError,
    Json,
    chunk_maker,
    completion_id,
    completion_object,
    invalid,
    usage_object,
)
from webtune_tui.local_server.training_rows import BadRow, checked_messages

DEFAULT_MAX_TOKENS = 256
_MOST_EXAMPLES = 2_000
_UNSUPPORTED = ("tools", "functions", "logprobs", "stop", "audio", "prediction", "logit_bias")


class ModelLoader:
    """Says which folders and which chat template a model's name stands for."""

    def __init__(self, bases: BaseCatalogue, jobs: JobStore) -> None:
        self._bases = bases
        self._jobs = jobs

    def load_request(self, model: object) -> Json:
        """Return the part of an inference request that names the weights.

        Raises:
            ApiError: there is no such model, or it can't be loaded safely.
        """
        if not isinstance(model, str) or not model:
            raise invalid("You must provide a model parameter.", param="model")
        tuned = parse_tuned_name(model)
        if tuned is None:
            return {"base": str(self._base_folder(model)), "adapter": None, "chat_template": None}
        job = self._jobs.get(tuned.job_id)
        if job is None or job.tuned_name(tuned.checkpoint_step) != model:
            raise unknown_model(model)
        spec = job.spec
        return {
            "base": str(self._base_folder(spec["base_model"]["name"], spec["base_model"]["folder"])),
            "adapter": self._adapter(job, tuned.checkpoint_step, model),
            "chat_template": spec.get("chat_template"),
            "sequence_length": (spec.get("hyperparameters") or {}).get("sequence_length"),
            "dtype": spec.get("dtype"),
        }

    def _base_folder(self, name: str, remembered: str | None = None) -> str:
        try:
            return str(self._bases.find(name).folder)
        except UnusableModel as error:
            if remembered is not None:
                return self._base_folder(remembered)
            raise ApiError(404, error.message, code="model_not_found", param="model") from error

    def _adapter(self, job: Job, step: int | None, model: str) -> str:
        if step is not None:
            found = next((point.folder for point in job.checkpoints() if point.step == step), None)
        else:
            found = job.adapter_folder() if job.status() == "succeeded" else None
        if found is None:
            raise unknown_model(model)
        return str(found)


class Chat:
    """Answers chat completions and losses."""

    def __init__(self, loader: ModelLoader, inference: InferenceClient) -> None:
        self._loader = loader
        self._inference = inference

    async def complete(self, request: Request, body: Json) -> Response:
        """Answer a chat completion; a client that goes away stops the work."""
        _refuse_unsupported(body)
        asked = {
            "op": "chat",
            **await asyncio.to_thread(self._loader.load_request, body.get("model")),
            "messages": _messages(body.get("messages"), "messages"),
            "max_tokens": _whole(body, "max_completion_tokens", _whole(body, "max_tokens", DEFAULT_MAX_TOKENS)),
            "temperature": _number(body, "temperature", 0.0, 0.0, 2.0),
            "top_p": _number(body, "top_p", 1.0, 0.0, 1.0),
            "seed": body.get("seed") if isinstance(body.get("seed"), int) else None,
        }
        model = str(body["model"])
        if body.get("stream"):
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            return await self._stream(request, asked, model, with_usage=with_usage)
        async with aclosing(self._answers(request, asked)) as coming:
            answers = [answer async for answer in coming]
        text = "".join(answer["text"] for answer in answers if answer["event"] == "delta")
        end = answers[-1]
        usage = usage_object(end["prompt_tokens"], end["completion_tokens"])
        return JSONResponse(completion_object(completion_id(), model, text, end["finish_reason"], usage))

    async def loss(self, request: Request, body: Json) -> Response:
        """Answer the mean negative log likelihood per answer token for each example."""
        examples = body.get("examples")
        if not isinstance(examples, list) or not 1 <= len(examples) <= _MOST_EXAMPLES:
            raise invalid(f"'examples' must be a list of 1 to {_MOST_EXAMPLES} examples.", param="examples")
        load = await asyncio.to_thread(self._loader.load_request, body.get("model"))
        if body.get("sequence_length") is not None:
            load["sequence_length"] = _whole(body, "sequence_length", 512)
        asked = {
            "op": "loss",
            **load,
            "examples": [_loss_example(i, value) for i, value in enumerate(examples)],
        }
        async with aclosing(self._answers(request, asked)) as coming:
            answers = [answer async for answer in coming]
        return JSONResponse({"object": "list", "model": body["model"], "data": answers[-1]["data"]})

    async def _stream(self, request: Request, asked: Json, model: str, *, with_usage: bool) -> Response:
        answers = self._answers(request, asked)
        # The first answer is awaited before the headers go out, so that a refusal still is a status.
        first = await anext(answers)

        async def lines() -> AsyncIterator[str]:
            chunk = chunk_maker(model, with_usage=with_usage)
            yield _sse(chunk({"role": "assistant", "content": ""}))
            async with aclosing(answers):
                try:
                    async for answer in _chain(first, answers):
                        if answer["event"] == "delta":
                            yield _sse(chunk({"content": answer["text"]}))
                        elif answer["event"] == "done":
                            yield _sse(chunk(finish_reason=answer["finish_reason"]))
                            if with_usage:
                                usage = usage_object(answer["prompt_tokens"], answer["completion_tokens"])
                                yield _sse(chunk(usage=usage))
                            yield "data: [DONE]\n\n"
                except ApiError as error:
                    yield _sse(error.body())

        return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    def _answers(self, request: Request, asked: Json) -> AsyncGenerator[Json, None]:
        return self._inference.ask(asked, _client_gone(request))


def unknown_model(model: str) -> ApiError:
    """Return the error for a model that does not exist."""
    return ApiError(
        404,
        f"The model '{model[:200]}' does not exist or you do not have access to it.",
        code="model_not_found",
    )


async def _client_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


async def _chain(first: Json, rest: AsyncIterator[Json]) -> AsyncGenerator[Json, None]:
    yield first
    async for answer in rest:
        yield answer


def _sse(value: Json) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def _refuse_unsupported(body: Json) -> None:
    if body.get("n") not in (None, 1):
        raise invalid("Only one answer at a time is possible here ('n' must be 1).", param="n")
    for name in _UNSUPPORTED:
        if body.get(name):
            raise invalid(f"'{name}' is not possible with the local engine.", code="unsupported_parameter", param=name)
    if (body.get("response_format") or {}).get("type", "text") != "text":
        raise invalid("Only plain text answers are possible here.", param="response_format")


def _messages(value: object, param: str) -> list[Json]:
    try:
        return checked_messages(value)
    except BadRow as reason:
        raise invalid(f"'{param}': {reason}.", param=param) from reason


def _loss_example(index: int, value: object) -> Json:
    if not isinstance(value, dict):
        raise invalid(f"examples[{index}] is not an object.", param="examples")
    return {
        "messages": _messages(value.get("messages"), f"examples[{index}].messages"),
        "tools": value.get("tools"),
    }


def _whole(body: Json, name: str, default: int) -> int:
    value: Any = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise invalid(f"'{name}' must be a whole number of at least 1.", param=name)
    return value


def _number(body: Json, name: str, default: float, low: float, high: float) -> float:
    value: Any = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise invalid(f"'{name}' must lie between {low:g} and {high:g}.", param=name)
    return float(value)
