-- Where the bytes of a record lie: a file below its collection's raw folder, the line (or page) on which it begins,
-- and the range of bytes where the format has one.
ALTER TABLE records ADD COLUMN raw_file TEXT NOT NULL DEFAULT '';
ALTER TABLE records ADD COLUMN raw_line INTEGER;
ALTER TABLE records ADD COLUMN raw_start INTEGER;
ALTER TABLE records ADD COLUMN raw_length INTEGER;

-- The same request collected again: which collection was the last, and how many of its records did not come back.
ALTER TABLE collections ADD COLUMN request_key TEXT NOT NULL DEFAULT '';
ALTER TABLE collections ADD COLUMN previous_id TEXT;
ALTER TABLE collections ADD COLUMN gone INTEGER;
CREATE INDEX collections_by_request ON collections (request_key, created_at) WHERE request_key <> '';

-- A record that a later collection delivered unchanged: it is stored once and was seen there too.
CREATE TABLE sightings (
    collection_id TEXT NOT NULL REFERENCES collections ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    record_id     INTEGER NOT NULL REFERENCES records ON DELETE CASCADE,
    raw_file      TEXT NOT NULL DEFAULT '',
    raw_line      INTEGER,
    raw_start     INTEGER,
    raw_length    INTEGER,
    PRIMARY KEY (collection_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX sightings_of_record ON sightings (record_id);

-- What the fields of a collection look like: types, fill, samples, spread. One JSON object a collection.
CREATE TABLE profiles (
    collection_id TEXT PRIMARY KEY REFERENCES collections ON DELETE CASCADE,
    profile       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The pages of a collection that fetches them one by one. `sent` is on disk before a paid request leaves.
CREATE TABLE pages (
    collection_id TEXT NOT NULL REFERENCES collections ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    url           TEXT NOT NULL,
    state         TEXT NOT NULL,
    final_url     TEXT,
    status        INTEGER,
    code          TEXT NOT NULL DEFAULT '',
    message       TEXT NOT NULL DEFAULT '',
    raw_file      TEXT NOT NULL DEFAULT '',
    media_type    TEXT NOT NULL DEFAULT '',
    bytes         INTEGER,
    fetched_at    TEXT,
    PRIMARY KEY (collection_id, position)
) STRICT, WITHOUT ROWID;
