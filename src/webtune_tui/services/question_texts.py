"""The texts of a dataset version that have no question of their own, and the questions that are stored for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from webtune_tui.pipeline.build_plan import GENERATED
from webtune_tui.pipeline.builders.texts import BUILDER as TEXTS
from webtune_tui.pipeline.builders.texts import title_of
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.recipe import Recipe, builders
from webtune_tui.storage.dataset_types import Revision, StoredExample
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.question_file import QuestionFile, QuestionState
from webtune_tui.storage.workspace import Workspace

_AT_ONCE = 200
_OF_TEXTS = ("texts", "transcripts")


@dataclass(frozen=True, slots=True)
class TextToAsk:
    """The answer of an example, for which a question is wanted; ``record_hash`` stands for the record's content.

    ``text`` is left out where many wait: it is read again when its turn comes.
    """

    example_id: str
    record_key: str
    record_hash: str
    title: str
    text: str


def texts_to_ask(store: DatasetStore, records: RecordQueries, revision: Revision) -> Iterator[list[TextToAsk]]:
    """The texts of a version in its order, in batches; some may be empty. Blocking."""
    offset = 0
    while True:
        page, _ = store.page(revision, offset=offset, limit=_AT_ONCE)
        if not page:
            return
        offset += len(page)
        wanted = [example for example in page if _is_simple(example)]
        contents = records.contents(list({example.record_ids[0] for example in wanted}))
        yield [
            found
            for example in wanted
            if (content := contents.get(example.record_ids[0])) and (found := _asked(example, *content))
        ]


def text_of(store: DatasetStore, revision: Revision, example_id: str) -> str:
    """The answer of an example; the empty text where the version has no such example. Blocking."""
    found = store.by_ids(revision, [example_id]).get(example_id)
    return found.to_example().answer if found else ""


def with_stored_questions(recipe: Recipe, workspace: Workspace) -> Recipe:
    """The recipe with the stored questions, where it wants them: the newest of each text that has not changed."""
    if recipe.build.documents != GENERATED:
        return recipe
    done = [line for line in QuestionFile(workspace.root).lines() if line.state is QuestionState.DONE]
    keys = list(dict.fromkeys(line.record_key for line in done))
    current = RecordQueries(workspace.database).current_hashes(keys)
    questions = {line.example_id: line.question for line in done if (line.record_key, line.record_hash) in current}
    return replace(recipe, build=replace(recipe.build, questions=questions))


def _is_simple(example: StoredExample) -> bool:
    roles = [message.role for message in example.to_example().messages if message.role != "system"]
    return roles == ["user", "assistant"] and len(example.record_ids) == 1


def _asked(example: StoredExample, key: str, content_hash: str, fields_json: str) -> TextToAsk | None:
    """The text of an example that the text builder made; ``None`` where its record has a question of its own."""
    fields = json.loads(fields_json)
    builder = next((one for one in builders() if one.accepts(fields)), None)
    if builder is None or builder.name not in _OF_TEXTS or TEXTS.asks_itself(fields):
        return None
    answer = example.to_example().answer
    return TextToAsk(example.example_id, key, content_hash, title_of(Columns(fields)), answer) if answer else None
