"""Tokens with which a chat template steers a model: as text in a record they would be obeyed by a trainer."""

from __future__ import annotations

import re
from collections import Counter

_ANGLED = (
    r"<\|([A-Za-z0-9_/ :.-]{1,40})\|>|<｜([^<>｜\n]{1,40})｜>|<<(/?SYS)>>"
    r"|<(/?(?:s|bos|eos|pad|unk|mask|sop|eop|eoh|eoa|eot|start_of_turn|end_of_turn|start_of_image|end_of_image"
    r"|think|tools?|tool_call|tool_calls|tool_response|tool_code|tool_output|function_call|function_response"
    r"|fim_prefix|fim_middle|fim_suffix|fim_pad|file_sep|repo_name|reponame|endoftext|image_soft_token"
    r"|(?:BOS|EOS|PAD|UNK|MASK|SEP|CLS)_TOKEN|extra_id_\d{1,3}|unused\d{1,4}|reserved_\d{1,4}|minimax:tool_call))>"
)
_SQUARE = (
    r"\[(/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|CALL_ID|ARGS|THINK|MODEL_SETTINGS"
    r"|IMG|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO|PREFIX|MIDDLE|SUFFIX|BOS|EOS|PAD|UNK|gMASK|sMASK|MASK|CLS|SEP))\]"
)
MODEL_TOKEN = re.compile(f"{_ANGLED}|{_SQUARE}")
"""Any of them; each group is the bare name of one notation."""

_ANGLED_TOKEN = re.compile(_ANGLED)  # apart, since each then begins with a character that is quickly looked for
_SQUARE_TOKEN = re.compile(_SQUARE)


def has_model_token(text: str) -> bool:
    """Whether there is one."""
    return ("<" in text and _ANGLED_TOKEN.search(text) is not None) or (
        "[" in text and _SQUARE_TOKEN.search(text) is not None
    )


def neutralised(text: str, removed: Counter[str]) -> str:
    """The text with ``(im_start)`` for ``<|im_start|>``; counted as ``model_token``."""
    for sign, pattern in (("<", _ANGLED_TOKEN), ("[", _SQUARE_TOKEN)):
        if sign in text:
            text, count = pattern.subn(_bare, text)
            if count:
                removed["model_token"] += count
    return text


def _bare(match: re.Match[str]) -> str:
    return f"({next(group for group in match.groups() if group)})"
