"""The forms in which examples are written for others, one file each; the registry finds them by name."""
