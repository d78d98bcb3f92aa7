"""A trainer without torch for fast tests: the same folder, the same events, made-up losses.

The server starts it instead of the real one: ``--trainer-module tests.servers.scripted_trainer``.
A file `script.json` beside the job folders changes what it does:
`{"steps": 5, "step_seconds": 0.01, "die_at_step": 3, "fail_at_step": 3, "nan_at_step": 2,
"hold_at_step": 2}`.
`hold_at_step` waits after that step until a file `go` lies in the job folder; `die_at_step` is kill -9,
as often as `deaths` says (default: always).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from webtune_tui.local_server.events_log import Event, Kind
from webtune_tui.local_server.jobs import PAUSE_FLAG, Job

CHECKPOINT_EVERY = 2


def make_fake_base(models_dir: Path, name: str = "fake") -> Path:
    """Make a folder that the server takes for a base model: a config and empty safetensors, no weights."""
    folder = models_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    header = b"{}      "
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    note = {"name": name, "source": "made by the tests", "licence": "none", "parameters": 0, "context": 512}
    (folder / "webtune.json").write_text(json.dumps(note))
    return folder


def main(job_folder: Path) -> int:
    """Play one run, going on from the newest checkpoint as the real trainer does."""
    job, script = Job(job_folder), _script(job_folder)
    total = int(script.get("steps", job.spec["hyperparameters"]["max_steps"]))
    resumed_at = max((checkpoint.step for checkpoint in job.checkpoints()), default=0)
    job.update_spec(chat_template="{{ messages }}", versions={"scripted": "1"}, dtype="float32", device="cpu")
    if not any(event.kind is Kind.METRICS for event in job.log.read()):
        _emit_metrics(job, 0, total)
    for step in range(resumed_at + 1, total + 1):
        time.sleep(float(script.get("step_seconds", 0.01)))
        if script.get("fail_at_step") == step:
            data = {"code": "training_failed", "param": None}
            job.log.append(Event(Kind.FAILED, f"Failed at step {step} as the script says", "error", data))
            return 1
        if script.get("die_at_step") == step and _deaths(job) < script.get("deaths", 99):
            print("the script says: die", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        _emit_metrics(job, step, total, is_nan=script.get("nan_at_step") == step)
        while script.get("hold_at_step") == step and not (job_folder / "go").exists():
            if job.has_flag(PAUSE_FLAG):
                break
            time.sleep(0.01)
        if step % CHECKPOINT_EVERY == 0 or step == total or job.has_flag(PAUSE_FLAG):
            _save_checkpoint(job, step)
        if job.has_flag(PAUSE_FLAG) and step < total:
            job.set_flag(PAUSE_FLAG, False)
            job.log.append(Event(Kind.PAUSED, f"Paused after step {step}", data={"reason": "requested"}))
            return 0
    (job_folder / "results.csv").write_text("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n")
    job.adapter_folder().mkdir(exist_ok=True)
    job.log.append(Event(Kind.MESSAGE, f"New fine-tuned model created: {job.tuned_name()}"))
    data = {"trained_tokens": total * 100, "seconds": 0.1}
    job.log.append(Event(Kind.SUCCEEDED, "The job has successfully completed", data=data))
    return 0


def _emit_metrics(job: Job, step: int, total: int, *, is_nan: bool = False) -> None:
    data: dict[str, Any] = {
        "step": step,
        "total_steps": total,
        "train_loss": None if is_nan or step == 0 else round(2.5 / (1 + 0.3 * step), 6),
        "train_mean_token_accuracy": None if step == 0 else round(step / total, 6),
        "step_seconds": 0.01,
    }
    if (job.folder / "validation.jsonl").exists() and (step % CHECKPOINT_EVERY == 0 or step == total):
        data |= {
            "valid_loss": round(2.6 / (1 + 0.28 * step), 6),
            "valid_mean_token_accuracy": round(step / total, 6),
        }
    if step in (0, total) and "valid_loss" in data:
        data |= {
            "full_valid_loss": data["valid_loss"],
            "full_valid_mean_token_accuracy": round(step / total, 6),
        }
    job.log.append(Event(Kind.METRICS, f"Step {step}/{total}", "warn" if is_nan else "info", data))


def _save_checkpoint(job: Job, step: int) -> None:
    (job.folder / "checkpoints" / f"checkpoint-{step}").mkdir(parents=True, exist_ok=True)
    text = f"Checkpoint created at step {step}: {job.tuned_name(step)}"
    job.log.append(Event(Kind.CHECKPOINT, text, data={"step": step, "metrics": {"step": step}}))


def _deaths(job: Job) -> int:
    return sum(event.kind is Kind.INTERRUPTED for event in job.log.read())


def _script(job_folder: Path) -> dict[str, Any]:
    path = job_folder.parent / "script.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
