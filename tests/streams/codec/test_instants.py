"""The fast ways to read and write instants equal their plain twins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stage_models.instants import DAY, HOUR, format_instant, parse_instant
from stage_models.user import NEVER
from streams.codec import instants
from streams.codec.instants import instant_or_none, read_instant, write_instant

_ANY = ".*"  # which of the two parsers refuses it, and in which words, does not matter
INSTANTS = st.integers(-50 * 366 * DAY, 200 * 366 * DAY)


@given(INSTANTS)
def test_writing_equals_the_plain_form(at_ms: int) -> None:
    assert write_instant(at_ms) == format_instant(at_ms)


@given(INSTANTS)
def test_reading_takes_back_what_was_written(at_ms: int) -> None:
    text = format_instant(at_ms)
    assert read_instant(text) == at_ms
    assert read_instant(text[:19] + "Z") == at_ms // 1000 * 1000


@given(st.text("0123456789-:TZ.+ ", min_size=8, max_size=26))
def test_reading_refuses_what_the_plain_form_refuses(text: str) -> None:
    try:
        expected = parse_instant(text)
    except ValueError:
        with pytest.raises(ValueError, match=_ANY):
            read_instant(text)
    else:
        assert read_instant(text) == expected


@pytest.mark.parametrize(
    "text", ["2026-11-20T24:00:01Z", "2026-13-01T00:00:00Z", "2026-11-20T09:60:00Z", "", "now"]
)
def test_no_instant_is_refused_also_when_its_hour_is_known(text: str) -> None:
    read_instant("2026-11-20T09:00:00Z")
    with pytest.raises(ValueError, match=_ANY):
        read_instant(text)


def test_what_never_comes_has_no_text() -> None:
    assert instant_or_none(None) is None
    assert instant_or_none(NEVER) is None
    assert instant_or_none(0) == "1970-01-01T00:00:00.000Z"


def test_what_is_kept_of_the_hours_of_a_long_history_is_bounded() -> None:
    for hour in range(instants._HOURS_KEPT + 10):
        assert read_instant(format_instant(hour * HOUR)) == hour * HOUR
    assert len(instants._hours) <= instants._HOURS_KEPT
