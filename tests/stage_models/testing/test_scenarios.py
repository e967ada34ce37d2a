from __future__ import annotations

import pytest

from stage_models.events import Event, Tick
from stage_models.instants import parse_instant
from stage_models.policy import load
from stage_models.policy.source import read
from stage_models.testing import ScenarioError, event, failed_examples, read_table, scenario, tick

TEXT = """
policy: shop
version: 1
events: {order: [Order Completed]}
ladder:
  - {stage: signup, action: Welcome}
  - {stage: buyer, when: {performed: order}, action: Thank them}
  - {stage: gone, lapsed: true, when: {inactive: order, for: 10 days}, action: Ask why}
segments:
  - {segment: big, when: {total: order, property: revenue, at_least: 100, within: 7 days}, action: Call}
"""
POLICY = load(TEXT, "shop.yaml")
HISTORY = """
time              event                           id  stage  segments  moves         cause  effective
2026-01-01        Order Completed {revenue: 100}  a   buyer  big       >buyer +big   event  2026-01-01
2026-01-01        Order Completed {revenue: 100}  a   buyer  big       -             -      -
2026-01-08        -                               -   buyer  -         -big          time   2026-01-08
2026-01-12        -                               -   gone   -         buyer>gone    time   2026-01-11  so it is
2026-01-05 12:30  Order Completed {revenue: 1}    b   buyer  -         gone>buyer    late   2026-01-11
"""


def test_table_that_is_right_gives_the_user() -> None:
    user = scenario(POLICY, HISTORY)
    assert POLICY.stage_of(user) == "buyer"
    assert user.clock == parse_instant("2026-01-11")


def test_drop_and_correction_can_be_expected() -> None:
    scenario(
        POLICY,
        """
        time        event            id  moves       corrects  drop
        2026-01-01  Order Completed  a   >buyer      -         -
        2026-01-11  -                -   buyer>gone  -         -
        2026-01-01  Order Completed  a   -           -         duplicate
        2026-01-02  Order Completed  b   gone>buyer  2         -
        """,
    )


def test_cells_that_are_left_out_are_not_looked_at() -> None:
    scenario(
        POLICY, "time  event  stage  cause\n2026-01-01  Order Completed\n2026-01-02  Order Completed  buyer"
    )


def test_difference_shows_the_rows_and_both_where_they_differ() -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(
            POLICY,
            """
            time        event            stage  cause
            2026-01-01  Order Completed  buyer  event
            2026-01-10  -                gone   time
            2026-01-11  -                gone   time
            """,
        )
    assert str(caught.value) == (
        "the policy does something else than the table expects\n"
        "          time        event            stage  cause\n"
        "          2026-01-01  Order Completed  buyer  event\n"
        "expected  2026-01-10  -                gone   time\n"
        "found     2026-01-10  -                buyer  -\n"
        "          2026-01-11  -                gone   time"
    )


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "begins with the columns time and event"),
        ("time  stage\n2026-01-01  x", "begins with the columns time and event"),
        ("time  event  colour\n2026-01-01  x  red", "colour"),
        ("time  event\nsoon  Order Completed", "row 1"),
        ("time  event\n2026-01-01  a {b: 1} c", "no event"),
        ("time  event  effective\n2026-01-01  a  soon", "row 1"),
        ("time  event", "no rows"),
        ("time  event\n2026-01-01  -", "begins with an event"),
    ],
)
def test_table_that_cannot_be_read_says_why(table: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        scenario(POLICY, table)


def test_row_without_event_lets_happen_what_is_due_at_its_time() -> None:
    _, rows = read_table("time  event\n2026-01-01 10:00  -")
    assert rows[0].input == Tick(parse_instant("2026-01-01 10:00") + 1) == tick("2026-01-01 10:00")


def test_event_for_a_test_has_an_id_of_its_own() -> None:
    one = event("2026-01-01", "Order Completed", revenue=3)
    assert one.properties == {"revenue": 3}
    assert one.event_id != event("2026-01-02", "Order Completed").event_id
    assert event("2026-01-01", "x", "id", "u").event_id == "id"


def test_example_that_fails_is_told_where_it_stands() -> None:
    text = TEXT + (
        "examples:\n"
        "  - example: fine\n"
        "    table: |\n"
        "      time  event  stage\n"
        "      2026-01-01  Order Completed  buyer\n"
        "  - example: wrong\n"
        "    table: |\n"
        "      time  event  stage\n"
        "      2026-01-01  Order Completed  gone\n"
        "  - {example: unreadable, table: what}\n"
    )
    wrong, unreadable = failed_examples(load(text, "f"), read(text, "f"))
    assert wrong.line == text[: text.index("example: wrong")].count("\n") + 1
    assert wrong.message.startswith('example "wrong": the policy does something else')
    assert unreadable.message.startswith('example "unreadable": a table begins with')


def test_traits_come_with_their_row() -> None:
    _, (row, other) = read_table(
        "time  event  traits\n2026-01-01  Signed Up  {plan: pro}\n2026-01-02  Seen  -"
    )
    assert isinstance(row.input, Event)
    assert row.input.traits == {"plan": "pro"}
    assert isinstance(other.input, Event)
    assert other.input.traits == {}


@pytest.mark.parametrize(
    "event", ["Order Completed {revenue: [}", "Order Completed {revenue: 1, revenue: 2}"]
)
def test_properties_that_cannot_be_read_are_told_with_their_row(event: str) -> None:
    with pytest.raises(ValueError, match=r"^row 1 .* cannot be read: expected names and values in braces"):
        read_table(f"time  event\n2026-01-01  {event}")


def test_traits_that_are_no_mapping_are_told() -> None:
    with pytest.raises(ValueError, match="pro cannot be read"):
        read_table("time  event  traits\n2026-01-01  Signed Up  pro")
