-- Of two answers to one question the person may mark the better one: 1 for it, 0 for the other, NULL where nobody chose.
ALTER TABLE chat_turns ADD COLUMN preferred INTEGER;
