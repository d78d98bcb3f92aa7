"""What a run that lets a model write questions would ask and cost, and what it wrote, in words."""

from __future__ import annotations

from webtune_tui.services.generate_questions import QuestionPlan, QuestionsWritten
from webtune_tui.tui import error_display
from webtune_tui.tui.presentation import figures


def plan_words(plan: QuestionPlan) -> str:
    """The texts without a question, how many would be asked for, and the price."""
    lines = [
        f"{figures.count(plan.documents, 'text')} without a question of their own; "
        f"{plan.stored:,} have one by {plan.model} by now",
    ]
    if plan.texts:
        lines.append(f"Would ask for {plan.basis}")
    if plan.is_paid and plan.texts:
        lines.append("No price is known: give both" if plan.cost is None else f"At most {figures.money(plan.cost)}")
    if plan.unknown and not plan.resend_unknown:
        lines.append(f"{plan.unknown:,} were sent before and their answers lost: they may have been paid")
    if not plan.texts:
        lines.append("There is nothing to ask for")
    return "\n".join(lines)


def agreement_words(plan: QuestionPlan) -> str:
    """What a person says yes to."""
    cost = "a price that is not known" if plan.cost is None else f"at most {figures.money(plan.cost)}"
    return f"Ask {plan.model} at {plan.provider} for {figures.count(len(plan.texts), 'question')}, for {cost}?"


def written_words(written: QuestionsWritten) -> str:
    """What was written, what it cost, and what went wrong."""
    lines = [
        f"{written.written:,} of {figures.count(written.asked, 'question')} written; {written.stored:,} are stored"
    ]
    if written.cost:
        lines[0] += f"; it cost {figures.money(written.cost)}"
    if written.unusable:
        lines.append(f"{figures.count(written.unusable, 'answer')} were no question")
    if written.unknown:
        lines.append(f"{figures.count(written.unknown, 'answer')} were lost; they may have been paid")
    if written.fault is not None:
        lines.append(error_display.words(written.fault))
    if written.recipe_changed:
        lines.append("The recipe now uses them (build.documents = generated)")
    return "\n".join(lines)
