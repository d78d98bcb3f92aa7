"""A report of a fault of our own: the traceback without local values and without keys, readable by the person alone."""

from __future__ import annotations

import os
import time
import traceback

from webtune_tui.domain.errors import InternalFault, WebtuneError
from webtune_tui.domain.masking import mask
from webtune_tui.settings import log_folder
from webtune_tui.storage.files import make_folder, write_text


def write_crash_report(error: BaseException) -> InternalFault:
    """Writes the report into the log folder and answers our error, whose hint names the file."""
    report = mask("".join(traceback.format_exception(error)))
    path = log_folder() / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        make_folder(path.parent)
        write_text(path, report)
        hint = f"The report lies in {path}"
    except WebtuneError:
        hint = "The report could not be written."
    summary = mask(f"{type(error).__name__}: {error}")
    return InternalFault(f"webtune met a fault of its own: {summary[:300]}", hint=hint)
