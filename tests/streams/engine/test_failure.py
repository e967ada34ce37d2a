"""The way out does not hang on anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streams.engine.failure import EXIT_CODE

STUCK = """
import logging, os, sys, threading, time
from streams import logs
from streams.engine import failure
from streams.settings import LogSettings
logging.config.dictConfig(logs.logging_config(LogSettings()))
logs.configure()
threading.Thread(target=lambda: logging.error("x" * 1_000_000), daemon=True).start()
time.sleep(0.5)
failure.die("the log is blocked")
"""


@pytest.mark.timeout(30)
def test_log_that_nobody_reads_does_not_keep_the_process_alive() -> None:
    command = [sys.executable, "-c", "import logging.config\n" + STUCK]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            assert process.wait(20) == EXIT_CODE
        finally:
            process.kill()
