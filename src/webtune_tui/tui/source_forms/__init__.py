"""One module for each source of a new collection, found by its file name; ``base.py`` says what a module gives."""
