"""A loopback Bright Data with bundled sample records: `python -m webtune_tui.sandbox`."""
