"""One form for every line of the log: ours, Faust's, aiokafka's.

JSON where nobody looks (containers), a console form on a terminal. No line holds a value of an event or a user id.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import Processor

from streams.settings import LogSettings

_QUIET = {"aiohttp.access": logging.WARNING, "aiokafka": logging.WARNING, "kafka": logging.WARNING}


def logging_config(settings: LogSettings) -> dict[str, Any]:
    """The standard logging of the process, in the form that `logging.config.dictConfig` and Faust take."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared(),
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_renderers(settings),
                ],
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "line"}
        },
        "root": {"handlers": ["stderr"], "level": settings.level.upper()},
        "loggers": {name: {"level": logging.getLevelName(level)} for name, level in _QUIET.items()},
    }


def configure() -> None:
    """Send structlog's lines through standard logging, where they get the same form as everybody's."""
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderers(settings: LogSettings) -> list[Processor]:
    is_console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    if is_console:
        # the default would show the variables of each frame, with what they hold
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
