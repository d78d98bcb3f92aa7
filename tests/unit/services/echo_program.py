"""A program for tests that answers each question with its own process id and what was asked."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Answers until stdin ends; is gone at once where it is told so, and says nonsense where it is told that."""
    sys.stdin.readline()
    for line in sys.stdin:
        question = json.loads(line)
        if question.get("end"):
            return
        told = "nonsense" if question.get("odd") else json.dumps([question["number"], [os.getpid(), question], None])
        print(told, flush=True)


if __name__ == "__main__":
    main()
