"""The inference process: one base model and its adapters, asked over stdin, answering over stdout.

Each line is one JSON object. Requests have `id` and `op` (chat, loss, cancel); answers have `id` and
`event` (delta, done, error). Requests take turns, since the active adapter is state of the shared model.
"""

from __future__ import annotations

import inspect
import itertools
import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    StoppingCriteria,
    StoppingCriteriaList,
    TextStreamer,
)

from webtune_tui.local_server.encoding import IGNORED, EncodedExample, ExampleEncoder
from webtune_tui.local_server.models import UnusableModel, check_folder, check_safetensors
from webtune_tui.local_server.processes import cpu_computes_bf16

DEFAULT_SEQUENCE_LENGTH = 512
ADAPTERS_KEPT = 4
_TOKENS_PER_PASS = 2_048
_ROWS_PER_PASS = 8

Send = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class AnswerLoss:
    """How one example's answer is predicted: summed negative log likelihood, tokens, tokens ranked first."""

    loss_sum: float
    tokens: int
    correct: int


@dataclass(frozen=True)
class LoadedBase:
    """A base model in memory with its tokenizer, its own chat template and the tokens that end an answer."""

    folder: str
    model: Any
    tokenizer: Any
    chat_template: str
    stop_ids: list[int]
    device: str
    dtype_name: str

    @property
    def context(self) -> int:
        """Return the longest text in tokens."""
        return int(getattr(self.model.config, "max_position_embeddings", 0) or 2_048)


def choose_device() -> str:
    """Return cuda or mps where torch reports it, else cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_dtype(device: str) -> str:
    """Return bfloat16 where the hardware computes in it, else float32."""
    fast = torch.cuda.is_bf16_supported() if device == "cuda" else device == "cpu" and cpu_computes_bf16()
    return "bfloat16" if fast else "float32"


def load_base(folder: Path, dtype_name: str | None = None) -> LoadedBase:
    """Load safetensors weights and a tokenizer, without running code from the folder.

    Raises:
        UnusableModel: the folder is not safe or not whole, or has no chat template.
    """
    check_folder(folder)
    device = choose_device()
    dtype_name = dtype_name or choose_dtype(device)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if not tokenizer.chat_template:
        raise UnusableModel(f"{folder} has no chat template, so it can't hold a chat. Choose an instruct model.")
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=getattr(torch, dtype_name),
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
    )
    model.to(device).eval()
    stop_ids = _stop_ids(model, tokenizer)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    template = str(tokenizer.chat_template)
    return LoadedBase(str(folder), model, tokenizer, template, stop_ids, device, dtype_name)


def _stop_ids(model: Any, tokenizer: Any) -> list[int]:
    configured = getattr(model.generation_config, "eos_token_id", None)
    ids = configured if isinstance(configured, list) else [configured]
    return list(dict.fromkeys(i for i in [tokenizer.eos_token_id, *ids] if i is not None))


def answer_losses(
    model: Any, rows: Sequence[EncodedExample], pad_id: int, is_cancelled: Callable[[], bool] = lambda: False
) -> list[AnswerLoss]:
    """Score each row's labels, in the order given; rows without labels count as zero tokens.

    Raises:
        InterruptedError: `is_cancelled` said so between two passes.
    """
    results = [AnswerLoss(0.0, 0, 0)] * len(rows)
    wanted = [i for i, row in enumerate(rows) if row.answer_tokens]
    for indexes in _passes(wanted, rows):
        if is_cancelled():
            raise InterruptedError
        for index, loss in zip(indexes, _score_pass(model, [rows[i] for i in indexes], pad_id), strict=True):
            results[index] = loss
    return results


def _passes(wanted: list[int], rows: Sequence[EncodedExample]) -> Iterator[list[int]]:
    """Group rows of like length, so that a pass holds few padding tokens and a bounded number in all."""
    group: list[int] = []
    for index in sorted(wanted, key=lambda i: len(rows[i].input_ids)):
        longest = len(rows[index].input_ids)
        if group and (len(group) == _ROWS_PER_PASS or longest * (len(group) + 1) > _TOKENS_PER_PASS):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


@torch.inference_mode()
def _score_pass(model: Any, rows: list[EncodedExample], pad_id: int) -> list[AnswerLoss]:
    device = next(model.parameters()).device
    longest = max(len(row.input_ids) for row in rows)
    input_ids = torch.tensor([row.input_ids + [pad_id] * (longest - len(row.input_ids)) for row in rows])
    labels = torch.tensor([row.labels + [IGNORED] * (longest - len(row.labels)) for row in rows])
    mask = torch.tensor([[1] * len(row.input_ids) + [0] * (longest - len(row.input_ids)) for row in rows])
    logits, targets = answer_logits(model, input_ids.to(device), mask.to(device), labels.to(device))
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    ).view(targets.shape)
    correct = (logits.argmax(dim=-1) == targets) & (targets != IGNORED)
    tokens = (targets != IGNORED).sum(dim=1)
    return [AnswerLoss(float(losses[i].sum()), int(tokens[i]), int(correct[i].sum())) for i in range(len(rows))]


def answer_logits(
    model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits (rows, positions, vocabulary; float32) and targets (rows, positions) of the answers.

    Only positions that some row is scored on pass through the head: with 49,000 words the head costs
    about as much as the layers below it, in time and in memory.
    """
    positions = (labels[:, 1:] != IGNORED).any(dim=0).nonzero().flatten()
    base = model.get_base_model() if isinstance(model, PeftModel) else model
    inputs = {"input_ids": input_ids, "attention_mask": attention_mask, "use_cache": False}
    if "logits_to_keep" in inspect.signature(type(base).forward).parameters:
        logits = model(**inputs, logits_to_keep=positions).logits
    else:
        logits = model(**inputs).logits[:, positions]
    return logits.float(), labels[:, 1:][:, positions]


