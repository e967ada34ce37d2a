"""The benchmark's report says what was measured, and its bars can be missed."""

from __future__ import annotations

from bench.contestants import Result
from bench.report import FLOOR, FLOOR_OF_OURS, OURS, PEER, misses, report


def runs(*rates: float) -> list[Result]:
    return [Result(events=1_000, events_per_second=rate, cpu_us=1e6 / rate, peak_mib=50.0) for rate in rates]


def results(ours: list[Result]) -> dict[str, list[Result]]:
    return {
        FLOOR: runs(400_000, 300_000, 200_000),
        FLOOR_OF_OURS: runs(900_000),
        PEER: runs(4_000, 5_000, 6_000),
        OURS: ours,
    }


def test_medians_are_compared_not_the_best_rounds() -> None:
    assert misses(results(runs(80_000, 75_000, 10_000))) == []
    assert len(misses(results(runs(900_000, 74_000, 10_000)))) == 2


def test_each_missed_bar_is_told() -> None:
    assert misses(results(runs(74_999))) == [
        "0.25 x aiokafka, bare loop (the bar is 0.25 x: missed)",
        "15.00 x Faust, ladder job (the bar is 15 x: missed)",
    ]


def test_the_report_shows_median_least_and_greatest_of_everybody() -> None:
    text = report("- the machine", results(runs(80_000, 100_000, 90_000)), "the core")
    assert (
        "| Stagestream, retail policy | 1,000 | 90,000 (80,000 - 100,000) | 0.30 | 11.11 (10.00 - 12.50) | 50 |"
        in text
    )
    assert "18.00 x Faust, ladder job (the bar is 15 x: reached)" in text
    assert "- the machine" in text
    assert "the core" in text
