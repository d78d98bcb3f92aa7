"""Looking into a file without importing it: the screen, its table, and the app that opens straight at it."""
