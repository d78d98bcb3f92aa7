"""An inference process without torch for fast tests: it answers with the words of the last message.

Started by the server with ``--inference-module tests.servers.scripted_inference``. Words in the last
message change what it does: `DIE` ends the process in mid-answer, `SLOWLY` sends a word each 50 ms until
it is cancelled, after which it writes the request's number into the file named by SCRIPTED_CANCEL_LOG.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer requests until stdin ends."""
    waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
    cancelled: dict[int, threading.Event] = {}

    def read() -> None:
        for line in sys.stdin:
            request = json.loads(line)
            stop = cancelled.setdefault(request["id"], threading.Event())
            if request["op"] == "cancel":
                stop.set()
            else:
                waiting.put(request)
        waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    for request in iter(waiting.get, None):
        stop = cancelled[request["id"]]
        if request["op"] == "loss":
            data = [{"loss": 1.5 if request["adapter"] else 2.5, "tokens": 7} for _ in request["examples"]]
            _send(request, event="done", data=data)
        else:
            _chat(request, stop)


def _chat(request: dict[str, Any], stop: threading.Event) -> None:
    words = request["messages"][-1]["content"].split()
    if "DIE" in words:
        _send(request, event="delta", text="half an ")
        os._exit(9)
    if "SLOWLY" in words:
        while not stop.wait(0.05):
            _send(request, event="delta", text="word ")
        Path(os.environ["SCRIPTED_CANCEL_LOG"]).write_text(str(request["id"]))
        return
    who = "tuned" if request["adapter"] else "base"
    pieces = [f"{who}:", *(f" {word}" for word in words)][: request["max_tokens"]]
    for piece in pieces:
        _send(request, event="delta", text=piece)
    reason = "length" if len(pieces) <= len(words) else "stop"
    _send(request, event="done", finish_reason=reason, prompt_tokens=len(words), completion_tokens=len(pieces))


def _send(request: dict[str, Any], **answer: Any) -> None:
    print(json.dumps({"id": request["id"], **answer}), flush=True)


if __name__ == "__main__":
    main()
