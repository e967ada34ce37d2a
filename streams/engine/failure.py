"""How the engine fails: at once, as a whole, and with a reason.

Nothing that is not durable may be passed over, and everything durable can be taken up again from the log. So whatever
the engine cannot put right itself ends the process; the supervisor starts it anew.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from traceback import format_tb
from typing import NoReturn

import structlog
from confluent_kafka import KafkaException

EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h

_SAY_SECONDS = 5.0  # a log that nobody reads blocks whoever writes to it


def die(reason: str, error: BaseException | None = None, **fields: object) -> NoReturn:
    """End the process now, without the clean-ups that could write something: exit code 70.

    Of an error the log gets its kind and place; its text only where it comes from Kafka or the system, because any
    other may quote a user id or a value.
    """
    last_resort = threading.Timer(_SAY_SECONDS, os._exit, (EXIT_CODE,))
    last_resort.daemon = True
    last_resort.start()
    log = structlog.get_logger("stagestream.engine")
    if error is not None:
        fields |= {"error": type(error).__name__, "traceback": "".join(format_tb(error.__traceback__))}
        if isinstance(error, KafkaException | OSError):
            fields["error_text"] = str(error)
    log.critical(reason, **fields)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    last_resort.cancel()
    os._exit(EXIT_CODE)
