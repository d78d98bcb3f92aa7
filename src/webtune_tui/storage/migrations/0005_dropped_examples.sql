-- A dropped row can be brought back by its example's id; a duplicate names the example that stayed in its place.
ALTER TABLE dropped ADD COLUMN example_id TEXT NOT NULL DEFAULT '';
ALTER TABLE dropped ADD COLUMN keeper_id TEXT NOT NULL DEFAULT '';
CREATE INDEX dropped_of_keeper ON dropped (build, keeper_id) WHERE keeper_id <> '';
