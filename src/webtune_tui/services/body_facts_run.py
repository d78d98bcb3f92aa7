"""Finding out what is kept of the messages of a version's build, in several processes; memory is bounded.

What is found is stored as it comes: a run that is ended loses no more than the last second of its work.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from webtune_tui.domain.body_facts import LanguageOf
from webtune_tui.pipeline.languages import detector, language_named, require_languages
from webtune_tui.services.prepare_processes import workers_for
from webtune_tui.services.worker_pool import WorkerPool
from webtune_tui.storage.body_facts import Extent, KeptFact, KeptFacts, Missing
from webtune_tui.storage.database import Database

_AT_ONCE = 2_000  # bodies that a process takes, and that are stored in one transaction


@dataclass(frozen=True, slots=True)
class Looked:
    """How many messages of ``total`` were looked at. All is known of the rows whose place lies before ``place``."""

    done: int
    total: int
    place: int


class FactsMaker:
    """Looks at messages in one process."""

    def __init__(self, path: Path, *, with_languages: bool) -> None:
        self._database = Database(path, read_only=True)
        self._facts = KeptFacts(self._database)
        self._language_of: LanguageOf | None = language_named if with_languages else None

    def facts(self, body_ids: list[int]) -> list[KeptFact]:
        """The facts of bodies."""
        return self._facts.facts(body_ids, self._language_of)

    def warm_up(self) -> None:
        """Loads the model."""
        if self._language_of is not None:
            self._language_of("")

    def close(self) -> None:
        """Closes the database."""
        self._database.close()


class FactsRun:
    """Looks at the messages of builds of one workspace that is open for writing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept = KeptFacts(database)

    def events(self, extent: Extent, workers: int | None = None) -> Generator[Looked, None, None]:
        """Progress, until all of it is known. Without ``workers`` there are as many processes as fit.

        Raises:
            ExtraMissing: languages are wanted, and the library that tells them is missing.
        """
        if extent.has_languages:
            require_languages()
            self._kept.use_detector(detector())
        while not self._kept.is_known(extent):
            deletions = self._kept.deletions()
            missing = self._kept.missing(extent)
            yield from self._look(extent, missing, deletions, workers or workers_for(len(missing.body_ids)))

    def _look(self, extent: Extent, missing: Missing, deletions: str, workers: int) -> Generator[Looked, None, None]:
        """Looks at bodies; ends early where something was deleted meanwhile."""
        body_ids, ordinals = missing
        total = len(body_ids)
        make = partial(FactsMaker, self._database.path, with_languages=extent.has_languages)
        asked = (body_ids[start : start + _AT_ONCE].tolist() for start in range(0, total, _AT_ONCE))
        with WorkerPool(make, workers, let_go=self._database.disconnect) as pool:
            for number, facts in enumerate(pool.each(FactsMaker.facts, asked), start=1):
                if not self._kept.keep(extent.build, facts, deletions):
                    return
                done = min(number * _AT_ONCE, total)
                # several rows may have one place: that of the next one is not wholly known
                yield Looked(done, total, ordinals[done] if done < total else ordinals[-1] + 1)
        self._kept.note_known(extent, deletions)
