"""``webtune chat``: talk to the tuned model or its base."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from contextlib import aclosing

from webtune_tui.cli import output
from webtune_tui.cli.command import Access, CommandContext, Outcome, whole_number
from webtune_tui.domain.errors import UsageError, WorkFailed
from webtune_tui.domain.examples import Message
from webtune_tui.providers.base import ChatDelta, ChatEnd
from webtune_tui.services.chat import ChatModel, ChatService

SUMMARY = "talk to the tuned model, or to its base"
EXAMPLES = (
    'webtune chat --once "Describe a steel bottle."',
    'webtune chat --base --once "Describe a steel bottle." --json',
    "webtune chat --model smollm2-135m",
)
ACCESS = Access.WRITE_IF_FREE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, the question and the system prompt."""
    parser.add_argument("--model", metavar="M", help="a model, job id or base (default: the newest tuned model)")
    parser.add_argument("--base", action="store_true", help="ask the base of the model instead")
    parser.add_argument("--once", metavar="TEXT", help="ask one question and end; - reads it from stdin")
    parser.add_argument("--system", metavar="TEXT", help="the system prompt (default: the one it was trained with)")
    parser.add_argument(
        "--max-tokens", type=whole_number(1), default=256, metavar="N", help="longest answer (default 256)"
    )


async def run(context: CommandContext) -> Outcome:
    """One question, or a conversation on a terminal."""
    arguments = context.arguments
    if arguments.once is None and (arguments.json or not sys.stdin.isatty()):
        raise UsageError("There is no question", hint="Give one: webtune chat --once TEXT (or --once - for stdin)")
    async with context.services() as services:
        model = await services.chat.find(arguments.model, base=arguments.base)
        system = model.system if arguments.system is None else arguments.system
        opening = [Message("system", system)] if system else []
        conversation = f"chat-{secrets.token_hex(4)}"
        if arguments.once is None:
            await _converse(context, services.chat, model, opening, conversation)
            return Outcome({"conversation": conversation})
        question = sys.stdin.read() if arguments.once == "-" else arguments.once
        started = time.monotonic()
        text, end = await _ask(
            context, services.chat, model, [*opening, Message("user", question)], conversation, not arguments.json
        )
    body = {
        "model": model.model,
        "text": text,
        "finish_reason": end.finish_reason,
        "usage": dict(end.usage),
        "seconds": round(time.monotonic() - started, 3),
    }
    if end.finish_reason is None:
        raise WorkFailed("The answer broke off", hint="Ask again; what came is kept.", fields=body)
    return Outcome(body, "")


async def _converse(
    context: CommandContext, chat: ChatService, model: ChatModel, messages: list[Message], conversation: str
) -> None:
    context.progress.say(f"{model.model}. An empty line ends the conversation.")
    while question := context.progress.ask("> ").strip():
        messages = [*messages, Message("user", question)]
        text, _ = await _ask(context, chat, model, messages, conversation, True)
        messages = [*messages, Message("assistant", text)]


async def _ask(
    context: CommandContext,
    chat: ChatService,
    model: ChatModel,
    messages: list[Message],
    conversation: str,
    is_shown: bool,
) -> tuple[str, ChatEnd]:
    """The whole answer and how it ended; shown as it comes where a person reads along."""
    pieces: list[str] = []
    end = ChatEnd(None)
    stream = chat.answer(model, messages, conversation=conversation, max_tokens=context.arguments.max_tokens)
    async with aclosing(stream):
        async for piece in stream:
            if isinstance(piece, ChatDelta):
                pieces.append(piece.text)
                if is_shown:
                    output.write_text(piece.text)
            else:
                end = piece
    if is_shown:
        output.write_text("\n")
    return "".join(pieces), end
