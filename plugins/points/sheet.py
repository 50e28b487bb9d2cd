"""The sheet of contributions: a row for each civic act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from core.contract import Actor
from core.db import Id
from core.errors import Invalid
from core.people import sheet as people
from core.sheets.kinds import Choice, Column, Fault, ImportKind, Judged, Ready, Row, Shape, SheetFaults
from plugins.points import awards
from plugins.points.requests import ContributionRequest
from plugins.points.rules import book

_COLUMNS = {"holder_id": "holder"}  # fields of the request that are called otherwise in the sheet
_AMOUNTS = frozenset({"acts", "minutes"})


def judge(rows: Sequence[Row], _by: Actor) -> Judged:
    """By the same rules as a contribution that is typed."""
    holders = Holders.known()
    ready: list[Ready] = []
    faults: list[Fault] = []
    for row in rows:
        holder = holders.of(row)
        if isinstance(holder, list):
            faults += holder
            continue
        try:
            ready.append(Ready(row=row, value=_request(row, holder)))
        except Invalid as error:
            faults += row.faults(error, _COLUMNS)
    if not ready:
        return Judged(faults=faults)
    try:
        awards.preview([one.value for one in ready])
    except Invalid as error:
        faults += _placed(ready, error)
    return Judged(ready=ready, faults=faults)


def _request(row: Row, holder_id: Id) -> ContributionRequest:
    day = row.day("occurred_on")
    assert day is not None  # a required column
    return ContributionRequest(
        holder_id=holder_id,
        category=row.text("category") or "",
        occurred_on=day,
        minutes=row.whole("minutes"),
        acts=row.whole("acts"),
        note=row.text("note") or "",
    )


def _placed(ready: Sequence[Ready], error: Invalid) -> list[Fault]:
    """Faults keyed `items.3.acts`, by cell."""
    faults: list[Fault] = []
    for key, words in error.errors.items():
        _items, number, field = key.split(".")
        row = ready[int(number)].row
        if field not in _AMOUNTS or not row.bad & _AMOUNTS:  # of an amount that could not be read all is said
            faults += row.faults(Invalid({field: words}), _COLUMNS)
    return faults


def write(ready: Sequence[Ready], by: Actor) -> None:
    """Record them in the order of their days, so that caps fall as they would have, one by one."""
    in_order = sorted(ready, key=lambda one: one.value.occurred_on)
    try:
        awards.record_many(
            [one.value for one in in_order], by=by, source="import", keys=[f"sheet:{one.row.ref}" for one in in_order]
        )
    except Invalid as error:  # a rule has changed meanwhile
        raise SheetFaults(_placed(in_order, error)) from None


@dataclass(frozen=True, slots=True)
class Holders:
    """Who may stand in the sheet: groups and residents by name, residents by their number too."""

    names: Mapping[Id, str]
    by_name: Mapping[str, Sequence[Id]]
    by_ref: Mapping[str, Id]

    @classmethod
    def known(cls) -> Holders:
        """Everybody here."""
        names = {**people.group_names(), **people.resident_names()}
        return cls(names, people.by_name(names), people.refs_of("residents"))

    def of(self, row: Row) -> Id | list[Fault]:
        """The holder of a row, by number or by a name that only one has; or what is wrong with it."""
        ref, name = row.text("resident_ref"), row.text("holder")
        if ref is None:
            return [row.fault("holder", "required")] if name is None else self._of_name(row, name)
        found = self.by_ref.get(ref)
        if found is None or found not in self.names:
            return [row.fault("resident_ref", "resident_ref_unknown", ref=ref)]
        if name is not None and self.names[found] != name:
            return [row.fault("holder", "resident_name_differs", ref=ref, name=self.names[found])]
        return found

    def _of_name(self, row: Row, name: str) -> Id | list[Fault]:
        found = self.by_name.get(name, ())
        if len(found) == 1:
            return found[0]
        return [row.fault("holder", "points_several_holders" if found else "points_unknown_holder", name=name)]


def _categories() -> Sequence[Choice]:
    return [Choice(code=code, words=(category.name,)) for code, category in book().categories.items()]


CONTRIBUTIONS = ImportKind(
    name="contributions",
    label=_l("Contributions"),
    help=_l("A row for each civic act of a group or a resident. Import residents and groups first."),
    needs="points.award",
    columns=(
        Column(
            name="holder",
            label=_l("Group or resident"),
            headers=("团队或居民", "团队", "居民", "姓名", "Group or resident", "group", "resident"),
            examples=("合唱队", "张淑芬"),
        ),
        Column(
            name="resident_ref",
            label=_l("Resident's No."),
            headers=("居民编号", "Resident's No.", "resident number"),
            help=_l("Only for a resident whose name others have too."),
        ),
        Column(
            name="category",
            label=_l("Category"),
            headers=("类别", "贡献类别"),
            required=True,
            choices=_categories,
            examples=("移风易俗宣传",),
        ),
        Column(
            name="occurred_on",
            label=_l("Day of the act"),
            headers=("日期", "发生日期", "Day of the act", "day", "date"),
            shape=Shape.DAY,
            required=True,
            examples=("2026-03-02",),
        ),
        Column(
            name="acts",
            label=_l("Times"),
            headers=("次数", "Times"),
            shape=Shape.WHOLE,
            examples=("1",),
            help=_l("For what is counted per act. Empty: once."),
        ),
        Column(
            name="minutes",
            label=_l("Minutes"),
            headers=("分钟", "时长", "时长分钟"),
            shape=Shape.WHOLE,
            examples=("120",),
            help=_l("For what is counted per hour."),
        ),
        Column(
            name="note",
            label=_l("Note"),
            headers=("说明", "备注"),
            examples=("社区广场",),
            help=_l("Everybody can read this."),
        ),
    ),
    judge=judge,
    write=write,
)
