-- The history tells how many examples a step changed when it was applied last.
ALTER TABLE edits ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
-- Names that a person gave to versions, each for good.
CREATE TABLE version_names (
    name         TEXT PRIMARY KEY COLLATE NOCASE,
    content_hash TEXT NOT NULL,
    created_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- "since > 0" let SQLite read all that ever began where one revision was asked for: it took that for the range.
DROP INDEX examples_begun;
CREATE INDEX examples_begun ON examples (build, since) WHERE since <> 0;
