"""`python -m streams` is `stagestream`."""

from streams.cli import app

app()
