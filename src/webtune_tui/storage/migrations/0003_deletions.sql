-- From a record to what it replaced, and to the examples made of it.
CREATE INDEX records_before ON records (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX examples_of_record ON examples (build, record_ids);

-- What is remembered of a deleted collection, and which record ids were its own (both ends belong to the range): none of
-- them is ever given again, so that what was made of a deleted record is never laid to a later one.
CREATE TABLE deleted_collections (
    collection_id TEXT PRIMARY KEY,
    source        TEXT NOT NULL,
    label         TEXT NOT NULL,
    records       INTEGER NOT NULL,
    deleted_at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE deleted_records (
    first_id      INTEGER PRIMARY KEY,
    last_id       INTEGER NOT NULL,
    collection_id TEXT NOT NULL
) STRICT;
