"""Figures of what a person waits for, in ratios to floors and peers of the same run.

Programs are timed as they are installed, with their bytecode beside them: it is written at the first run.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
