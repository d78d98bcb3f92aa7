"""What the bundled records are made with: parts are read, products written, put into records and spoilt."""
