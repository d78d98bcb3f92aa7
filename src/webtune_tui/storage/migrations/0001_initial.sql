CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Collections and records: what was collected, never edited.

CREATE TABLE collections (
    collection_id  TEXT PRIMARY KEY,
    source         TEXT NOT NULL,
    label          TEXT NOT NULL,
    state          TEXT NOT NULL,
    phase          TEXT NOT NULL DEFAULT '',
    request        TEXT NOT NULL DEFAULT '{}',
    address        TEXT NOT NULL DEFAULT '',
    is_sandbox     INTEGER NOT NULL DEFAULT 0,
    snapshot_id    TEXT,
    operation_id   TEXT,
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL,
    finished_at    TEXT,
    records        INTEGER NOT NULL DEFAULT 0,
    errors         INTEGER NOT NULL DEFAULT 0,
    new            INTEGER NOT NULL DEFAULT 0,
    changed        INTEGER NOT NULL DEFAULT 0,
    duplicates     INTEGER NOT NULL DEFAULT 0,
    rejected       INTEGER NOT NULL DEFAULT 0,
    estimated_cost REAL,
    cost           REAL,
    raw_path       TEXT,
    message        TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE collection_events (
    event_id      INTEGER PRIMARY KEY,
    collection_id TEXT NOT NULL REFERENCES collections ON DELETE CASCADE,
    time          TEXT NOT NULL,
    level         TEXT NOT NULL,
    message       TEXT NOT NULL
) STRICT;
CREATE INDEX collection_events_of ON collection_events (collection_id, event_id);

CREATE TABLE records (
    record_id     INTEGER PRIMARY KEY,
    collection_id TEXT NOT NULL REFERENCES collections,
    position      INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    key           TEXT NOT NULL,
    content_hash  TEXT NOT NULL,
    url           TEXT,
    collected_at  TEXT,
    fields        TEXT NOT NULL,
    superseded_by INTEGER
) STRICT;
CREATE UNIQUE INDEX records_place ON records (collection_id, position);
CREATE INDEX records_key ON records (key) WHERE superseded_by IS NULL;

-- Datasets: a build is one run of prepare; a row lives from revision `since` until before revision `until`.

CREATE TABLE builds (
    build      INTEGER PRIMARY KEY,
    created_at TEXT NOT NULL,
    recipe     TEXT NOT NULL,
    encoding   TEXT NOT NULL,
    report     TEXT NOT NULL,
    -- stands for everything that the run gave: the same digest again needs no second build
    result_digest TEXT NOT NULL DEFAULT '',
    is_whole   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE revisions (
    build        INTEGER NOT NULL REFERENCES builds ON DELETE CASCADE,
    revision     INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    content_sum  TEXT NOT NULL,
    examples     INTEGER NOT NULL,
    train        INTEGER NOT NULL,
    validation   INTEGER NOT NULL,
    test         INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    edit_id      INTEGER,
    action       TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    fixed_at     TEXT,
    PRIMARY KEY (build, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX revisions_by_hash ON revisions (content_hash);

CREATE TABLE examples (
    row_id     INTEGER PRIMARY KEY,
    build      INTEGER NOT NULL REFERENCES builds ON DELETE CASCADE,
    ordinal    INTEGER NOT NULL,
    example_id TEXT NOT NULL,
    split      TEXT NOT NULL,
    messages   TEXT NOT NULL,
    tokens     INTEGER NOT NULL,
    flags      TEXT NOT NULL DEFAULT '',
    record_ids TEXT NOT NULL,
    group_id   TEXT NOT NULL DEFAULT '',
    source     TEXT NOT NULL DEFAULT '',
    since      INTEGER NOT NULL DEFAULT 0,
    until      INTEGER
) STRICT;
CREATE INDEX examples_by_id ON examples (build, example_id);
CREATE INDEX examples_in_order ON examples (build, ordinal);
CREATE INDEX examples_ended ON examples (build, until) WHERE until IS NOT NULL;
CREATE INDEX examples_begun ON examples (build, since) WHERE since > 0;

CREATE TABLE dropped (
    build     INTEGER NOT NULL REFERENCES builds ON DELETE CASCADE,
    record_id INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    step      TEXT NOT NULL,
    detail    TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (build, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX dropped_by_reason ON dropped (build, reason);

-- The person's edits in order; the applied ones stand in recipe.toml too.
CREATE TABLE edits (
    edit_id    INTEGER PRIMARY KEY,
    operation  TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

-- The test split for the life of the workspace: examples that a fixed version was tested on stay in it.
CREATE TABLE frozen_test (
    example_id TEXT PRIMARY KEY,
    frozen_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Money.

CREATE TABLE operations (
    operation_id TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    service      TEXT NOT NULL,
    address      TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    state        TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    sent_at      TEXT,
    resolved_at  TEXT,
    remote_id    TEXT,
    message      TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    entry_id     INTEGER PRIMARY KEY,
    operation_id TEXT REFERENCES operations,
    subject_id   TEXT NOT NULL,
    kind         TEXT NOT NULL,
    amount       REAL NOT NULL,
    basis        TEXT NOT NULL,
    created_at   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX ledger_once ON ledger (subject_id, kind);

-- Jobs and what they report.

CREATE TABLE jobs (
    job_id           TEXT PRIMARY KEY,
    provider         TEXT NOT NULL,
    provider_job_id  TEXT,
    state            TEXT NOT NULL,
    raw_state        TEXT NOT NULL DEFAULT '',
    base_model       TEXT NOT NULL,
    tuned_model      TEXT,
    dataset_version  TEXT NOT NULL DEFAULT '',
    suffix           TEXT NOT NULL DEFAULT '',
    seed             INTEGER NOT NULL DEFAULT 0,
    hyperparameters  TEXT NOT NULL DEFAULT '{}',
    system_prompt    TEXT NOT NULL DEFAULT '',
    operation_id     TEXT,
    files            TEXT NOT NULL DEFAULT '{}',
    created_at       TEXT NOT NULL,
    started_at       TEXT,
    finished_at      TEXT,
    estimated_finish TEXT,
    trained_tokens   INTEGER,
    step             INTEGER NOT NULL DEFAULT 0,
    total_steps      INTEGER,
    cost             REAL,
    estimated_cost   REAL,
    message          TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE job_events (
    sequence INTEGER PRIMARY KEY,
    job_id   TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    time     TEXT NOT NULL,
    level    TEXT NOT NULL,
    message  TEXT NOT NULL,
    data     TEXT NOT NULL DEFAULT '{}',
    UNIQUE (job_id, event_id)
) STRICT;

CREATE TABLE metrics (
    job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    name   TEXT NOT NULL,
    step   INTEGER NOT NULL,
    value  REAL,
    PRIMARY KEY (job_id, name, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    job_id        TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    checkpoint_id TEXT NOT NULL,
    step          INTEGER NOT NULL,
    model         TEXT NOT NULL,
    metrics       TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (job_id, checkpoint_id)
) STRICT, WITHOUT ROWID;

-- Chats and evaluations.

CREATE TABLE chat_turns (
    turn_id       INTEGER PRIMARY KEY,
    conversation  TEXT NOT NULL,
    model         TEXT NOT NULL,
    role          TEXT NOT NULL,
    content       TEXT NOT NULL,
    finish_reason TEXT,
    seconds       REAL,
    created_at    TEXT NOT NULL
) STRICT;
CREATE INDEX chat_turns_of ON chat_turns (conversation, turn_id);

CREATE TABLE evaluations (
    evaluation_id   TEXT PRIMARY KEY,
    model           TEXT NOT NULL,
    base_model      TEXT NOT NULL,
    dataset_version TEXT NOT NULL,
    cases           INTEGER NOT NULL,
    cases_path      TEXT NOT NULL,
    metrics         TEXT NOT NULL,
    verdict         TEXT NOT NULL,
    created_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
