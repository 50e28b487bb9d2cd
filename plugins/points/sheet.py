"""The sheet of contributions: a row for each civic act."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import lazy_gettext as _l

from core.contract import Actor
from core.db import Id
from core.errors import Invalid
from core.explanations import Explanation, explain
from core.people import sheet as people
from core.plugins import here
from core.sheets.kinds import Choice, Column, Fault, ImportKind, Judged, Ready, Row, Shape, SheetFaults
from plugins.points import awards, judging
from plugins.points.repeats import Act, act_of, before
from plugins.points.requests import ContributionRequest
from plugins.points.rules import Book, book

_COLUMNS = {"holder_id": "holder"}  # fields of the request that are called otherwise in the sheet
_NOBODY, _UNREAD = Id(int=0), "-"
_RESTS_ON = {  # what a rule says of a cell can be trusted only where these could be read
    "occurred_on": {"occurred_on"},
    "category": {"category", "occurred_on"},
    "acts": {"category", "occurred_on", "acts", "minutes"},
    "minutes": {"category", "occurred_on", "acts", "minutes"},
    "evidence": {"occurred_on", "evidence"},
}


def judge(rows: Sequence[Row], _by: Actor) -> Judged:
    """By the same rules as a contribution that is typed."""
    holders, rules = Holders.known(), book()
    ready: list[Ready] = []
    faults: list[Fault] = []
    for row in rows:
        holder, act = holders.of(row), _act(row, rules)
        if isinstance(holder, list) or isinstance(act, list):
            faults += [fault for found in (holder, act) if isinstance(found, list) for fault in found]
        else:
            ready.append(Ready(row=row, value=replace(act, holder_id=holder)))
    return Judged(ready=ready, faults=faults)


def _act(row: Row, rules: Book) -> ContributionRequest | list[Fault]:
    """What was done, whoever did it; or every fault of its cells: those of rules too, as far as their cells can be read."""
    fields: dict[str, Any] = {
        "category": row.text("category") or _UNREAD,
        "occurred_on": row.day("occurred_on") or here().today(),
        "minutes": row.whole("minutes"),
        "acts": row.whole("acts"),
        "note": row.text("note") or "",
        "evidence": row.text("evidence") or "",
    }
    unread, faults = set(row.bad), []
    try:
        request = ContributionRequest(holder_id=_NOBODY, **fields)
    except Invalid as error:
        faults = row.faults(error)
        unread |= error.errors.keys()
        fields |= {name: neutral for name, neutral in _neutral().items() if name in unread}
        request = ContributionRequest(holder_id=_NOBODY, **fields)
    broken = Invalid(
        {name: [said] for name, said in judging.rule_faults(request, rules) if not unread & _RESTS_ON[name]}
    )
    faults += row.faults(broken)
    return faults or request


def _neutral() -> dict[str, Any]:
    """What stands in for a field that cannot be right, while the others are looked at."""
    return dict.fromkeys(("note", "evidence"), "") | {
        "category": _UNREAD,
        "occurred_on": here().today(),
        "minutes": None,
        "acts": None,
    }


def _placed(ready: Sequence[Ready], error: Invalid) -> list[Fault]:
    """Faults keyed `items.3.acts`, by cell."""
    faults: list[Fault] = []
    for key, words in error.errors.items():
        _items, number, field = key.split(".")
        faults += ready[int(number)].row.faults(Invalid({field: words}), _COLUMNS)
    return faults


def asks(ready: Sequence[Ready]) -> Sequence[Fault]:
    """The number of a paper, of what is written down late."""
    late = {day: judging.wants_evidence(day) for day in {one.value.occurred_on for one in ready}}
    return [
        one.row.fault("evidence", "points_wants_evidence", days=days)
        for one in ready
        if (days := late[one.value.occurred_on]) is not None and not one.value.evidence
    ]


def outlook(ready: Sequence[Ready]) -> Sequence[Explanation]:
    """What each would give if all were recorded now: by the rule, or the cap that binds."""
    in_order = _in_order(ready)
    verdicts = awards.preview([one.value for one in in_order]) if in_order else []
    said = {one.row.number: verdict.reason for one, verdict in zip(in_order, verdicts, strict=True)}
    return [said[one.row.number] for one in ready]


def repeats(ready: Sequence[Ready]) -> Mapping[int, Explanation]:
    """Those that are recorded already, and those that stand in the sheet before."""
    in_order = sorted(ready, key=lambda one: one.row.number)
    found = {in_order[place].row.number: words for place, words in before([one.value for one in in_order]).items()}
    first: dict[Act, int] = {}
    for one in in_order:
        line = first.setdefault(act_of(one.value), one.row.number)
        if line != one.row.number:
            found.setdefault(one.row.number, explain("points_same_line", line=line))
    return found


def _in_order(ready: Sequence[Ready]) -> Sequence[Ready]:
    """By their days, so that caps fall as they would have, one by one."""
    return sorted(ready, key=lambda one: one.value.occurred_on)


def key_of(ref: str) -> str:
    """The key of the contribution that came of a row."""
    return f"sheet:{ref}"


def write(ready: Sequence[Ready], by: Actor) -> None:
    """Record them."""
    in_order = _in_order(ready)
    try:
        awards.record_many(
            [one.value for one in in_order], by=by, source="import", keys=[key_of(one.row.ref) for one in in_order]
        )
    except Invalid as error:  # a rule has changed meanwhile
        raise SheetFaults(_placed(in_order, error)) from None


@dataclass(frozen=True, slots=True)
class Holders:
    """Who may stand in the sheet: groups and residents by name, residents by their number too."""

    names: Mapping[Id, str]
    by_name: Mapping[str, Sequence[Id]]
    by_ref: Mapping[str, Id]
    groups: Collection[Id]

    @classmethod
    def known(cls) -> Holders:
        """Everybody here."""
        groups = people.group_names()
        names = {**groups, **people.resident_names()}
        return cls(names, people.by_name(names), people.refs_of("residents"), groups.keys())

    def of(self, row: Row) -> Id | list[Fault]:
        """The holder of a row, by number or by a name that only one has; or what is wrong with it."""
        ref, name = row.text("resident_ref"), row.text("holder")
        strange = name is not None and name not in self.by_name
        unknown = [row.fault("holder", "points_unknown_holder", name=name)] if strange else []
        if ref is None:
            if row.bad & {"resident_ref", "holder"}:
                return unknown
            return [row.fault("holder", "required")] if name is None else unknown or self._of_name(row, name)
        found = self.by_ref.get(ref)
        if found is None or found not in self.names:
            return [row.fault("resident_ref", "resident_ref_unknown", ref=ref), *unknown]
        if name is not None and self.names[found] != name:
            return [row.fault("holder", "resident_name_differs", ref=ref, name=self.names[found])]
        return found

    def _of_name(self, row: Row, name: str) -> Id | list[Fault]:
        found = self.by_name[name]
        if len(found) == 1:
            return found[0]
        groups = [holder_id for holder_id in found if holder_id in self.groups]
        code = "points_several_groups" if groups else "points_several_holders"
        return [row.fault("holder", code, name=name)]


def group_names() -> Sequence[str]:
    """What the groups are called, to choose from."""
    return sorted(set(people.group_names().values()))


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
            headers=(
                "团队或居民",
                "团队",
                "团队名称",
                "队伍",
                "居民",
                "姓名",
                "Group or resident",
                "group",
                "resident",
                "name",
            ),
            suggestions=group_names,
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
            headers=("类别", "贡献类别", "项目", "事项", "做了什么", "Category", "What was done"),
            required=True,
            choices=_categories,
            examples=("移风易俗宣传",),
        ),
        Column(
            name="occurred_on",
            label=_l("Day of the act"),
            headers=("日期", "发生日期", "活动日期", "时间", "哪一天", "Day of the act", "day", "date"),
            shape=Shape.DAY,
            required=True,
            past=True,
            examples=("2026-03-02",),
        ),
        Column(
            name="acts",
            label=_l("Times"),
            headers=("次数", "场次", "Times"),
            shape=Shape.WHOLE,
            examples=("1",),
            help=_l("For what is counted per act. Empty: once."),
        ),
        Column(
            name="minutes",
            label=_l("Minutes"),
            headers=("分钟", "分钟数", "时长", "时长分钟", "Minutes"),
            shape=Shape.WHOLE,
            examples=("120",),
            help=_l("For what is counted per hour."),
        ),
        Column(
            name="evidence",
            label=_l("Number of the paper"),
            headers=("凭证编号", "依据", "凭证", "Number of the paper"),
            examples=("签到表 12",),
            help=_l("Of the paper it stands on; for what is entered late."),
        ),
        Column(
            name="note",
            label=_l("Note"),
            headers=("说明", "备注", "内容", "活动内容", "Note", "notes"),
            examples=("社区广场",),
            help=_l("Everybody can read this."),
        ),
    ),
    judge=judge,
    write=write,
    asks=asks,
    outlook=outlook,
    repeats=repeats,
)
