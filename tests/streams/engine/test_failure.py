"""The way out does not hang on anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streams.engine.failure import EXIT_CODE

LOGGING = """
import logging.config, sys, threading, time
from streams import logs
from streams.engine import failure
from streams.settings import LogSettings
logging.config.dictConfig(logs.logging_config(LogSettings(format=sys.argv[1])))
logs.configure()
"""

STUCK = """
threading.Thread(target=lambda: logging.error("x" * 1_000_000), daemon=True).start()
time.sleep(0.5)
failure.die("the log is blocked")
"""

RAISING = """
def work(user_id):
    secret = user_id + "-secret"
    {}[secret]
try:
    work(sys.argv[2])
except KeyError as error:
    logging.getLogger("faust").exception("somebody else's line")
    failure.die("a task failed", error)
"""

QUIET = RAISING.replace(".exception", ".info")


@pytest.mark.timeout(30)
def test_log_that_nobody_reads_does_not_keep_the_process_alive() -> None:
    command = [sys.executable, "-c", LOGGING + STUCK, "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            assert process.wait(20) == EXIT_CODE
        finally:
            process.kill()


@pytest.mark.timeout(30)
@pytest.mark.parametrize("form", ["json", "console"])
def test_last_words_say_kind_and_place_of_the_error_and_no_value(form: str) -> None:
    command = [sys.executable, "-c", LOGGING + QUIET, form, "ada"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == EXIT_CODE
    assert "KeyError" in done.stderr
    assert "in work" in done.stderr
    assert "ada" not in done.stderr


@pytest.mark.timeout(30)
def test_traceback_on_a_terminal_shows_no_variables() -> None:
    command = [sys.executable, "-c", LOGGING + RAISING.replace("{}[secret]", "{}[1]"), "console", "ada"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert "somebody else's line" in done.stderr
    assert "ada" not in done.stderr
