"""What the Collect screen asks before anything is started; each question answers what the person wants."""

from __future__ import annotations

import asyncio

from webtune_tui import registry
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services.collect import CollectPlan
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.source_forms import base as sources

_MOST_PAGES = 50


class CollectQuestions:
    """Dialogues of one screen; each is awaited inside a worker, and each loads when it is first needed."""

    def __init__(self, screen: StageScreen) -> None:
        self._screen = screen
        self._last_source = ""

    async def new(self) -> CollectPlan | sources.ImportRequest | None:
        """Asks for the source and opens its form; esc leads from a form back to the sources."""
        from webtune_tui.tui.modals.pick_source import PickSource

        while True:
            choices = sources.choices()
            name = await self._screen.webtune.push_screen_wait(PickSource(choices, self._last_source))
            if name is None:
                return None
            self._last_source = name
            title = next(choice.title for choice in choices if choice.name == name)
            answer = await self.of_source(name, title)
            if answer is not None:
                return answer

    async def of_source(self, name: str, title: str) -> CollectPlan | sources.ImportRequest | None:
        """Opens one source's form or dialogue; None when the person went back."""
        module = registry.load(sources.PACKAGE, name)
        if not hasattr(module, "DIALOGUE"):
            return await self._confirmed(module.FORM(self._screen.services), title)
        dialogue = module.DIALOGUE(self._screen.services)
        answer: CollectPlan | sources.ImportRequest | None = await self._screen.webtune.push_screen_wait(dialogue)
        return answer

    async def retry(self, collection: Collection) -> CollectPlan | None:
        """Prices the failed inputs of a collection as one of their own."""
        from webtune_tui.tui.widgets.retry_form import RetryForm

        services, key = self._screen.services, collection.collection_id
        failed = await services.collect.failed_inputs(key)
        return await self._confirmed(RetryForm(services, key, failed), "failed inputs again")

    async def pages(self, collection: Collection) -> CollectPlan | None:
        """Opens the pages form with the addresses of a collection's records."""
        from webtune_tui.tui.source_forms.pages import PagesForm

        services = self._screen.services
        urls, total = await services.collect.urls_of(collection.collection_id, limit=_MOST_PAGES)
        if not urls:
            self._screen.notify("The records of this collection have no addresses.")
            return None
        if total > len(urls):
            self._screen.notify(f"The first {len(urls):,} of {total:,} addresses.")
        return await self._confirmed(PagesForm(services, urls), "Pages")

    async def pay_again(self, collection_id: str) -> bool:
        """Whether the person agrees to pay again for pages whose end is not known; false where there are none."""
        again = await self._screen.services.collect.unknown_pages(collection_id)
        if not again.count:
            return False
        question = (
            f"{figures.count(again.count, 'page')} were asked for and their end is not known: they may have been paid "
            f"already. Asking again costs at most {figures.money(again.cost)} more ({again.basis})."
        )
        return await self._screen.confirm("Ask again for them?", question, yes="Ask again", no="Leave them out")

    async def snapshot(self, current: Collection | None) -> str | None:
        """A snapshot of the account to take over; those that fit an unknown collection are offered."""
        from webtune_tui.tui.modals.choose_snapshot import ChooseSnapshot, candidates_in

        is_unknown = current is not None and current.state is CollectionState.UNKNOWN
        candidates = candidates_in(current.message) if current is not None and is_unknown else []
        why = "A snapshot that the service already holds becomes a collection here. Nothing is collected anew."
        if candidates:
            why = "These snapshots of the account fit the time of the collection. Which one did it become?"
        return await self._screen.webtune.push_screen_wait(ChooseSnapshot(candidates, why))

    async def stop_import(self, label: str) -> bool:
        """Whether a running import should stop."""
        words = f"{label}\nWhat is here by then stays; importing the same files again adds only the rest."
        return await self._screen.confirm("Stop the import?", words, yes="Stop it", no="Let it go on")

    async def cancel(self, label: str) -> bool:
        """Whether the service should be asked to stop a collection."""
        question = f"{label}\nThe service is asked to stop. What it has collected by then may still be charged."
        return await self._screen.confirm(
            "Cancel the collection?", question, yes="Cancel it", no="Let it go on", danger=True
        )

    async def delete(self, collection: Collection) -> bool:
        """Whether a collection should go, after saying what depends on it."""
        dependents = await self._screen.services.origins.dependents(collection.collection_id)
        depends = "\n".join(dependents.lines) or "Nothing depends on it."
        question = f"{collection.label or collection.collection_id}\n\n{depends}\n\nThis can't be undone."
        return await self._screen.confirm(
            "Delete the collection?", question, yes="Delete it", no="Keep it", danger=True
        )

    async def _confirmed(self, form: sources.SourceForm, title: str) -> CollectPlan | None:
        from webtune_tui.tui.modals.new_collection import NewCollection

        await self._tell_notice()
        dialogue = NewCollection(form, self._screen.services, title)
        plan: CollectPlan | None = await self._screen.webtune.push_screen_wait(dialogue)
        return plan

    async def _tell_notice(self) -> None:
        """Shows, once for the person, what collecting asks of them."""
        from webtune_tui.services.notice import Notice
        from webtune_tui.tui.modals.message import Message

        notice = Notice()
        if await asyncio.to_thread(notice.is_due):
            title, _, text = notice.text().partition("\n")
            await self._screen.webtune.push_screen_wait(Message(title, text))
            await asyncio.to_thread(notice.acknowledge)
