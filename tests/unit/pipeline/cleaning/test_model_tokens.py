"""Tokens that steer a model are text in a record."""

from __future__ import annotations

import pytest

from webtune_tui.pipeline.cleaning import MODEL_TOKEN, Cleaner


def _tokens(text: str) -> list[str]:
    return text.split()


TOKENS = _tokens(
    """
    <|im_start|> <|endoftext|> [INST] [/INST] <<SYS>> <</SYS>> <start_of_turn> <end_of_turn> <|begin_of_text|>
    <|start_header_id|> <|eot_id|> <｜begin▁of▁sentence｜> <｜User｜> [TOOL_CALLS] [AVAILABLE_TOOLS]
    [/AVAILABLE_TOOLS] [TOOL_RESULTS] [SYSTEM_PROMPT] <tool_call> </tool_call> <tool_response> <think>
    </think> <bos> <eos> <pad> <unk> <|channel|> <|START_OF_TURN_TOKEN|> <extra_id_12> <fim_middle>
    <|fim_prefix|> [gMASK] <BOS_TOKEN> <unused3> </s>
    """
)


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_becomes_a_word_in_brackets(token: str) -> None:
    cleaner = Cleaner(html=False)
    cleaned = cleaner.clean(f"say {token} now")
    assert cleaned.startswith("say (") and cleaned.endswith(") now")
    assert MODEL_TOKEN.search(cleaned) is None
    assert cleaner.removed == {"model_token": 1}


@pytest.mark.parametrize(
    "text", ["[install]", "[1]", "a <sigma> b", "x <| y", "[inst]", "<s3>", "array[INDEX]", "[EMAIL_1]"]
)
def test_other_brackets_stay(text: str) -> None:
    assert Cleaner().clean(text) == text
