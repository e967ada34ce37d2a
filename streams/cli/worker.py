"""stagestream worker: run one worker until it is asked to stop."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stage_models.policy import PolicyError, load
from stage_models.policy.compile import Policy
from streams import settings as all_settings
from streams.policy_files import read_policy
from streams.settings import Settings, SettingsError
from streams.topics import TopicsError, check


def worker(
    policy: Annotated[
        str | None,
        typer.Option(help="A shipped policy's name or a file. [default: STAGESTREAM_POLICY, saas]"),
    ] = None,
    start_from_now: Annotated[
        bool,
        typer.Option(
            "--start-from-now",
            help="Accept a policy that asks what was not remembered: undecided until enough is known.",
        ),
    ] = False,
) -> None:
    """Read product events, move users, write transitions; one process per core, as many as you like.

    Ends with 0 when asked to stop (SIGTERM, Ctrl-C), 1 when policy, settings or topics cannot be used, and
    another code when it fails: start it again, nothing is lost.

    Examples:
        stagestream worker

        stagestream worker --policy policies/retail.yaml

        STAGESTREAM_BOOTSTRAP_SERVERS=kafka:9092 STAGESTREAM_ENGINE__TIME=records stagestream worker
    """
    settings_and_policy = _prepared(policy, start_from_now=start_from_now)
    import faust  # noqa: PLC0415 -- takes half a second, which no other command should wait for

    from streams.app import build_app  # noqa: PLC0415 -- as above

    app = build_app(*settings_and_policy)
    _use_uvloop()
    faust.Worker(app, loglevel="info", quiet=True, redirect_stdouts=False).execute_from_commandline()


def _prepared(policy_name: str | None, *, start_from_now: bool) -> tuple[Settings, Policy]:
    try:
        given: dict[str, Any] = {"policy": policy_name} if policy_name else {}
        if start_from_now:
            given["engine"] = {"start_from_now": True}
        settings = all_settings.load(**given)
        policy = load(*read_policy(settings.policy))
        check(settings)
    except (SettingsError, PolicyError, TopicsError) as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    return settings, policy


def _use_uvloop() -> None:
    """A faster event loop where it is installed."""
    try:
        import uvloop  # noqa: PLC0415 -- an extra
    except ImportError:
        return
    uvloop.install()
