"""The trainer process: ``python -m webtune_tui.local_server.trainer JOB_DIR``.

Reads spec.json and the data files of a job folder, trains a LoRA adapter on the answers, and appends all
that happens to events.jsonl. Started again in the same folder it goes on from the newest whole checkpoint.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import importlib.metadata
import io
import math
import os
import secrets
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from filelock import FileLock, Timeout
from peft import LoraConfig
from transformers import PrinterCallback, TrainerCallback
from transformers.utils.logging import disable_progress_bar
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from webtune_tui.local_server.checkpoints import newest_whole_checkpoint, set_broken_aside
from webtune_tui.local_server.encoding import IGNORED, EncodedExample, ExampleEncoder
from webtune_tui.local_server.events_log import Event, Kind
from webtune_tui.local_server.hyperparameters import Hyperparameters
from webtune_tui.local_server.inference import AnswerLoss, answer_logits, answer_losses, load_base
from webtune_tui.local_server.jobs import PAUSE_FLAG, Job
from webtune_tui.local_server.models import UnusableModel
from webtune_tui.local_server.private_files import FILE_MODE, make_private_folder, write_whole
from webtune_tui.local_server.processes import this_process
from webtune_tui.local_server.training_rows import MINIMUM_EXAMPLES, read_rows

INTERMEDIATE_VALIDATION_ROWS = 64
CHECKPOINTS_KEPT = 3
NICENESS = 5
EXIT_ALREADY_RUNNING = 3

_RESERVE_NAME = ".reserve"
_RESERVE_BYTES = 256 * 1024
_SHOWN_LINES = 20
_RESULT_COLUMNS = ("step", "train_loss", "train_accuracy", "valid_loss", "valid_mean_token_accuracy")


class TrainingPaused(Exception):
    """The run stops for now; the text says why."""


class InvalidTraining(Exception):
    """The data can't be trained on; the text names the lines."""


@dataclass(frozen=True)
class Data:
    """Encoded rows of both files."""

    training: list[EncodedExample]
    validation: list[EncodedExample]

    @property
    def longest(self) -> int:
        """Return the tokens of the longest training row."""
        return max(len(row.input_ids) for row in self.training)


