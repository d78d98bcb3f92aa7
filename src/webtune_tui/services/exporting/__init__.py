"""How an export comes to stand in its folder: the files of each kind, the manifest, the folder put in place at once."""
