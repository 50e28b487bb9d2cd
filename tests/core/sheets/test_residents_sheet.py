"""The sheet of residents: judged as a whole, written as a whole, and the same again changes nothing."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from core.accounts import access
from core.audit.models import Entry
from core.contract import HolderKind
from core.db import Database, session, unit
from core.errors import DomainError, Forbidden, NotFound
from core.people.models import Holder, Resident
from core.plugins import House
from core.sheets import importing
from core.sheets.judging import Report
from core.sheets.models import ImportRow
from tests.core.sheets.build import RESIDENTS, csv_of, xlsx
from tests.kit import Cast, actor_of, enter_slug

Import = Callable[..., Report]
GOOD = (
    RESIDENTS,
    (1, "张三", 13900000101, date(1950, 1, 2)),
    (2, "李四", None, "1960年3月4日"),
    (3, "王五", "0931-123 4567", None),
)


@pytest.fixture
def imported(database: Database, house: House, cast: Cast) -> Import:
    """`imported(content)`: a sheet of residents, by the installation itself."""

    def run(content: bytes, *, dry_run: bool = False, slug: str = cast.slug, kind: str = "residents") -> Report:
        return importing.run(database, house, slug, kind, "名册.xlsx", content, by=access.system(), dry_run=dry_run)

    return run


@pytest.fixture
def count(database: Database, house: House, cast: Cast) -> Callable[[], int]:
    """How many residents there are."""

    def counted() -> int:
        with unit(database, write=False):
            enter_slug(house, cast.slug)
            return session.scalar(select(func.count()).select_from(Resident)) or 0

    return counted


def faults_of(report: Report) -> list[tuple[str, str]]:
    return [(fault.cell or f"row {fault.row}", fault.words.code) for fault in report.faults]


def test_residents_are_taken_in_and_the_same_sheet_again_changes_nothing(
    imported: Import, database: Database, house: House, cast: Cast
) -> None:
    assert imported(xlsx(*GOOD)) == Report(rows=3, created=3, unchanged=0, faults=())
    again = csv_of(*[[cell or "" for cell in row] for row in GOOD], encoding="gb18030")  # type: ignore[arg-type]  # lists do
    assert imported(xlsx(*GOOD)) == imported(again) == Report(rows=3, created=0, unchanged=3, faults=())
    with unit(database, write=False):
        enter_slug(house, cast.slug)
        found = session.scalars(
            select(Resident)
            .join(Resident.holder)
            .where(Holder.name.in_(["张三", "李四", "王五"]))
            .order_by(Holder.initials)
        ).all()
        facts = [(one.name, one.holder.initials, one.telephone, one.born_on) for one in found]
        ids = {one.id for one in found}
        kinds = {one.holder.kind for one in found}
        refs = {row.ref: row.subject_id for row in session.scalars(select(ImportRow))}
        entries = session.scalars(select(Entry).where(Entry.act == "core.sheet_imported")).all()
        audited = [(entry.subject, entry.after["created"]) for entry in entries]
    assert facts == [
        ("李四", "ls", "", date(1960, 3, 4)),
        ("王五", "ww", "09311234567", None),
        ("张三", "zs", "13900000101", date(1950, 1, 2)),
    ]
    assert kinds == {HolderKind.RESIDENT}
    assert {refs["2"], refs["3"], refs["1"]} == ids
    assert audited == [("名册.xlsx", 3)]


def test_a_dry_run_says_what_would_come_of_it_and_writes_nothing(imported: Import, count: Callable[[], int]) -> None:
    before = count()
    assert imported(xlsx(*GOOD), dry_run=True) == Report(rows=3, created=3, unchanged=0, faults=())
    assert count() == before


def test_new_rows_below_known_ones_are_taken_in(imported: Import, count: Callable[[], int]) -> None:
    imported(xlsx(*GOOD))
    before = count()
    assert imported(xlsx(*GOOD, (4, "赵六"))) == Report(rows=4, created=1, unchanged=3, faults=())
    assert count() == before + 1


def test_a_known_number_with_other_content_is_a_fault_and_nothing_is_written(
    imported: Import, count: Callable[[], int]
) -> None:
    imported(xlsx(*GOOD))
    before = count()
    report = imported(xlsx(RESIDENTS, (1, "张三丰", 13900000101, date(1950, 1, 2)), (9, "新人")))
    assert (report.created, report.unchanged, faults_of(report)) == (0, 0, [("A2", "ref_changed")])
    assert count() == before


def test_every_fault_is_told_by_its_cell_and_nothing_is_written(imported: Import, count: Callable[[], int]) -> None:
    def spoil(sheet: Any) -> None:
        sheet["C3"] = "=A1"
        sheet.merge_cells("D4:D5")

    before = count()
    content = xlsx(
        RESIDENTS,
        ("1", "甲", "12", "1950-02-30"),
        ("2", "乙"),
        ("3", "丙"),
        ("4", "丁"),
        ("4", "戊"),
        (None, "己"),
        ("7", None),
        ("8", "长" * 61),
        ("9", "后", None, date(2026, 11, 27)),
        ("x" * 61, "辛"),
        ("11", "壬"),
        change=spoil,
    )
    report = imported(content)
    assert faults_of(report) == [
        ("C2", "not_a_telephone"),
        ("D2", "not_a_day"),
        ("C3", "cell_formula"),
        ("D4", "cell_merged"),
        ("D5", "cell_merged"),
        ("A6", "ref_twice"),
        ("A7", "required"),
        ("B8", "required"),
        ("B9", "too_long_text"),
        ("D10", "born_in_the_future"),
        ("A11", "too_long_text"),
    ]
    assert (report.rows, report.created) == (11, 0)
    assert count() == before


@pytest.mark.parametrize(
    ("header", "faults"),
    [
        (("ref", "name", "telephone", "born_on"), []),
        (("No.", " Full  Name* ", "手机（必填）", "生日："), []),
        (("编号", "电话", "姓名"), []),
        (("姓名", "电话"), [("row 1", "column_missing")]),
        (("编号", "姓名", "特长"), [("C1", "column_unknown")]),
        (("编号", "姓名", "姓名"), [("C1", "column_twice")]),
        (
            ("what", "ever"),
            [
                ("A1", "column_unknown"),
                ("B1", "column_unknown"),
                ("row 1", "column_missing"),
                ("row 1", "column_missing"),
            ],
        ),
    ],
)
def test_columns_are_known_by_many_names_and_others_refused(
    imported: Import, header: tuple[str, ...], faults: list[tuple[str, str]]
) -> None:
    assert faults_of(imported(xlsx(header, ("1", "110", "110", "1950-01-02")[: len(header)]), dry_run=True)) == faults


def test_a_title_may_stand_above_the_header(imported: Import) -> None:
    def title(sheet: Any) -> None:
        sheet.merge_cells("A1:D1")

    assert imported(xlsx(("新城区社区居民名册",), (), *GOOD, change=title)).created == 3


def test_ten_thousand_rows_are_taken_in_and_one_more_is_not(imported: Import, count: Callable[[], int]) -> None:
    before = count()
    rows = [(number, f"居民{number}", "", "1950-01-02") for number in range(1, 10_001)]
    assert imported(csv_of(RESIDENTS, *rows)).created == 10_000
    assert count() == before + 10_000
    with pytest.raises(DomainError) as refusal:
        imported(csv_of(RESIDENTS, *rows, (10_001, "一", "", "")))
    assert (refusal.value.code, refusal.value.facts) == ("sheet_too_many_rows", {"most": 10_000})


def test_only_staff_import(database: Database, house: House, cast: Cast) -> None:
    with unit(database, write=False):
        enter_slug(house, cast.slug)
        zhang = actor_of("zhang")
    with pytest.raises(Forbidden):
        importing.run(database, house, cast.slug, "residents", "a.xlsx", xlsx(*GOOD), by=zhang)


def test_there_are_only_the_kinds_there_are(imported: Import) -> None:
    for wrong in ({"kind": "rooms"}, {"slug": "nowhere"}):
        with pytest.raises(NotFound):
            imported(xlsx(*GOOD), **wrong)


def test_p3_a_number_known_in_one_community_is_new_in_another(imported: Import, cast: Cast) -> None:
    assert imported(xlsx(*GOOD)).created == 3
    assert imported(xlsx(*GOOD), slug=cast.other_slug).created == 3


@pytest.mark.parametrize(
    ("row", "faults"),
    [
        (
            ("R2", "", "abc", "2099-01-01"),
            [("B2", "required"), ("C2", "not_a_telephone"), ("D2", "born_in_the_future")],
        ),
        (("R2", "张三", "", "9999-12-31"), [("D2", "impossible_day")]),
        (("R2", "张三", "0001-01-01", ""), [("C2", "not_a_telephone")]),
        (("R2", "张三", "a" * 40, ""), [("C2", "too_long_text")]),
        (
            ("", "张三", "12", "", "", "组长"),
            [("A2", "required"), ("C2", "not_a_telephone"), ("F2", "cell_without_column")],
        ),
    ],
)
def test_every_fault_of_every_cell_is_told_once(
    imported: Import, count: Callable[[], int], row: tuple[str, ...], faults: list[tuple[str, str]]
) -> None:
    before = count()
    report = imported(csv_of(RESIDENTS, row, ("R3", "李四", "", "")))
    assert faults_of(report) == faults
    assert (report.created, count()) == (0, before)