class Engine:
    """Holds the weights that were asked for last; another base takes the place of the one before."""

    def __init__(self) -> None:
        self._base: LoadedBase | None = None
        self._model: Any = None
        self._adapters: dict[str, str] = {}
        self._numbers = itertools.count()

    def use(self, request: dict[str, Any]) -> tuple[LoadedBase, AbstractContextManager[Any]]:
        """Load what a request names; work inside the returned context, which has the right adapter active.

        Raises:
            UnusableModel: the weights are unsafe or not whole.
        """
        folder, dtype_name = request["base"], request.get("dtype")
        base = self._base
        if base is None or base.folder != folder or dtype_name not in (None, base.dtype_name):
            # The old weights go before the new ones come, so that memory holds one base at most.
            base = self._base = self._model = None
            self._adapters.clear()
            self._base = base = load_base(Path(folder), dtype_name)
            self._model = base.model
        base.tokenizer.chat_template = request.get("chat_template") or base.chat_template
        return base, self._with_adapter(base, request.get("adapter"))

    @property
    def model(self) -> Any:
        """Return the model as it is wrapped now."""
        return self._model

    def _with_adapter(self, base: LoadedBase, folder: str | None) -> AbstractContextManager[Any]:
        if folder is None:
            context: AbstractContextManager[Any] = (
                self._model.disable_adapter() if isinstance(self._model, PeftModel) else nullcontext()
            )
            return context
        name = self._adapters.get(folder)
        if name is None:
            name = self._load_adapter(base, folder)
        self._model.set_adapter(name)
        return nullcontext()

    def _load_adapter(self, base: LoadedBase, folder: str) -> str:
        check_safetensors(Path(folder) / "adapter_model.safetensors")
        name = f"adapter_{next(self._numbers)}"
        if isinstance(self._model, PeftModel):
            self._model.load_adapter(folder, adapter_name=name, is_trainable=False)
            while len(self._adapters) >= ADAPTERS_KEPT:
                self._model.delete_adapter(self._adapters.pop(next(iter(self._adapters))))
        else:
            self._model = PeftModel.from_pretrained(base.model, folder, adapter_name=name, is_trainable=False)
        self._model.eval()
        self._adapters[folder] = name
        return name


