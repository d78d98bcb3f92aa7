"""What a record is called where it is listed: the first filled one of these fields, else its address or key."""

from __future__ import annotations

TITLE_FIELDS = (
    "title", "name", "headline", "question", "instruction", "prompt", "review_header", "review_title", "subject",
    "product_name",
)  # fmt: skip
"""Fields that tell a person which record it is, the surest first."""
