"""Entry of ``python -m webtune_tui``; the same program as the ``webtune`` command."""

from webtune_tui.cli.main import main

if __name__ == "__main__":
    main()