def main(arguments: Sequence[str]) -> int:
    """Train the job in the folder that is named; return the exit code."""
    job = Job(Path(arguments[0]).absolute())
    lock = FileLock(job.folder / ".trainer.lock", mode=FILE_MODE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        sys.stderr.write(f"Another trainer works in {job.folder}.\n")
        return EXIT_ALREADY_RUNNING
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    torch.set_flush_denormal(True)
    disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    with lock:
        job.set_child(this_process())
        _lay_down_reserve(job.folder)
        return _run_and_report(job)


def _run_and_report(job: Job) -> int:
    """Run the training and turn every way it can end into the job's last event: this program's one door."""
    try:
        Run(job).train()
    except TrainingPaused as pause:
        return _report_pause(job, str(pause), "requested")
    except InvalidTraining as error:
        return _report_failure(job, "invalid_training_file", str(error))
    except UnusableModel as error:
        return _report_failure(job, error.code, error.message)
    except Exception as error:  # noqa: BLE001  # the program's door: what is not told here would be lost
        traceback.print_exc()
        if is_disk_full(error, job.folder):
            return _report_pause(job, _disk_text(job.folder), "disk_full")
        if is_out_of_memory(error):
            return _report_failure(job, "out_of_memory", _memory_text(job, error))
        return _report_failure(job, "training_failed", f"Training failed. {type(error).__name__}: {error}"[:2_000])
    return 0


class Run:
    """One training run, from the spec to the adapter."""

    def __init__(self, job: Job) -> None:
        self.job = job
        spec = job.spec
        self.seed: int = spec["seed"]
        self._say(f"Loading the base model {spec['base_model']['name']}")
        self.base = load_base(Path(spec["base_model"]["folder"]), spec.get("dtype"))
        if spec.get("chat_template"):
            self.base.tokenizer.chat_template = spec["chat_template"]
        settled = Hyperparameters(**spec["hyperparameters"])
        torch.set_num_threads(settled.threads)
        sequence_length = min(settled.sequence_length, self.base.context)
        self.data = self._encode(sequence_length)
        chosen = "gradient_accumulation_steps" in spec["requested_hyperparameters"] or bool(spec.get("versions"))
        self.settings = replace(settled, sequence_length=sequence_length).with_rows_bounded_by(
            self.data.longest, chosen=chosen
        )
        job.update_spec(
            hyperparameters=self.settings.as_json(),
            chat_template=self.base.tokenizer.chat_template,
            dtype=self.base.dtype_name,
            device=self.base.device,
            versions=_versions(),
            rows={"training": len(self.data.training), "validation": len(self.data.validation)},
        )

    def train(self) -> None:
        """Train to the end, then leave adapter, result table and the last event."""
        checkpoints = make_private_folder(self.job.folder / "checkpoints")
        for finding in set_broken_aside(checkpoints):
            self._say(finding, "warn")
        resumed_from = newest_whole_checkpoint(checkpoints)
        self._describe(resumed_from)
        started = time.monotonic()
        trainer = AdapterTrainer(
            model=self.base.model,
            args=self._arguments(checkpoints),
            train_dataset=self._dataset(),
            processing_class=self.base.tokenizer,
            peft_config=self._lora(),
        )
        self._report_through(trainer)
        trainer.train(resume_from_checkpoint=str(resumed_from) if resumed_from else None)
        if trainer.state.global_step < self.settings.max_steps:
            raise TrainingPaused(f"Paused after step {trainer.state.global_step}")
        self._leave_adapter(trainer.model)
        self._leave_results()
        self._say(f"New fine-tuned model created: {self.job.tuned_name()}")
        data = {"trained_tokens": self._trained_tokens(), "seconds": round(time.monotonic() - started, 3)}
        self.job.log.append(Event(Kind.SUCCEEDED, "The job has successfully completed", data=data))

    def _report_through(self, trainer: Any) -> None:
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(Reporter(self.job, self.settings, self._validate if self.data.validation else None))

    def _validate(self, model: Any, *, whole: bool) -> dict[str, float | None]:
        """Return validation metrics: `valid_*` on the first rows, with `whole` also `full_valid_*` on all."""
        rows = self.data.validation if whole else self.data.validation[:INTERMEDIATE_VALIDATION_ROWS]
        model.eval()
        losses = answer_losses(model, rows, self.base.tokenizer.pad_token_id)
        model.train()
        metrics = _mean(losses[:INTERMEDIATE_VALIDATION_ROWS], "valid")
        return {**metrics, **_mean(losses, "full_valid")} if whole else metrics

    def _encode(self, sequence_length: int) -> Data:
        encoder = ExampleEncoder(self.base.tokenizer, self.base.stop_ids, sequence_length)
        training = self._encode_file("train.jsonl", encoder, sequence_length)
        validation = self._encode_file("validation.jsonl", encoder, sequence_length)
        if len(training) < MINIMUM_EXAMPLES:
            raise InvalidTraining(
                f"Only {len(training)} training examples have an answer within {sequence_length} tokens; "
                f"at least {MINIMUM_EXAMPLES} are needed. Raise sequence_length or shorten the prompts."
            )
        return Data(training, validation)

    def _encode_file(self, name: str, encoder: ExampleEncoder, sequence_length: int) -> list[EncodedExample]:
        path = self.job.folder / name
        if not path.exists():
            return []
        kept, without_answer, cut = [], [], []
        for row in read_rows(path):
            encoded = encoder.encode(row.messages, row.tools, weighted=True)
            if encoded.answer_tokens == 0:
                without_answer.append(row.line)
                continue
            if encoded.is_cut:
                cut.append(row.line)
            kept.append(encoded)
        if without_answer:
            text = f"{name}: {len(without_answer)} examples are left out, since no part of their answer to learn"
            self._say(f"{text} lies within {sequence_length} tokens ({_lines(without_answer)})", "warn")
        if cut:
            text = f"{name}: {len(cut)} examples are longer than {sequence_length} tokens"
            self._say(f"{text}, so their answers are cut ({_lines(cut)})", "warn")
        return kept

    def _describe(self, resumed_from: Path | None) -> None:
        settings, rows = self.settings, self.data.training
        tokens = sum(len(row.input_ids) for row in rows)
        answers = sum(row.answer_tokens for row in rows)
        self._say(
            f"Training on {len(rows)} examples: {answers} of {tokens} tokens are answers and are learned; "
            f"{settings.max_steps} steps of {settings.batch_size} rows ({settings.rows_at_once} at once), "
            f"LoRA r={settings.lora_rank}, lr {settings.learning_rate:g}, "
            f"{self.base.dtype_name} on {self.base.device}"
        )
        if resumed_from is not None:
            self._say(f"Going on from {resumed_from.name}")

    def _arguments(self, checkpoints: Path) -> Any:
        settings = self.settings
        return SFTConfig(
            output_dir=str(checkpoints),
            per_device_train_batch_size=settings.rows_at_once,
            gradient_accumulation_steps=settings.gradient_accumulation_steps,
            num_train_epochs=settings.n_epochs,
            max_steps=settings.max_steps,
            learning_rate=settings.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=settings.warmup_steps,
            weight_decay=0.0,
            max_grad_norm=1.0,
            optim="adamw_torch",
            seed=self.seed,
            data_seed=self.seed,
            logging_strategy="steps",
            logging_steps=settings.logging_steps,
            logging_nan_inf_filter=False,
            save_strategy="steps",
            save_steps=settings.save_steps,
            save_total_limit=CHECKPOINTS_KEPT,
            eval_strategy="no",
            use_cpu=self.base.device == "cpu",
            bf16=False,
            fp16=False,
            gradient_checkpointing=False,
            dataloader_pin_memory=False,
            dataset_kwargs={"skip_prepare_dataset": True},
            remove_unused_columns=False,
            max_length=None,
            packing=False,
            report_to="none",
            disable_tqdm=True,
        )

    def _lora(self) -> Any:
        return LoraConfig(
            r=self.settings.lora_rank,
            lora_alpha=self.settings.lora_alpha,
            lora_dropout=self.settings.lora_dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )

    def _dataset(self) -> Any:
        rows = self.data.training
        return Dataset.from_dict({"input_ids": [row.input_ids for row in rows], "labels": [row.labels for row in rows]})

    def _leave_adapter(self, model: Any) -> None:
        """Save adapter and tokenizer; the folder is there whole or not at all."""
        unfinished = make_private_folder(self.job.folder / f".adapter-{secrets.token_hex(4)}")
        model.save_pretrained(unfinished)
        self.base.tokenizer.save_pretrained(unfinished)
        for file in unfinished.iterdir():
            file.chmod(FILE_MODE)
        target = self.job.adapter_folder()
        if target.exists():
            shutil.rmtree(target)
        unfinished.rename(target)

    def _leave_results(self) -> None:
        """Write the table of metrics, one row a step; an empty cell is no value."""
        by_step = {event.data["step"]: event.data for event in self.job.log.read() if event.kind is Kind.METRICS}
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(_RESULT_COLUMNS)
        for step, data in sorted(by_step.items()):
            values = (
                data.get("train_loss"),
                data.get("train_mean_token_accuracy"),
                data.get("valid_loss"),
                data.get("valid_mean_token_accuracy"),
            )
            table.writerow([step, *("" if value is None else value for value in values)])
        write_whole(self.job.folder / "results.csv", text.getvalue().encode())

    def _trained_tokens(self) -> int:
        tokens = sum(len(row.input_ids) for row in self.data.training)
        epochs = self.settings.max_steps * self.settings.batch_size / len(self.data.training)
        return round(tokens * epochs)

    def _say(self, message: str, level: str = "info") -> None:
        self.job.log.append(Event(Kind.MESSAGE, message, level))


class AdapterTrainer(SFTTrainer):
    """TRL's trainer, with a loss that is quicker on a CPU and without a model card per checkpoint."""

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the summed loss of the answer tokens over the number of them in the whole batch.

        TRL's fused head scores prompt tokens too where there is no GPU, and computes everything twice.
        """
        if return_outputs:
            original: Callable[..., Any] = super().compute_loss
            return original(model, inputs, return_outputs, num_items_in_batch)
        logits, targets = answer_logits(model, inputs["input_ids"], inputs["attention_mask"], inputs["labels"])
        learned = targets != IGNORED
        count = learned.sum().clamp(min=1)
        self._metrics["train"]["mean_token_accuracy"].append(
            float(((logits.detach().argmax(dim=-1) == targets) & learned).sum() / count)
        )
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return loss / (count if num_items_in_batch is None else num_items_in_batch)

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """Write nothing: the product makes its own card."""


class Reporter(TrainerCallback):
    """Turns what the Trainer does into events, validates when it is due, and stops for a pause."""

    def __init__(self, job: Job, settings: Hyperparameters, validate: Callable[..., dict[str, Any]] | None) -> None:
        self._job = job
        self._settings = settings
        self._validate = validate
        self._step_started = time.monotonic()
        self._step_seconds = 0.0
        self._validation: dict[str, Any] = {}
        self._last_metrics: dict[str, Any] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Validate the untouched base model, once in the life of a job."""
        was_measured = any(event.kind is Kind.METRICS for event in self._job.log.read())
        if not was_measured:
            validation = self._validate(kwargs["model"], whole=True) if self._validate else {}
            self._emit({"step": 0, "total_steps": self._settings.max_steps, "train_loss": None, **validation})
        if self._job.has_flag(PAUSE_FLAG):
            raise TrainingPaused(f"Paused before step {state.global_step + 1}")

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock of a step."""
        self._step_started = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Validate when it is due; ask for a checkpoint and a stop when a pause is wanted."""
        self._step_seconds = time.monotonic() - self._step_started
        is_last = state.global_step >= self._settings.max_steps
        if self._validate and (is_last or state.global_step % self._settings.eval_steps == 0):
            self._validation = self._validate(kwargs["model"], whole=is_last)
        if self._job.has_flag(PAUSE_FLAG) and not is_last:
            control.should_save = True
            control.should_training_stop = True
        if self._validation or is_last or control.should_training_stop:
            control.should_log = True
        if control.should_save:
            self._check_space(kwargs["model"])

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Report a step."""
        if not logs or "loss" not in logs:
            return
        validation, self._validation = self._validation, {}
        self._emit(
            {
                "step": state.global_step,
                "total_steps": self._settings.max_steps,
                "train_loss": logs["loss"],
                "train_mean_token_accuracy": logs.get("mean_token_accuracy"),
                **validation,
                "learning_rate": logs.get("learning_rate"),
                "grad_norm": logs.get("grad_norm"),
                "step_seconds": self._step_seconds,
            }
        )

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report a checkpoint once it is on disk."""
        name = f"checkpoint-{state.global_step}"
        for file in (Path(args.output_dir) / name).iterdir():
            file.chmod(FILE_MODE)
        shown = {key: value for key, value in self._last_metrics.items() if key in _CHECKPOINT_METRICS}
        data = {"step": state.global_step, "metrics": {**shown, "step": state.global_step}}
        text = f"Checkpoint created at step {state.global_step}: {self._job.tuned_name(state.global_step)}"
        self._job.log.append(Event(Kind.CHECKPOINT, text, data=data))

    def _emit(self, metrics: dict[str, Any]) -> None:
        lost = [key for key, value in metrics.items() if isinstance(value, float) and not math.isfinite(value)]
        finite = {key: None if key in lost else _rounded(value) for key, value in metrics.items()}
        self._last_metrics = finite
        message = _step_text(finite)
        if lost:
            message += f"; not a number: {', '.join(lost)} (a lower learning rate may help)"
        self._job.log.append(Event(Kind.METRICS, message, "warn" if lost else "info", finite))

    def _check_space(self, model: Any) -> None:
        trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
        # The adapter and AdamW's two moments, each in 4 bytes, and the tokenizer.
        needed = trainable * 12 + 16 * 1024 * 1024
        if shutil.disk_usage(self._job.folder).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_CHECKPOINT_METRICS = (
    "train_loss",
    "train_mean_token_accuracy",
    "valid_loss",
    "valid_mean_token_accuracy",
    "full_valid_loss",
    "full_valid_mean_token_accuracy",
)


def is_disk_full(error: BaseException, folder: Path) -> bool:
    """Say whether an error came from a full disk; torch and safetensors hide the system's number in texts."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error).lower()
    if "no space left" in text or "disk quota" in text:
        return True
    is_failed_write = "write" in text and isinstance(error, RuntimeError)
    return is_failed_write and shutil.disk_usage(folder).free < 64 * 1024 * 1024


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error came from memory running out, on a GPU or in RAM."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(
        sign in text
        for sign in ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")
    )


def _report_pause(job: Job, message: str, reason: str) -> int:
    (job.folder / _RESERVE_NAME).unlink(missing_ok=True)
    job.set_flag(PAUSE_FLAG, False)
    job.log.append(Event(Kind.PAUSED, message, "info" if reason == "requested" else "warn", {"reason": reason}))
    return 0


def _report_failure(job: Job, code: str, message: str) -> int:
    (job.folder / _RESERVE_NAME).unlink(missing_ok=True)
    job.log.append(Event(Kind.FAILED, message, "error", {"code": code, "param": None}))
    return 1


def _lay_down_reserve(folder: Path) -> None:
    """Keep some space back, so that a full disk can still be told in events.jsonl."""
    with contextlib.suppress(OSError):
        write_whole(folder / _RESERVE_NAME, os.urandom(_RESERVE_BYTES))


def _disk_text(folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 1e6
    newest = newest_whole_checkpoint(folder / "checkpoints")
    kept = f"{newest.name} is whole and kept" if newest else "no checkpoint was saved yet"
    return f"Paused: the disk is full ({free:.0f} MB free); {kept}. Make space, then resume the job."


def _memory_text(job: Job, error: BaseException) -> str:
    settings = Hyperparameters(**job.spec["hyperparameters"])
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return f"Memory ran out ({reason}). Use less: {settings.smaller()}."


def _mean(losses: Sequence[AnswerLoss], prefix: str) -> dict[str, float | None]:
    tokens = sum(loss.tokens for loss in losses)
    if not tokens:
        return {f"{prefix}_loss": None, f"{prefix}_mean_token_accuracy": None}
    return {
        f"{prefix}_loss": sum(loss.loss_sum for loss in losses) / tokens,
        f"{prefix}_mean_token_accuracy": sum(loss.correct for loss in losses) / tokens,
    }


def _step_text(metrics: dict[str, Any]) -> str:
    parts = [
        f"{label}={metrics[key]:.4f}" if metrics[key] is not None else f"{label}=none"
        for key, label in (
            ("train_loss", "training loss"),
            ("valid_loss", "validation loss"),
            ("full_valid_loss", "full validation loss"),
        )
        if key in metrics and not (key == "train_loss" and metrics["step"] == 0)
    ]
    return f"Step {metrics['step']}/{metrics['total_steps']}: {', '.join(parts) or 'start'}"


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def _lines(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN_LINES]))
    return f"lines {shown}" + (" ..." if len(numbers) > _SHOWN_LINES else "")


def _versions() -> dict[str, str]:
    names = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers", "safetensors")
    return {name: importlib.metadata.version(name) for name in names}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
