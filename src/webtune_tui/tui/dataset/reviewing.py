"""Reviewing on the screen: an example at a time, a verdict each, left and taken up again; two passes compared."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.errors import NotFound, WebtuneError
from webtune_tui.domain.example_tags import flag_of
from webtune_tui.domain.examples import Example
from webtune_tui.domain.reviews import REVIEW_TAG, Review, Verdict
from webtune_tui.domain.selections import ALL, Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.part import ViewPart
from webtune_tui.tui.dataset.selecting import condition_of
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.examples import excerpt
from webtune_tui.tui.widgets.review_pane import ReviewPane

_LISTED = 200  # differing examples of which the list shows the beginnings


class Reviewing(ViewPart):
    """Does what the review asks for. Verdicts of a first pass are carried out, those of a later one compared."""

    VIEW = "review"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "review", "Review", show=False, tooltip="Look at examples one by one: keep, fix, drop, skip"),
    ]
    EDITING = frozenset({"review"})

    def __init__(self, screen: DatasetFrame, listing: Listing, editing: Editing) -> None:
        super().__init__(screen)
        self._listing = listing
        self._editing = editing
        self._review: Review | None = None
        self._deciding: str | None = None
        self._dropped_at = ""
        self._lock = asyncio.Lock()

    @property
    def pane(self) -> ReviewPane:
        """The example that is judged."""
        return self._screen.query_one(ReviewPane)

    def compose(self) -> ReviewPane:
        """The example that is judged."""
        pane = ReviewPane(id=self.VIEW, classes="panel")
        pane.border_title = "Review"
        return pane

    def focus(self) -> None:
        """Puts the keys into the text."""
        self.pane.text.focus()

    # Beginning

    def action_review(self) -> None:
        """Goes on with the review that was left; without one asks what shall be reviewed."""
        screen = self._screen
        if screen.version is None:
            screen.say("There is nothing to review yet: p opens the recipe, r runs it")
        elif not screen.is_editing and not screen.refuses_editing():
            screen.launch(self._open, "review")

    @heard(ReviewPane.AnotherWanted)
    def _another_wanted(self) -> None:
        """Asks what shall be reviewed."""
        self._screen.launch(self._begin, "review")

    async def _open(self) -> None:
        self._deciding = None
        self._review = await self._screen.services.review.kept()
        if self._review is None:
            await self._begin()
            return
        self._screen.show_view("review")
        await self._show()

    async def _begin(self) -> None:
        from webtune_tui.tui.modals.begin_review import BeginReview  # dialogues load when they are first needed

        screen, service = self._screen, self._screen.services.review
        condition = condition_of(self._listing.view)
        kept, waiting = await service.kept(), await service.waiting()
        listed = "all examples" if condition == ALL else f"what is listed: {condition}"
        wanted = await screen.webtune.push_screen_wait(BeginReview(kept, waiting, listed))
        if wanted is None:
            return
        if wanted.again and kept is not None:
            await self._take(kept.with_pass(wanted.person))
        else:
            where = "" if condition == ALL else condition
            seed = random.SystemRandom().randrange(10_000)
            began = service.begin(wanted.choice, wanted.count, wanted.person, where=where, seed=seed)
            async with aclosing(began) as events:
                async for event in events:
                    if isinstance(event, Review):
                        self._review = event
                    else:
                        share = figures.share(event.done, event.total or 0)
                        screen.say(f"Looking for the worst: {share} of {event.total or 0:,}")
        screen.show_view("review")
        await self._show()

    async def _take(self, review: Review) -> None:
        self._review = review
        await self._screen.services.review.keep(review)

    # Showing

    async def _show(self) -> None:
        review = self._review
        if review is None:
            return
        example_id = self._deciding or review.next_id
        example = await self._screen.services.review.example(review, example_id) if example_id else None
        origins = await self._origins(example) if example else ()
        deciding = self._difference(review) if self._deciding else ""
        self.pane.show(review, example, example_id, origins=origins, deciding=deciding)

    async def _origins(self, example: Example) -> Sequence[RecordOrigin]:
        try:
            return await self._screen.services.curate.lineage(example.example_id)
        except NotFound:  # it is one of the version that the review began with
            return ()

    def _difference(self, review: Review) -> str:
        said = [f"{one.name}: {one.verdicts.get(self._deciding or '', 'skip')}" for one in review.passes[-2:]]
        return " · ".join(said)

    def _come_back(self) -> None:
        """Shows the review again after an edit."""
        self._screen.show_view("review")
        self._screen.launch(self._show, "review")

    # Verdicts

    @heard(ReviewPane.Judged)
    def _judged(self, event: ReviewPane.Judged) -> None:
        """Takes a verdict on the example in sight."""
        example_id = self.pane.example_id
        if example_id is not None:
            self._screen.queue(partial(self._judge, example_id, event.verdict), "review-verdict")

    async def _judge(self, example_id: str, verdict: Verdict) -> None:
        async with self._lock:
            review, was_deciding = self._review, self._deciding is not None
            if review is None or example_id != self.pane.example_id:
                return  # a second press before the next example was there
            self.pane.example_id = None
            try:
                is_carried_out = await self._take_verdict(review, example_id, verdict)
            except WebtuneError:
                self.pane.example_id = example_id  # nothing was done: it is still to be judged
                raise
            if is_carried_out and verdict == "fix":
                self._editing.edit(example_id, back=self._come_back)
                return
            if not was_deciding:
                await self._show()
        if was_deciding:
            await self._agreement()

    async def _take_verdict(self, review: Review, example_id: str, verdict: Verdict) -> bool:
        """Does what a verdict says, then keeps it: killed in between, the example is judged again.

        Answers whether there was an example to do it to.
        """
        if self._deciding is not None:
            is_done, _ = await self._carry_out(example_id, verdict, is_decision=True)
            await self._take(review.with_decision(example_id, verdict))
            self._deciding = None
            return is_done
        judged = review.with_verdict(example_id, verdict)
        if not review.is_first_pass:
            await self._take(judged)
            return False
        is_done, is_untagged = await self._carry_out(example_id, verdict)
        await self._take(judged.with_untagged(example_id, is_untagged=is_untagged))
        return is_done

    async def _carry_out(self, example_id: str, verdict: Verdict, *, is_decision: bool = False) -> tuple[bool, bool]:
        """Does what a verdict says; the tag that sent an example to review goes with the verdict.

        Answers whether the example is there, and whether the tag was taken off.
        """
        curate = self._screen.services.curate
        is_there = await self._is_there(example_id)
        match verdict:
            case "drop" if is_there:
                result = await curate.drop([example_id])
                self._dropped_at = result.version.content_hash
                await self._editing.done(result, "Dropped  ·  u takes it back")
            case "keep" | "fix" if is_there:
                return True, await self._untag(example_id)
            case "keep" | "fix" if is_decision:
                await self._editing.done(await curate.restore([example_id]), "Brought back  ·  z undoes it")
        return is_there, False

    async def _untag(self, example_id: str) -> bool:
        """Takes the tag off that sent an example to review; answers whether it had one."""
        example = await self._screen.services.curate.example(example_id)
        if flag_of(REVIEW_TAG) not in example.flags:
            return False
        untag = operation_of("untag", tag=REVIEW_TAG)
        result = await self._screen.services.editing.apply(untag, Selection.of(example_id))
        await self._editing.done(result, "It no longer waits for review  ·  u sends it there again")
        return True

    async def _tag_again(self, example_id: str) -> None:
        """Sends an example to review again whose verdict is taken back."""
        if not await self._is_there(example_id):
            return
        tag = operation_of("tag", tag=REVIEW_TAG)
        result = await self._screen.services.editing.apply(tag, Selection.of(example_id))
        await self._editing.done(result, "It waits for review again")

    async def _is_there(self, example_id: str) -> bool:
        try:
            await self._screen.services.curate.example(example_id)
        except NotFound:
            return False
        return True

    # Going back

    @heard(ReviewPane.BackWanted)
    def _back_wanted(self) -> None:
        """Takes the last verdict back, and what it did."""
        self._screen.queue(self._take_back, "review-verdict")

    async def _take_back(self) -> None:
        async with self._lock:
            screen, review = self._screen, self._review
            if self._deciding:
                self._deciding = None
                await self._show()
                return
            before = review.without_last() if review is not None else None
            if before is None:
                screen.say("This is the first one")
                return
            left, example_id, verdict = before
            if left.is_first_pass:
                await self._undo_verdict(left, example_id, verdict)
            await self._take(left.with_untagged(example_id, is_untagged=False))
            await self._show()

    async def _undo_verdict(self, left: Review, example_id: str, verdict: Verdict) -> None:
        """Takes back what a verdict did; what was written into the example stays, it is an edit of its own."""
        screen, curate = self._screen, self._screen.services.curate
        if verdict == "drop" and not await self._is_there(example_id):
            is_newest = screen.version is not None and screen.version.content_hash == self._dropped_at
            result = await (curate.undo() if is_newest else curate.restore([example_id]))
            await self._editing.done(result, "It is back")
        elif example_id in left.untagged:
            await self._tag_again(example_id)

    # Two passes

    @heard(ReviewPane.AgreementWanted)
    def _agreement_wanted(self) -> None:
        """Shows how far two passes agree, and lets the person decide where they differ."""
        self._screen.launch(self._agreement, "review")

    async def _agreement(self) -> None:
        from webtune_tui.tui.modals.agreement import AgreementDialog

        screen, review = self._screen, self._review
        if review is None:
            return
        found = review.agreement()
        prompts = []
        for example_id in found.differing[:_LISTED] if found is not None else ():
            example = await screen.services.review.example(review, example_id)
            prompts.append((example_id, excerpt(example.prompt) if example is not None else example_id))
        chosen = await screen.webtune.push_screen_wait(AgreementDialog(review, prompts))
        self._deciding = chosen
        await self._show()
