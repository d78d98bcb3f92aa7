-- What conditions ask of the messages is found out once: the lengths, and the language of the answer (NULL: nobody could
-- tell it). Bodies never change, so it stays true for as long as there is the body.
CREATE TABLE languages (
    language INTEGER PRIMARY KEY,
    code     TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE body_facts (
    body_id           INTEGER PRIMARY KEY,
    turns             INTEGER NOT NULL,
    prompt_characters INTEGER NOT NULL,
    answer_characters INTEGER NOT NULL,
    language          INTEGER REFERENCES languages
) STRICT;
CREATE TRIGGER facts_without_bodies AFTER DELETE ON bodies
BEGIN
    DELETE FROM body_facts WHERE body_id = OLD.body_id;
END;
-- The builds of which all is known, but for the rows that began after a revision.
CREATE TABLE known_builds (
    build         INTEGER PRIMARY KEY REFERENCES builds ON DELETE CASCADE,
    revision      INTEGER NOT NULL,
    has_languages INTEGER NOT NULL
) STRICT;
