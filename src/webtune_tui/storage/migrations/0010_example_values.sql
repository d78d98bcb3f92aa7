-- The different values that columns of a build's examples have or had: a filter by flag or source asks these alone.
CREATE TABLE example_values (
    build INTEGER NOT NULL REFERENCES builds ON DELETE CASCADE,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (build, name, value)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO example_values (build, name, value) SELECT build, 'flags', flags FROM examples;
INSERT OR IGNORE INTO example_values (build, name, value) SELECT build, 'source', source FROM examples;
