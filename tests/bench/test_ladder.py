"""The peers' ladder job climbs and falls as the active stages of the retail policy do at each event."""

from __future__ import annotations

from datetime import date, timedelta

from bench.peers.ladder import Event, State, step


def stages(*happened: tuple[int, str]) -> list[str]:
    """The stages that a user is moved to by events on these days."""
    state: State | None = None
    seen: list[str] = []
    for number, (day, name) in enumerate(happened):
        at = date(2026, 1, 1) + timedelta(days=day)
        state, transition = step("ann", state, Event(f"m{number}", name, f"{at}T12:00:00Z"))
        if transition:
            assert transition["sequence"] == len(seen) + 1
            seen.append(transition["to_stage"])
    return seen


def orders(*days: int) -> list[tuple[int, str]]:
    return [(day, "Order Completed") for day in days]


def test_orders_on_more_days_lead_up_the_ladder() -> None:
    assert stages(*orders(0, 0, 1, 2, 3, 4, 5, 6, 7)) == ["activated", "engaged", "power"]


def test_an_order_on_a_day_that_had_one_moves_nobody() -> None:
    assert stages(*orders(0, 0, 0, 0)) == ["activated"]


def test_whoever_comes_back_after_a_month_starts_lower() -> None:
    assert stages(*orders(0, 1, 2, 60)) == ["activated", "engaged", "activated"]


def test_a_mailing_is_no_activity() -> None:
    assert stages((0, "Campaign Sent"), (1, "Campaign Sent")) == []
