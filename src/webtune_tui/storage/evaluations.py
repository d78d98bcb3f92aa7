"""Kept evaluations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webtune_tui.storage.database import Database


@dataclass(frozen=True, slots=True)
class StoredEvaluation:
    """One row; ``metrics`` are the plain values of the comparison, ``cases_path`` is relative to the workspace."""

    evaluation_id: str
    model: str
    base_model: str
    dataset_version: str
    cases: int
    cases_path: str
    metrics: Sequence[Mapping[str, Any]]
    verdict: str
    created_at: str


class EvaluationRepository:
    """Evaluations of the workspace. Every method blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, evaluation: StoredEvaluation) -> None:
        """Keeps an evaluation."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO evaluations (evaluation_id, model, base_model, dataset_version, cases, cases_path, "
                "metrics, verdict, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    evaluation.evaluation_id,
                    evaluation.model,
                    evaluation.base_model,
                    evaluation.dataset_version,
                    evaluation.cases,
                    evaluation.cases_path,
                    json.dumps([dict(metric) for metric in evaluation.metrics]),
                    evaluation.verdict,
                    evaluation.created_at,
                ),
            )

    def all(self) -> list[StoredEvaluation]:
        """Every evaluation, newest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM evaluations ORDER BY created_at DESC").fetchall()
        return [StoredEvaluation(**{**dict(row), "metrics": json.loads(row["metrics"])}) for row in rows]
