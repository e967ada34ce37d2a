"""How the engine fails: at once, as a whole, and with a reason.

Nothing that is not durable may be passed over, and everything durable can be taken up again from the log. So whatever
the engine cannot put right itself ends the process; the supervisor starts it anew.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

import structlog

EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h


def die(reason: str, error: BaseException | None = None, **fields: object) -> NoReturn:
    """End the process now, without the clean-ups that could write something: exit code 70."""
    log = structlog.get_logger("stagestream.engine")
    log.critical(reason, exc_info=error, **fields)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CODE)
