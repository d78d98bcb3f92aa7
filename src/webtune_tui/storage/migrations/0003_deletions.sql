-- A record id is never given twice (AUTOINCREMENT): what was built from a deleted record is never laid to a later one.
CREATE TABLE records_anew (
    record_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id TEXT NOT NULL REFERENCES collections,
    position      INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    key           TEXT NOT NULL,
    content_hash  TEXT NOT NULL,
    url           TEXT,
    collected_at  TEXT,
    fields        TEXT NOT NULL,
    superseded_by INTEGER,
    raw_file      TEXT NOT NULL DEFAULT '',
    raw_line      INTEGER,
    raw_start     INTEGER,
    raw_length    INTEGER
) STRICT;
INSERT INTO records_anew SELECT record_id, collection_id, position, kind, key, content_hash, url, collected_at, fields,
    superseded_by, raw_file, raw_line, raw_start, raw_length FROM records;
CREATE TABLE sightings_aside AS SELECT * FROM sightings; -- dropping the old table takes what refers to it along
DROP TABLE records;
ALTER TABLE records_anew RENAME TO records;
INSERT INTO sightings SELECT * FROM sightings_aside;
DROP TABLE sightings_aside;
CREATE UNIQUE INDEX records_place ON records (collection_id, position);
CREATE INDEX records_key ON records (key) WHERE superseded_by IS NULL;
CREATE INDEX records_before ON records (superseded_by) WHERE superseded_by IS NOT NULL;

-- From a record to the examples made of it.
CREATE INDEX examples_of_record ON examples (build, record_ids);

-- What is remembered of a deleted collection, and which record ids were its own (both ends belong to the range).
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
