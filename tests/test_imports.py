"""Who may import whom: the rooms of the product and their doors.

`stage_models` decides and knows nothing of time, chance, logs, networks or `streams`; inside it the rooms
stand in an order, and each knows only those before it. `streams` connects; what it takes from outside is
known only where it is named here. Each rule is also fed a broken copy.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

CORE = [
    "instants",
    "figures",
    "shape",
    "events",
    "shortening",
    "user",
    "transitions",
    "calendar",
    "date_ranges",
    "terms",
    "event_sets",
    "facts",
    "conditions",
    "policy",
    "merge",
    "telling",
    "ladder",
    "advance",
    "policy_change",
    "against",
    "replay",
    "explain",
    "contract",
    "testing",
]
"""The rooms of the core, each after all those that it may know."""

CORE_KNOWS = {"stage_models", "pydantic", "pydantic_core", "msgspec", "ruamel"}
CORE_NEVER_KNOWS = {
    *("time", "random", "secrets", "logging", "os", "sys", "socket", "asyncio", "threading", "subprocess"),
    *("urllib", "http", "io", "tempfile", "multiprocessing", "concurrent", "signal"),
}
CLOCKS = {"now", "today", "utcnow"}

KNOWN_BY = {
    "ruamel": "stage_models.policy.source",
    "pydantic": "stage_models streams.settings",
    "pydantic_core": "stage_models streams.settings",
    "pydantic_settings": "streams.settings",
    "msgspec": "stage_models streams",
    "faust": "streams.engine streams.agents streams.app streams.pages streams.cli.worker",
    "mode": "streams.engine",
    "yarl": "streams.engine",
    "aiokafka": "streams.engine",
    "confluent_kafka": "streams.engine streams.agents streams.dead_letters streams.producing streams.cli"
    " streams.topic_reader",
    "kafka": "streams.topics",
    "prometheus_client": "streams.metrics streams.pages",
    "structlog": "streams.engine streams.logs streams.pages",
    "typer": "streams.cli",
    "rich": "streams.cli",
    "uvloop": "streams.cli.worker",
}
"""Each package from outside: the rooms that may know it."""

LAST = {"streams.cli": {"streams.cli", "streams.__main__"}, "streams.app": {"streams.app", "streams.cli"}}
"""Rooms at the end of the way: nobody but these may know them."""

LEFTOVERS = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "base"}

Modules = dict[str, ast.Module]


def read(root: Path) -> Modules:
    """The modules of both packages under a root, by name."""
    files = [file for package in ("stage_models", "streams") for file in (root / package).rglob("*.py")]
    return {_name(file.relative_to(root)): ast.parse(file.read_text()) for file in files}


def _name(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def _imports(modules: Modules, name: str) -> Iterator[str]:
    """What a module imports, also inside functions; a name taken from a package counts as its module."""
    for node in ast.walk(modules[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{name}: relative import"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ([module for module in inner if module in modules] or [node.module])


def _all_imports(modules: Modules) -> Iterator[tuple[str, str]]:
    return ((name, target) for name in modules for target in _imports(modules, name))


def _is_in(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def core_knows_only_what_is_pure(modules: Modules) -> Iterator[str]:
    for name, target in _all_imports(modules):
        if _is_in(name, "stage_models"):
            package = target.partition(".")[0]
            is_pure = package in sys.stdlib_module_names and package not in CORE_NEVER_KNOWS
            if not (is_pure or package in CORE_KNOWS):
                yield f"{name} imports {target}"


def core_reads_no_clock(modules: Modules) -> Iterator[str]:
    for name, tree in modules.items():
        if _is_in(name, "stage_models"):
            for node in ast.walk(tree):
                func = node.func if isinstance(node, ast.Call) else None
                if isinstance(func, ast.Attribute) and func.attr in CLOCKS:
                    yield f"{name}:{func.lineno} reads a clock"


def core_rooms_know_only_those_before_them(modules: Modules) -> Iterator[str]:
    for name, target in _all_imports(modules):
        if name.startswith("stage_models.") and target.startswith("stage_models."):
            room, other = name.split(".")[1], target.split(".")[1]
            if room not in CORE:
                yield f"{name} has no place in the order of rooms"
            elif room != other and other not in CORE[: CORE.index(room)]:
                yield f"{name} imports {target}"


def packages_from_outside_stay_in_their_rooms(modules: Modules) -> Iterator[str]:
    for name, target in _all_imports(modules):
        package = target.partition(".")[0]
        if package not in {*sys.stdlib_module_names, "stage_models", "streams"}:
            rooms = KNOWN_BY.get(package, "").split()
            if not any(_is_in(name, room) for room in rooms):
                yield f"{name} imports {target}"


def nothing_calls_back(modules: Modules) -> Iterator[str]:
    for name, target in _all_imports(modules):
        for room, friends in LAST.items():
            if _is_in(target, room) and not any(_is_in(name, friend) for friend in friends):
                yield f"{name} imports {target}"
    ours = {name: {target for target in _imports(modules, name) if target in modules} for name in modules}
    try:
        TopologicalSorter({name: targets - {name} for name, targets in ours.items()}).prepare()
    except CycleError as error:
        yield "imports in a circle: " + " -> ".join(error.args[1])


def codec_knows_no_kafka_and_no_engine(modules: Modules) -> Iterator[str]:
    for name, target in _all_imports(modules):
        allowed = _is_in(target, "streams.codec") or target == "streams.settings"
        if _is_in(name, "streams.codec") and _is_in(target, "streams") and not allowed:
            yield f"{name} imports {target}"


def no_room_is_for_leftovers(modules: Modules) -> Iterator[str]:
    return (name for name in modules if LEFTOVERS & set(name.split(".")))


Rule = Callable[[Modules], Iterator[str]]

BROKEN: dict[Rule, tuple[str, str]] = {
    core_knows_only_what_is_pure: ("stage_models/advance.py", "import random"),
    core_reads_no_clock: ("stage_models/advance.py", "from datetime import datetime\nNOW = datetime.now()"),
    core_rooms_know_only_those_before_them: (
        "stage_models/facts/days.py",
        "from stage_models.conditions import performed",
    ),
    packages_from_outside_stay_in_their_rooms: ("streams/codec/records.py", "from faust import App"),
    nothing_calls_back: ("streams/engine/outbox.py", "from streams.app import build_app"),
    codec_knows_no_kafka_and_no_engine: ("streams/codec/records.py", "from streams.engine import outbox"),
    no_room_is_for_leftovers: ("streams/utils.py", ""),
}
"""Each rule with one file that breaks it."""


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Rule) -> None:
    assert list(rule(read(ROOT))) == []


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_rule_notices_what_breaks_it(rule: Rule, tmp_path: Path) -> None:
    path, source = BROKEN[rule]
    for file in ("stage_models/__init__.py", "streams/__init__.py", path):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(source if file == path else "")

    assert list(rule(read(tmp_path))) != []


def test_streams_in_the_core_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "stage_models").mkdir()
    (tmp_path / "stage_models" / "advance.py").write_text("def f():\n    from streams import metrics\n")

    assert list(core_knows_only_what_is_pure(read(tmp_path))) == ["stage_models.advance imports streams"]


def test_a_circle_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "streams").mkdir()
    (tmp_path / "streams" / "metrics.py").write_text("from streams import agents\n")
    (tmp_path / "streams" / "agents.py").write_text("from streams.metrics import observe\n")

    [problem] = nothing_calls_back(read(tmp_path))

    assert problem.startswith("imports in a circle: ")


def test_the_files_under_test_are_found() -> None:
    assert {"stage_models.advance", "streams.settings", "streams.codec.records"} <= set(read(ROOT))
