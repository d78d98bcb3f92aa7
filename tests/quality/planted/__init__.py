"""A labelled corpus: clean texts in five languages, every kind of dirt planted among them, and the answer key."""