class DeltaStreamer(TextStreamer):
    """Sends each finished piece of text as soon as it is there."""

    def __init__(self, tokenizer: Any, send_text: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._send_text = send_text

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Called by transformers with text that later tokens can't change."""
        if text:
            self._send_text(text)


class StopWhen(StoppingCriteria):
    """Stops a generation when its request was cancelled."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        self._is_cancelled = is_cancelled

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        """Return for each row of the batch whether to stop."""
        return torch.full((input_ids.shape[0],), self._is_cancelled(), device=input_ids.device, dtype=torch.bool)


def answer_chat(engine: Engine, request: dict[str, Any], send: Send, is_cancelled: Callable[[], bool]) -> None:
    """Generate an answer; deltas first, then one `done`."""
    base, active = engine.use(request)
    prompt = ExampleEncoder(base.tokenizer, base.stop_ids, base.context).encode_prompt(request["messages"])
    room = base.context - len(prompt)
    if room < 1:
        message = f"This model's context is {base.context} tokens, but the messages have {len(prompt)}."
        send({"event": "error", "status": 400, "code": "context_length_exceeded", "message": message})
        return
    if request.get("seed") is not None:
        torch.manual_seed(request["seed"])
    with active, torch.inference_mode():
        output = engine.model.generate(
            input_ids=torch.tensor([prompt], device=base.device),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long, device=base.device),
            max_new_tokens=min(request["max_tokens"], room),
            eos_token_id=base.stop_ids or None,
            pad_token_id=base.tokenizer.pad_token_id,
            streamer=DeltaStreamer(base.tokenizer, lambda text: send({"event": "delta", "text": text})),
            stopping_criteria=StoppingCriteriaList([StopWhen(is_cancelled)]),
            **_sampling(request),
        )
    answer = output[0, len(prompt) :].tolist()
    stopped = bool(answer) and answer[-1] in base.stop_ids
    send(
        {
            "event": "done",
            "finish_reason": "stop" if stopped else "length",
            "prompt_tokens": len(prompt),
            "completion_tokens": len(answer),
        }
    )


def _sampling(request: dict[str, Any]) -> dict[str, Any]:
    if request["temperature"] <= 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {
        "do_sample": True,
        "temperature": request["temperature"],
        "top_p": request["top_p"] or 1e-6,
        "top_k": 0,
    }


def answer_loss(engine: Engine, request: dict[str, Any], send: Send, is_cancelled: Callable[[], bool]) -> None:
    """Score the last answer of each example."""
    base, active = engine.use(request)
    length = min(request.get("sequence_length") or DEFAULT_SEQUENCE_LENGTH, base.context)
    encoder = ExampleEncoder(base.tokenizer, base.stop_ids, length)
    rows = [_encode_scored(encoder, example) for example in request["examples"]]
    with active:
        losses = answer_losses(engine.model, rows, base.tokenizer.pad_token_id, is_cancelled)
    data = [{"loss": loss.loss_sum / loss.tokens if loss.tokens else None, "tokens": loss.tokens} for loss in losses]
    send({"event": "done", "data": data})


def _encode_scored(encoder: ExampleEncoder, example: dict[str, Any]) -> EncodedExample:
    messages = example["messages"]
    if not any(message["role"] == "assistant" for message in messages):
        return EncodedExample([], [], is_cut=False)
    return encoder.encode(messages, example.get("tools"))


class Requests:
    """Lines of stdin as requests; cancellations take effect at once, also while another request runs."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._cancelled: set[int] = set()

    def read(self) -> None:
        """Read until stdin ends; runs in a thread of its own."""
        for line in sys.stdin:
            request = json.loads(line)
            if request["op"] == "cancel":
                self._cancelled.add(request["id"])
            else:
                self._waiting.put(request)
        self._waiting.put(None)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield requests in order until stdin ends."""
        return iter(self._waiting.get, None)

    def is_cancelled(self, number: int) -> bool:
        """Say whether nobody waits for the answer any more."""
        return number in self._cancelled


def main() -> int:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # Libraries print to stdout; only our own lines may reach the server.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "0")) or torch.get_num_threads())
    torch.set_flush_denormal(True)
    requests, engine = Requests(), Engine()
    threading.Thread(target=requests.read, daemon=True).start()
    for request in requests:
        number = request["id"]

        def send(answer: dict[str, Any], number: int = number) -> None:
            answers.write(json.dumps({"id": number, **answer}) + "\n")
            answers.flush()

        _answer(engine, request, send, lambda number=number: requests.is_cancelled(number))  # type: ignore[misc]  # default binds the loop variable
    return 0


def _answer(engine: Engine, request: dict[str, Any], send: Send, is_cancelled: Callable[[], bool]) -> None:
    if is_cancelled():
        return
    handlers = {"chat": answer_chat, "loss": answer_loss}
    try:
        handlers[request["op"]](engine, request, send, is_cancelled)
    except InterruptedError:
        return
    except UnusableModel as error:
        send({"event": "error", "status": 400, "code": error.code, "message": error.message})
    except (
        RuntimeError,
        ValueError,
        TypeError,
        OSError,
        KeyError,
        MemoryError,
        ArithmeticError,
        LookupError,
    ) as error:
        # Templates and weights of any origin can fail in any of these ways; the process stays useful.
        send(
            {
                "event": "error",
                "status": 500,
                "code": "inference_failed",
                "message": f"{type(error).__name__}: {error}",
            }
        )


if __name__ == "__main__":
    sys.exit(main())
