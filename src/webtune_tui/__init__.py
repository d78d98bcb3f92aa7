"""From web data to a fine-tuned language model that you can trust, in the terminal."""

__version__ = "0.1.0"
