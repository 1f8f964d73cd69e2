from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tunesmith.collect.times import parse_time, parse_time_and_zone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-02T10:11:12Z", datetime(2025, 3, 2, 10, 11, 12, tzinfo=UTC)),
        ("2025-03-02 10:11", datetime(2025, 3, 2, 9, 11, tzinfo=UTC)),
        ("2025-07-02 10:11", datetime(2025, 7, 2, 8, 11, tzinfo=UTC)),
        ("2025-03-02T10:11:12+05:30", datetime(2025, 3, 2, 4, 41, 12, tzinfo=UTC)),
        ("02.03.2025 10:11", datetime(2025, 3, 2, 9, 11, tzinfo=UTC)),
        ("1740910272", datetime(2025, 3, 2, 10, 11, 12, tzinfo=UTC)),
        ("1740910272000", datetime(2025, 3, 2, 10, 11, 12, tzinfo=UTC)),
        ("Sun, 02 Mar 2025 10:11:12 +0000", datetime(2025, 3, 2, 10, 11, 12, tzinfo=UTC)),
        ("March 2, 2025", datetime(2025, 3, 1, 23, tzinfo=UTC)),
        ("03/04/2025", None),
        ("yesterday", None),
        ("0001-01-01", None),
        ("9999-12-31T23:59:59-10:00", None),
        ("", None),
    ],
)
def test_times_that_systems_write(text, expected) -> None:
    assert parse_time(text, ZoneInfo("Europe/Berlin")) == expected


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2025-03-02T10:11:12Z", "+00:00"),
        ("2025-03-02 10:11", "+01:00"),
        ("2025-07-02 10:11", "+02:00"),
        ("2025-03-02T10:11:12-09:30", "-09:30"),
        ("2025-03-02 10:11:12 +0530", "+05:30"),
        ("1740910272", "+00:00"),
    ],
)
def test_the_offset_that_a_time_was_written_with(text, zone) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert parse_time_and_zone(text, berlin) == (parse_time(text, berlin), zone)
