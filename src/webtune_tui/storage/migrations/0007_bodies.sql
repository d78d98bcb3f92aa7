-- What a table shows, sorts and counts lies apart from the long texts: a million rows are looked through without them.
-- Rows of one text share its body; the row that brought it has its number, and so has every row before any edit.
CREATE TABLE bodies (
    body_id  INTEGER PRIMARY KEY,
    messages TEXT NOT NULL
) STRICT;
INSERT INTO bodies (body_id, messages) SELECT row_id, messages FROM examples ORDER BY row_id;
ALTER TABLE examples ADD COLUMN body_id INTEGER NOT NULL DEFAULT 0;
UPDATE examples SET body_id = row_id;
ALTER TABLE examples DROP COLUMN messages;
-- with all that tells whether a row is in a version, so that the order of a million is read from the index alone
CREATE INDEX examples_by_tokens ON examples (build, tokens, since, until);
CREATE INDEX examples_sharing ON examples (body_id) WHERE since > 0;
CREATE TRIGGER bodies_without_examples AFTER DELETE ON examples
WHEN NOT EXISTS (SELECT 1 FROM examples WHERE row_id = OLD.body_id)
    AND NOT EXISTS (SELECT 1 FROM examples WHERE body_id = OLD.body_id AND since > 0)
BEGIN
    DELETE FROM bodies WHERE body_id = OLD.body_id;
END;
