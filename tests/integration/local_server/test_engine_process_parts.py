"""Parts of the processes that import torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.servers.local_engine import ROOT

pytestmark = [pytest.mark.training, pytest.mark.timeout(180)]

CHECKS = """
import errno, json, sys
from pathlib import Path
import torch
from webtune_tui.local_server.inference import Engine, answer_losses, load_base
from webtune_tui.local_server.encoding import ExampleEncoder
from webtune_tui.local_server.trainer import is_disk_full, is_out_of_memory
from peft import LoraConfig, get_peft_model

folder = Path(sys.argv[1])
work = Path(sys.argv[2])
out = {}
try:
    torch.empty(2**60)
except RuntimeError as error:
    out["real_allocation"] = is_out_of_memory(error)
out["other_error"] = is_out_of_memory(RuntimeError("shapes differ"))
out["no_space"] = is_disk_full(OSError(errno.ENOSPC, "x"), work)
out["other_os_error"] = is_disk_full(OSError(errno.ENOENT, "x"), work)

base = load_base(folder, "float32")
encoder = ExampleEncoder(base.tokenizer, base.stop_ids, 128)
rows = [
    encoder.encode([{"role": "user", "content": "q" * n}, {"role": "assistant", "content": "answer " * (n % 5 + 1)}])
    for n in range(1, 12)
]
alone = [answer_losses(base.model, [row], 0)[0] for row in rows]
together = answer_losses(base.model, rows, 0)
out["batching"] = max(abs(a.loss_sum - b.loss_sum) for a, b in zip(alone, together))
out["tokens"] = [a.tokens for a in alone] == [row.answer_tokens for row in rows]
logits = base.model(torch.tensor([rows[3].input_ids])).logits[0, :-1].log_softmax(-1)
wanted = sum(-float(logits[i, t]) for i, t in enumerate(rows[3].labels[1:]) if t != -100)
out["by_hand"] = abs(wanted - alone[3].loss_sum)

adapters = []
for number in range(6):
    model = get_peft_model(load_base(folder, "float32").model, LoraConfig(r=4, target_modules="all-linear"))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1 * (number + 1))
    model.save_pretrained(work / f"a{number}")
    adapters.append(str(work / f"a{number}"))

engine = Engine()
def loss(adapter):
    used, active = engine.use({"base": str(folder), "adapter": adapter})
    with active:
        return answer_losses(engine.model, rows, 0)[0].loss_sum
first = [loss(adapter) for adapter in [None, *adapters]]
out["distinct"] = len(set(first))
out["again"] = max(abs(a - b) for a, b in zip(first, [loss(adapter) for adapter in [None, *adapters]]))
out["kept"] = len(engine.model.peft_config)
print(json.dumps(out))
"""


def test_losses_adapters_and_error_kinds_are_what_they_say(tiny_models_dir: Path, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", CHECKS, str(tiny_models_dir / "tiny"), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=170,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout.splitlines()[-1])
    assert found["real_allocation"] is True
    assert found["other_error"] is False
    assert found["no_space"] is True
    assert found["other_os_error"] is False
    assert found["tokens"] is True
    assert found["batching"] < 1e-2
    assert found["by_hand"] < 1e-3
    assert found["distinct"] == 7
    assert found["again"] < 1e-4
    assert found["kept"] == 4
