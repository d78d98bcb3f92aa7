"""The openai SDK behind our own provider interface; loaded when a provider is first used."""
