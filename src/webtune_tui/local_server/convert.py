"""``python -m webtune_tui.local_server.convert FILE.gguf FOLDER``: a GGUF file becomes a model folder.

The weights are de-quantized to bfloat16 safetensors, the tokenizer and its chat template are saved beside
them. Each line on stdout is one JSON object `{"done", "total", "message"}`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar
from transformers.utils.quantization_config import GgufConfig

STAGES = 4


def convert(gguf: Path, folder: Path, tell: Callable[[int, str], None]) -> None:
    """Write the model of `gguf` into `folder`; `tell` is called with the stages done so far."""
    tell(0, "Reading the tokenizer")
    tokenizer: Any = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    tell(1, "Reading and de-quantizing the weights")
    # Without dequantize=True the weights load, but can neither be saved nor trained.
    model: Any = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(gguf_file=gguf.name, dequantize=True),
    )
    tell(2, "Writing safetensors")
    model.config._name_or_path = ""
    model.save_pretrained(folder)
    tell(3, "Writing the tokenizer")
    tokenizer.save_pretrained(folder)
    tell(STAGES, "Converted")


def main(arguments: Sequence[str]) -> int:
    """Convert the file that is named; return the exit code."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # Libraries print to stdout; only our own lines may reach the reader.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves it untyped

    def tell(done: int, message: str) -> None:
        answers.write(json.dumps({"done": done, "total": STAGES, "message": message}) + "\n")
        answers.flush()

    convert(Path(arguments[0]).absolute(), Path(arguments[1]).absolute(), tell)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
