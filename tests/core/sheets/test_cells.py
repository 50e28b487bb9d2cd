"""What stands in a cell and what is meant by it."""

from datetime import date

import pytest

from core.explanations import Explanation
from core.sheets.cells import value_of
from core.sheets.kinds import Shape

LATEST = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026年11月22日", date(2026, 11, 22)),
        ("2026 年 11 月 22 号", date(2026, 11, 22)),
        ("11月22日", date(2026, 11, 22)),
        ("11 月 22 号", date(2026, 11, 22)),
        ("11月26", date(2026, 11, 26)),
        ("11月27日", date(2025, 11, 27)),
        ("1月1日", date(2026, 1, 1)),
        ("12月31日", date(2025, 12, 31)),
    ],
)
def test_days_are_read_as_people_write_them(text: str, meant: date) -> None:
    assert value_of(text, Shape.DAY, latest=LATEST) == meant


@pytest.mark.parametrize("text", ["11-22", "11/22", "22/11/2026", "11.22", "13月1日", "2月29日", "2月30日", "0月1日"])
def test_days_that_could_be_two_or_none_are_refused(text: str) -> None:
    found = value_of(text, Shape.DAY, latest=LATEST)
    assert isinstance(found, Explanation)
    assert found.code == "not_a_day"


def test_a_year_is_left_out_only_where_the_day_must_be_over() -> None:
    assert isinstance(value_of("11月22日", Shape.DAY), Explanation)  # somebody's birthday
