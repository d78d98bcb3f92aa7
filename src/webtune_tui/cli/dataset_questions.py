"""``webtune dataset questions``: a model writes the questions that texts without one answer."""

from __future__ import annotations

import argparse
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand, whole_number
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.errors import OutcomeUnknown, UsageError, WebtuneError
from webtune_tui.domain.events import Noted, Progressed

if TYPE_CHECKING:
    from webtune_tui.services.generate_questions import QuestionPlan, QuestionsWritten


def add_questions_command(group: Any) -> None:
    """The command."""
    questions = add_subcommand(
        group,
        "questions",
        _questions,
        access=Access.WRITE,
        summary="Let a model write the questions of texts that have none; each is asked and paid once.",
        examples=(
            "webtune dataset questions --dry-run",
            "webtune dataset questions --provider local --model smollm2-135m --limit 20",
            "webtune dataset questions --provider openai --model M --input-price 0.4 --output-price 1.6",
        ),
    )
    questions.add_argument("--provider", metavar="P", help="who answers (default: that of the settings)")
    questions.add_argument("--model", metavar="M", help="the model that writes (default: the base of the settings)")
    questions.add_argument("--limit", type=whole_number(1), metavar="N", help="ask for N texts at most")
    questions.add_argument("--dry-run", action="store_true", help="tell what would be asked and cost; send nothing")
    questions.add_argument("--input-price", type=_price, metavar="USD", help="for a million tokens that are read")
    questions.add_argument("--output-price", type=_price, metavar="USD", help="for a million tokens that are written")
    questions.add_argument(
        "--resend-unknown", action="store_true", help="ask again, and perhaps pay again, where an answer was lost"
    )


async def _questions(context: CommandContext) -> Outcome:
    from webtune_tui.services.generate_questions import QuestionsWritten, TokenPrices  # the other commands do without

    given = context.arguments
    if (given.input_price is None) != (given.output_price is None):
        raise UsageError("One price is missing", hint="Give both --input-price and --output-price.")
    prices = None if given.input_price is None else TokenPrices(given.input_price, given.output_price)
    async with context.services() as services:
        plan = await services.questions.plan(
            provider=given.provider,
            model=given.model,
            limit=given.limit,
            prices=prices,
            resend_unknown=given.resend_unknown,
        )
        body = _plan_body(plan)
        if given.dry_run or not plan.texts:
            return Outcome(body | _NOTHING_DONE, _planned(plan))
        if plan.is_paid:
            cost = "a price that is not known" if plan.cost is None else f"at most {usd(plan.cost)}"
            context.confirm(f"Ask {plan.model} at {plan.provider} for {len(plan.texts):,} questions, for {cost}?")
        written: QuestionsWritten | None = None
        async with aclosing(services.questions.run(plan)) as events:
            async for event in events:
                match event:
                    case Progressed(done=done, total=total):
                        context.progress.update(f"{done} of {total} questions")
                    case Noted(message=message):
                        context.progress.say(message)
                    case QuestionsWritten():
                        written = event
    assert written is not None
    body |= _written_body(written)
    fault = written.fault
    if fault is None and written.unknown:
        fault = OutcomeUnknown(
            f"{written.unknown} of {written.asked} answers were lost; they may have been paid",
            hint="They are not asked for again by themselves: --resend-unknown does it.",
        )
    if fault is not None:
        raise _with(fault, body)
    return Outcome(body, _told(written))


_NOTHING_DONE: dict[str, Any] = {
    "asked": 0, "written": 0, "unusable": 0, "refused": 0, "cost": 0.0, "recipe_changed": False,
}  # fmt: skip


def _price(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no price in USD")
    return number


def _plan_body(plan: QuestionPlan) -> dict[str, Any]:
    return {
        "provider": plan.provider,
        "model": plan.model,
        "documents": plan.documents,
        "stored": plan.stored,
        "unknown": plan.unknown,
        "waiting": len(plan.texts),
        "input_tokens": plan.input_tokens,
        "estimated_cost": plan.cost,
        "basis": plan.basis,
    }


def _written_body(written: QuestionsWritten) -> dict[str, Any]:
    return {
        "asked": written.asked,
        "written": written.written,
        "unusable": written.unusable,
        "refused": written.refused,
        "unknown": written.unknown,
        "stored": written.stored,
        "cost": written.cost,
        "path": str(written.path),
        "recipe_changed": written.recipe_changed,
    }


def _planned(plan: QuestionPlan) -> str:
    lines = [
        f"{plan.documents:,} texts have no question of their own; {plan.stored:,} have one by {plan.model} by now",
        f"{len(plan.texts):,} would be asked for: {plan.basis}",
    ]
    if plan.cost is not None and plan.is_paid:
        lines.append(f"At most {usd(plan.cost)}")
    if plan.unknown and not plan.resend_unknown:
        lines.append(f"{plan.unknown:,} were sent before and their answers lost; --resend-unknown asks again")
    return "\n".join(lines)


def _told(written: QuestionsWritten) -> str:
    lines = [f"{written.written:,} of {written.asked:,} questions written; {written.stored:,} are stored"]
    if written.unusable:
        lines.append(f"{written.unusable:,} answers were no question")
    if written.recipe_changed:
        lines.append("The recipe now uses them (build.documents = generated)")
    return "\n".join([*lines, "Use them with: webtune prepare"] if written.stored else lines)


def _with(fault: WebtuneError, body: dict[str, Any]) -> WebtuneError:
    fault.fields = {**fault.fields, **body}
    return fault
