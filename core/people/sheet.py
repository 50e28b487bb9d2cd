"""Sheets of people: residents, a row each; groups, a row for each of their members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select
from uuid_utils.compat import uuid7

from core.contract import Actor, HolderKind
from core.db import Id, session
from core.errors import Invalid
from core.people import holders
from core.people.initials import initials
from core.people.models import Group, Holder, Membership, Resident, Role
from core.people.requests import GROUP_KINDS, GroupRequest, MemberRequest, ResidentRequest
from core.sheets.kinds import Choice, Column, Fault, ImportKind, Judged, Ready, Row, Shape, SheetFaults
from core.sheets.models import ImportRow

_NOBODY = Id(int=0)  # until a row has told whom it means
EDIT = "core.people.edit"

# --- residents -----------------------------------------------------------------------------------------------------


def judge_residents(rows: Sequence[Row], _by: Actor) -> Judged:
    """Each by itself: the same name twice may be two people."""
    ready: list[Ready] = []
    faults: list[Fault] = []
    for row in rows:
        try:
            ready.append(Ready(row=row, value=_resident_request(row), subject_id=uuid7()))
        except Invalid as error:
            faults += row.faults(error)
    return Judged(ready=ready, faults=faults)


def _resident_request(row: Row) -> ResidentRequest:
    return ResidentRequest(
        name=row.text("name") or "", telephone=row.text("telephone") or "", born_on=row.day("born_on")
    )


def write_residents(ready: Sequence[Ready], _by: Actor) -> None:
    """All at once."""
    named = [_holder(one.subject_id, HolderKind.RESIDENT, one.value.name) for one in ready]
    residents = [
        {"id": one.subject_id, "telephone": one.value.telephone, "born_on": one.value.born_on} for one in ready
    ]
    session.execute(insert(Holder), named)
    session.execute(insert(Resident), residents)


def _holder(holder_id: Id | None, kind: HolderKind, name: str) -> dict[str, object]:
    letters = initials(name, person=kind is HolderKind.RESIDENT)
    return {"id": holder_id, "kind": kind, "name": name, "initials": letters}


RESIDENTS = ImportKind(
    name="residents",
    label=_l("Residents"),
    help=_l(
        "A row for each resident. Groups and contributions refer to them by their number or, where it is unique, by name."
    ),
    needs=EDIT,
    columns=(
        Column(
            name="name",
            label=_l("Full name"),
            headers=("姓名", "名字", "居民", "Full name"),
            required=True,
            examples=("张淑芬", "赵国强"),
        ),
        Column(
            name="telephone",
            label=_l("Telephone"),
            headers=("电话", "手机", "手机号", "联系电话", "phone"),
            examples=("13900000001",),
        ),
        Column(
            name="born_on",
            label=_l("Born on"),
            headers=("出生日期", "生日", "出生年月日", "Born on", "birthday"),
            shape=Shape.DAY,
            examples=("1956-03-02",),
        ),
    ),
    judge=judge_residents,
    write=write_residents,
)


# --- groups and who is in them -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Joining:
    """What a row makes: its group, if that is new, and the membership, if it names somebody."""

    group_id: Id
    new: GroupRequest | None
    member: MemberRequest | None


@dataclass(slots=True)
class Known:
    """What is in the community already, read in a fixed number of statements, and what the rows before have added."""

    groups: dict[str, list[tuple[Id, str]]]  # name → (id, kind)
    by_ref: Mapping[str, Id]
    by_name: Mapping[str, Sequence[Id]]
    names: Mapping[Id, str]
    spells: dict[tuple[Id, Id], list[tuple[date, date]]]  # (group, resident) → days from and to


def _known(rows: Sequence[Row]) -> Known:
    groups: dict[str, list[tuple[Id, str]]] = defaultdict(list)
    for group in session.scalars(select(Group).where(Group.dissolved_on.is_(None))):
        groups[group.name].append((group.id, group.kind))
    named = {row.text("group") for row in rows}
    present = [group_id for name in named for group_id, _kind in groups.get(name or "", ())]
    spells: dict[tuple[Id, Id], list[tuple[date, date]]] = defaultdict(list)
    for spell in session.scalars(select(Membership).where(Membership.group_id.in_(present))):
        spells[spell.group_id, spell.resident_id].append((spell.from_day, spell.to_day or date.max))
    residents = resident_names()
    return Known(groups, refs_of("residents"), by_name(residents), residents, spells)


def by_name(names: Mapping[Id, str]) -> Mapping[str, Sequence[Id]]:
    """Who has a name: perhaps several."""
    found: dict[str, list[Id]] = defaultdict(list)
    for holder_id, name in names.items():
        found[name].append(holder_id)
    return found


def group_names() -> Mapping[Id, str]:
    """Every group that is not dissolved, by id."""
    statement = select(Group.id, Holder.name).join(Holder, Holder.id == Group.id).where(Group.dissolved_on.is_(None))
    return {row.id: row.name for row in session.execute(statement)}


def resident_names() -> Mapping[Id, str]:
    """Everybody who lives here, by id."""
    statement = (
        select(Resident.id, Holder.name).join(Holder, Holder.id == Resident.id).where(Resident.left_on.is_(None))
    )
    return {row.id: row.name for row in session.execute(statement)}


def refs_of(kind: str) -> Mapping[str, Id]:
    """The numbers of the rows of a kind that were taken in, and what came of them."""
    rows = session.execute(select(ImportRow.ref, ImportRow.subject_id).where(ImportRow.kind == kind))
    return {ref: subject_id for ref, subject_id in rows if subject_id is not None}


def judge_groups(rows: Sequence[Row], _by: Actor) -> Judged:
    """Groups by their name: known here, or new with the kind that one of their rows says."""
    known = _known(rows)
    kinds: dict[str, str | None] = {}  # None: said, but unreadable
    for row in rows:
        name, kind = row.text("group"), row.text("kind")
        if name is not None and (kind is not None or "kind" in row.bad):
            kinds[name] = kinds.get(name) or kind
    ready: list[Ready] = []
    faults: list[Fault] = []
    for row in rows:
        found = _joining(row, known, kinds)
        if isinstance(found, list):
            faults += found
        else:
            subject = found.group_id if found.member is None else uuid7()
            ready.append(Ready(row=row, value=found, subject_id=subject))
    return Judged(ready=ready, faults=faults)


def _joining(row: Row, known: Known, kinds: Mapping[str, str | None]) -> Joining | list[Fault]:
    group, resident, member = _group(row, known, kinds), _resident(row, known), _member(row)
    if isinstance(group, list) or isinstance(resident, list) or isinstance(member, list):
        return [fault for found in (group, resident, member) if isinstance(found, list) for fault in found]
    group_id, new = group
    if resident is None:
        return Joining(group_id, new, None)
    member = replace(member, resident_id=resident)
    spells = known.spells[group_id, resident]
    first, last = member.first_day, member.to_day or date.max
    if clash := [begun for begun, over in spells if begun <= last and over >= first]:
        name, group_name = known.names[resident], row.text("group")
        return [row.fault("name", "already_member", name=name, group=group_name, from_day=clash[0])]
    spells.append((first, last))
    return Joining(group_id, new, member)


def _member(row: Row) -> MemberRequest | list[Fault]:
    """Since when until when, and as what; who it is comes later."""
    role = Role(row.text("role") or Role.MEMBER)
    first = row.day("to") if "from" in row.bad else row.day("from")  # of days that cannot be compared nothing is said
    try:
        return MemberRequest(resident_id=_NOBODY, role=role, from_day=first, to_day=row.day("to"))
    except Invalid as error:
        return row.faults(error, {"from_day": "from", "to_day": "to"})


def _group(row: Row, known: Known, kinds: Mapping[str, str | None]) -> tuple[Id, GroupRequest | None] | list[Fault]:
    """The group of a row, and how to make it if this is the first row of a new one."""
    name, kind = row.text("group"), row.text("kind")
    if name is None:
        return []  # all is said
    found = known.groups.get(name, [])
    if len(found) > 1:
        return [row.fault("group", "group_ambiguous", name=name)]
    if not found:
        return _new_group(row, name, known, kinds)
    group_id, its_kind = found[0]
    if kind is not None and kind != its_kind:
        return [row.fault("kind", "group_kind_differs", name=name, group_kind=its_kind)]
    return group_id, None


def _new_group(
    row: Row, name: str, known: Known, kinds: Mapping[str, str | None]
) -> tuple[Id, GroupRequest] | list[Fault]:
    missing = [] if name in kinds else [row.fault("kind", "group_kind_missing", name=name)]
    try:
        request = GroupRequest(name=name, kind=kinds.get(name) or "other")
    except Invalid as error:
        return [*row.faults(error, {"name": "group"}), *missing]
    if kinds.get(name) is None:
        return missing  # none where the kind stands in a row but is unreadable: that is said there
    made: Id = uuid7()
    known.groups[name] = [(made, request.kind)]
    return made, request


def _resident(row: Row, known: Known) -> Id | list[Fault] | None:
    """Whom a row names, by number or by a name that only one has; None: nobody, the row is about the group alone."""
    ref, name = row.text("resident_ref"), row.text("name")
    unknown = [] if name is None or name in known.by_name else [row.fault("name", "resident_unknown", name=name)]
    if ref is not None:
        found = known.by_ref.get(ref)
        if found is None or found not in known.names:
            return [row.fault("resident_ref", "resident_ref_unknown", ref=ref), *unknown]
        differs = name is not None and known.names[found] != name
        return [row.fault("name", "resident_name_differs", ref=ref, name=known.names[found])] if differs else found
    if row.bad & {"resident_ref", "name"}:
        return unknown
    if name is not None:
        return one_of_name(row, "name", name, known.by_name)
    said = any(row.values[column] is not None or column in row.bad for column in ("role", "from", "to"))
    return [row.fault("name", "required")] if said else None


def one_of_name(row: Row, column: str, name: str, by_name: Mapping[str, Sequence[Id]]) -> Id | list[Fault]:
    """The only resident of a name."""
    found = by_name.get(name, ())
    if len(found) == 1:
        return found[0]
    return [row.fault(column, "resident_ambiguous" if found else "resident_unknown", name=name)]


def write_groups(ready: Sequence[Ready], by: Actor) -> None:
    """Judge again under a lock, for time has passed: a group may have been made, a member taken in. Then all at once."""
    holders.lock_names()
    ids = {one.row.ref: one.subject_id for one in ready}
    judged = judge_groups([one.row for one in ready], by)
    if judged.faults:
        raise SheetFaults(judged.faults)
    joining: list[tuple[str, Joining]] = [(one.row.ref, one.value) for one in judged.ready]
    made = [(one.group_id, one.new) for _ref, one in joining if one.new is not None]
    if made:
        session.execute(insert(Holder), [_holder(group_id, HolderKind.GROUP, new.name) for group_id, new in made])
        session.execute(insert(Group), [{"id": group_id, "kind": new.kind} for group_id, new in made])
    members = [_membership(ids[ref], one.group_id, one.member) for ref, one in joining if one.member is not None]
    if members:
        session.execute(insert(Membership), members)


def _membership(membership_id: Id | None, group_id: Id, member: MemberRequest) -> dict[str, object]:
    return {
        "id": membership_id,
        "group_id": group_id,
        "resident_id": member.resident_id,
        "role": member.role,
        "from_day": member.first_day,
        "to_day": member.to_day,
    }


def _kind_choices() -> Sequence[Choice]:
    # The community's own kinds, any word a–z, are those of its groups.
    words = {
        "orchestra": ("乐队", "民乐", "器乐", "orchestra"),
        "choir": ("合唱", "合唱队", "choir"),
        "dance": ("舞蹈", "舞蹈队", "dance team", "dance"),
        "opera": ("戏曲", "曲艺", "opera"),
        "calligraphy": ("书画", "书法", "calligraphy"),
        "chess": ("棋牌", "棋类", "象棋", "chess and cards", "chess"),
        "sport": ("体育", "健身", "sport"),
        "other": ("其他", "其它", "other"),
    }
    own = session.scalars(select(Group.kind).where(Group.kind.not_in(GROUP_KINDS)).distinct().order_by(Group.kind))
    return [
        *(Choice(code=kind, words=words[kind]) for kind in GROUP_KINDS),
        *(Choice(code=kind, words=(kind,)) for kind in own),
    ]


def _role_choices() -> Sequence[Choice]:
    return (
        Choice(code=Role.MEMBER.value, words=("成员", "队员", "member")),
        Choice(code=Role.LEADER.value, words=("队长", "负责人", "leader")),
    )


GROUPS = ImportKind(
    name="groups",
    label=_l("Groups and members"),
    help=_l(
        "A row for each member of each group. The group's name stands in every row, its kind at least once. "
        "Import residents first."
    ),
    needs=EDIT,
    columns=(
        Column(
            name="group",
            label=_l("Group"),
            headers=("团队", "团队名称", "队伍"),
            required=True,
            examples=("民乐团", "民乐团"),
        ),
        Column(
            name="kind",
            label=_l("Kind"),
            headers=("类型", "团队类型", "类别"),
            choices=_kind_choices,
            examples=("乐队", ""),
            help=_l("Needed once for a new group."),
        ),
        Column(
            name="resident_ref",
            label=_l("Resident's No."),
            headers=("居民编号", "成员编号", "Resident's No.", "resident number"),
            examples=("1", ""),
            help=_l("As in the sheet of residents; or leave it empty where the name is unique."),
        ),
        Column(
            name="name",
            label=_l("Full name"),
            headers=("姓名", "成员", "成员姓名", "居民", "Full name"),
            examples=("赵国强", "张淑芬"),
        ),
        Column(
            name="role",
            label=_l("Role"),
            headers=("角色", "职务", "身份"),
            choices=_role_choices,
            examples=("队长", "成员"),
        ),
        Column(
            name="from",
            label=_l("First day"),
            headers=("开始日期", "开始", "起", "加入日期", "First day"),
            shape=Shape.DAY,
            examples=("2025-01-01",),
            help=_l("Empty: from today."),
        ),
        Column(
            name="to",
            label=_l("Last day"),
            headers=("结束日期", "结束", "止", "退出日期", "Last day"),
            shape=Shape.DAY,
            help=_l("Empty: until further notice."),
        ),
    ),
    judge=judge_groups,
    write=write_groups,
)
