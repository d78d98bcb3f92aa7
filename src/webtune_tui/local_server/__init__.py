"""The local engine: an OpenAI-compatible fine-tuning and chat server on loopback.

A program of its own (``python -m webtune_tui.local_server``); nothing else in the project imports it.
torch and its companions are imported by ``trainer``, ``inference`` and ``convert`` alone, each of which
runs in a child process.
"""

VERSION = "1"
