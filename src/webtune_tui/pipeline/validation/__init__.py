"""The parts of checking a file of examples: parsing, forms, checks of rows, repairs, overlap, personal data."""
