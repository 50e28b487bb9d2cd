"""P3: whatever the statement, a row of another community cannot be read, written, pointed at or counted.

Each form tries to get at rows of `binhe` from a unit in `xincheng`. It is kept out if nothing comes back, or if it is refused.
Four causes slip through the net; a lint (test_net.py) keeps them out of everything but core/db.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import (
    case,
    delete,
    distinct,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    union,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.orm import (
    Bundle,
    aliased,
    contains_eager,
    joinedload,
    make_transient_to_detached,
    selectinload,
    subqueryload,
    undefer,
)
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from core.accounts.models import Account, AccountRole, Grant, Token
from core.audit.models import Entry
from core.communities.models import PolicyVersion
from core.contract import HolderKind
from core.db import Database, Id, Trespass, locked, session, unit
from core.notices.models import Outbox
from core.people.models import Group, Holder, Membership, Resident, Role
from core.plugins import House, here
from tests import kit


@dataclass(frozen=True)
class There:
    """Rows of the other community."""

    community: int
    group: Id
    resident: Id
    account: Id
    names: frozenset[str]
    ids: frozenset[Id] = field(default_factory=frozenset)


@pytest.fixture
def there(database: Database, house: House) -> There:
    """What stands in `binhe`."""
    with unit(database, write=False):
        community = kit.enter_slug(house, kit.OTHER_SLUG).id
        holders = session.scalars(select(Holder)).all()
        ids = {holder.kind: holder.id for holder in holders}
        account = session.scalars(select(Account.id)).one()
        return There(
            community,
            ids[HolderKind.GROUP],
            ids[HolderKind.RESIDENT],
            account,
            frozenset(holder.name for holder in holders if holder.kind is not HolderKind.CENTRE),
            frozenset(ids.values()),
        )


def everything(database: Database, house: House) -> dict[str, list[Any]]:
    """All rows of `binhe` that a form could change."""
    with unit(database, write=False):
        kit.enter_slug(house, kit.OTHER_SLUG)
        return {
            model.__tablename__: sorted(
                repr({column.key: getattr(row, column.key) for column in model.__mapper__.column_attrs})
                for row in session.scalars(select(model))
            )
            for model in (Holder, Group, Resident, Membership, Account, Token, Outbox, Grant, Entry, PolicyVersion)
        }


def rows(statement: Any, *more: Any) -> list[Any]:
    """What a statement brings, without empty rows."""
    return [row for row in session.execute(statement, *more).all() if any(value is not None for value in row)]


# --- reading -------------------------------------------------------------------------------------------------------

READS: dict[str, Callable[[There], Any]] = {}
WRITES: dict[str, Callable[[There], Any]] = {}
Form = Callable[[There], Any]


def reads(form: Form) -> Form:
    READS[form.__name__] = form
    return form


def writes(form: Form) -> Form:
    WRITES[form.__name__] = form
    return form


@reads
def entity(there: There) -> Any:
    return rows(select(Holder).where(Holder.id == there.group))


@reads
def column(there: There) -> Any:
    return rows(select(Holder.name).where(Holder.id == there.group))


@reads
def columns_of_two(there: There) -> Any:
    return rows(select(Holder.name, Group.kind).where(Holder.id == Group.id, Group.id == there.group))


@reads
def bundle(there: There) -> Any:
    return session.execute(select(Bundle("named", Holder.id, Holder.name)).where(Holder.id == there.group)).all()


@reads
def by_name(there: There) -> Any:
    return rows(select(Holder).where(Holder.name.in_(there.names)))


@reads
def inner_join(there: There) -> Any:
    return rows(select(Group.kind).join(Holder, Holder.id == Group.id).where(Holder.name.in_(there.names)))


@reads
def outer_join(there: There) -> Any:
    return [n for (n,) in rows(select(Holder.name).select_from(Account).outerjoin(Holder, Holder.id == there.group))]


@reads
def full_join(there: There) -> Any:
    joined = select(Holder.name).select_from(Account).join(Holder, Holder.id == Account.resident_id, full=True)
    return [n for (n,) in rows(joined) if n in there.names]


@reads
def cross_join(there: There) -> Any:
    return rows(
        select(Holder.name).select_from(Account).join(Holder, literal(value=True)).where(Holder.id == there.group)
    )


@reads
def relationship_join(there: There) -> Any:
    return rows(select(Group).join(Group.holder).where(Holder.name.in_(there.names)))


@reads
def alias(there: There) -> Any:
    other = aliased(Holder)
    return rows(select(other).where(other.id == there.group))


@reads
def self_join(there: There) -> Any:
    other = aliased(Holder)
    return [n for (n,) in rows(select(other.name).join(Holder, Holder.id != other.id)) if n in there.names]


@reads
def subquery(there: There) -> Any:
    inner = select(Holder.id, Holder.name).where(Holder.id == there.group).subquery()
    return rows(select(inner.c.name))


@reads
def entity_of_subquery(there: There) -> Any:
    inner = aliased(Holder, select(Holder).where(Holder.id == there.group).subquery())
    return rows(select(inner))


@reads
def subquery_of_subquery(there: There) -> Any:
    inner = select(Holder.name).where(Holder.id == there.group).subquery()
    outer = select(inner.c.name).subquery()
    return rows(select(outer.c.name))


@reads
def common_table(there: There) -> Any:
    inner = select(Holder.name).where(Holder.id == there.group).cte("inner_holder")
    return rows(select(inner.c.name))


@reads
def recursive_common_table(there: There) -> Any:
    start = select(Holder.id.label("id"), Holder.name.label("name")).where(Holder.id == there.group).cte(recursive=True)
    return rows(
        select(start.union_all(select(Holder.id, Holder.name).join(start, start.c.id == Holder.id)).c.name).limit(3)
    )


@reads
def scalar_subquery(there: There) -> Any:
    inner = select(Holder.name).where(Holder.id == there.group).scalar_subquery()
    return [
        n
        for (n,) in session.execute(
            select(
                inner.label("name"),
            ).select_from(Account)
        ).all()
        if n
    ]


@reads
def correlated_subquery(there: There) -> Any:
    inner = select(Holder.name).where(Holder.id == Account.resident_id).correlate(Account).scalar_subquery()
    return [n for (n,) in session.execute(select(inner).select_from(Account)).all() if n in there.names]


@reads
def in_subquery(there: There) -> Any:
    return rows(select(Account).where(Account.id.in_(select(Account.id).where(Account.id == there.account))))


@reads
def not_in_subquery(there: There) -> Any:
    inside = select(Holder.id).where(Holder.id == there.group)
    left = session.scalar(select(func.count()).select_from(Holder).where(Holder.id.not_in(inside)))
    return left != session.scalar(select(func.count()).select_from(Holder))


@reads
def exists_where(there: There) -> Any:
    return session.scalar(select(exists().where(Holder.id == there.group)))


@reads
def select_exists(there: There) -> Any:
    return session.scalar(select(select(Holder.id).where(Holder.id == there.group).exists()))


@reads
def exists_in_filter(there: There) -> Any:
    return rows(select(Account).where(exists(select(Holder.id).where(Holder.id == there.group))))


@reads
def union_of_two(there: There) -> Any:
    named = select(Holder.name).where(Holder.id == there.group)
    return rows(union(named, named))


@reads
def union_as_subquery(there: There) -> Any:
    named = select(Holder.name).where(Holder.id == there.group)
    inner = union_all(named, named).subquery()
    return rows(select(inner.c.name))


@reads
def union_as_entity(there: There) -> Any:
    one = select(Holder).where(Holder.id == there.group)
    return rows(select(aliased(Holder, union_all(one, one).subquery())))


@reads
def intersection(there: There) -> Any:
    named = select(Holder.name).where(Holder.id == there.group)
    return rows(named.intersect(named))


@reads
def count(there: There) -> Any:
    return session.scalar(select(func.count()).select_from(Holder).where(Holder.id.in_(there.ids)))


@reads
def count_of_column(there: There) -> Any:
    return session.scalar(select(func.count(distinct(Holder.id))).where(Holder.id.in_(there.ids)))


@reads
def aggregate(there: There) -> Any:
    return session.scalar(select(func.max(Holder.name)).where(Holder.id.in_(there.ids)))


@reads
def grouped(there: There) -> Any:
    counted = select(Holder.kind, func.count()).where(Holder.id.in_(there.ids)).group_by(Holder.kind)
    return rows(counted.having(func.count() > 0))


@reads
def window_function(there: There) -> Any:
    numbered = select(Holder.name, func.row_number().over(order_by=Holder.name))
    return [n for n, _number in session.execute(numbered) if n in there.names]


@reads
def case_of_rows(there: There) -> Any:
    return [n for (n,) in rows(select(case((Holder.id == there.group, Holder.name))))]


@reads
def only_columns(there: There) -> Any:
    return rows(select(Holder).where(Holder.id == there.group).with_only_columns(Holder.name))


@reads
def either_community(there: There) -> Any:
    return rows(select(Holder).where(or_(Holder.id == there.group, Holder.name.in_(there.names))))


@reads
def the_other_community(there: There) -> Any:
    return rows(select(Holder).where(Holder.community_id == there.community))


@reads
def any_other_community(there: There) -> Any:
    return rows(select(Holder).where(Holder.community_id != here().id))


@reads
def communities_of_rows(there: There) -> Any:
    return [c for (c,) in session.execute(select(Holder.community_id).distinct()) if c == there.community]


@reads
def with_a_lock(there: There) -> Any:
    return rows(locked(select(Holder).where(Holder.id == there.group)))


@reads
def in_parts(there: There) -> Any:
    parts = session.scalars(select(Holder).execution_options(yield_per=2))
    return [holder.name for holder in parts if holder.name in there.names]


@reads
def loaded_by_select_in(there: There) -> Any:
    groups = session.scalars(select(Group).options(selectinload(Group.holder)))
    return [group.name for group in groups if group.name in there.names]


@reads
def loaded_by_join(there: There) -> Any:
    groups = session.scalars(select(Group).options(joinedload(Group.holder)))
    return [group.name for group in groups if group.name in there.names]


@reads
def loaded_by_subquery(there: There) -> Any:
    groups = session.scalars(select(Group).options(subqueryload(Group.holder)))
    return [group.name for group in groups if group.name in there.names]


@reads
def loaded_from_a_join(there: There) -> Any:
    groups = session.scalars(select(Group).join(Group.holder).options(contains_eager(Group.holder)))
    return [group.name for group in groups if group.name in there.names]


@reads
def loaded_undeferred(there: There) -> Any:
    return rows(select(Holder).options(undefer(Holder.name)).where(Holder.id == there.group))


@reads
def got_by_its_key(there: There) -> Any:
    return session.get(Holder, (there.community, there.group))


@reads
def got_by_its_id_here(there: There) -> Any:
    return session.get(Holder, (here().id, there.group))


@reads
def lazily_of_a_row_just_made(there: There) -> Any:
    with session.no_autoflush:
        group = Group(id=there.group, kind="choir")
        session.add(group)
        found = group.holder
        session.expunge(group)
    return found


@reads
def lazily_of_a_row_made_up(there: There) -> Any:
    group = Group(community_id=there.community, id=there.group, kind="choir")
    make_transient_to_detached(group)
    session.add(group)
    return group.holder


@reads
def refreshed(there: There) -> Any:
    holder = Holder(community_id=there.community, id=there.group, kind=HolderKind.GROUP)
    make_transient_to_detached(holder)
    session.add(holder)
    session.refresh(holder)
    return holder.name


@reads
def expired(there: There) -> Any:
    holder = Holder(community_id=there.community, id=there.group)
    make_transient_to_detached(holder)
    session.add(holder)
    return holder.name


@reads
def legacy_query(there: There) -> Any:
    return session.query(Holder).filter(Holder.id == there.group).all()


@reads
def legacy_count(there: There) -> Any:
    return session.query(Holder).filter(Holder.id.in_(there.ids)).count()


@reads
def legacy_get(there: There) -> Any:
    return session.get_one(Holder, (there.community, there.group))


@reads
def words_alone(there: There) -> Any:
    return rows(text("SELECT name FROM core_holder WHERE community_id = :there"), {"there": there.community})


@reads
def words_as_an_entity(there: There) -> Any:
    return rows(select(Holder).from_statement(text("SELECT * FROM core_holder")))


@reads
def a_table_of_its_own(there: There) -> Any:
    mine = sa.table("core_holder", sa.column("name"), sa.column("community_id"))
    return rows(select(mine.c.name).where(mine.c.community_id == there.community))


# --- writing -------------------------------------------------------------------------------------------------------


@writes
def update_by_id(there: There) -> Any:
    return session.execute(update(Holder).where(Holder.id == there.group).values(name="taken")).rowcount  # type: ignore[attr-defined]


@writes
def update_returning(there: There) -> Any:
    return session.execute(update(Holder).where(Holder.id == there.group).values(name="x").returning(Holder.id)).all()


@writes
def update_by_subquery(there: There) -> Any:
    chosen = select(Holder.id).where(Holder.id == there.group)
    change = update(Holder).where(Holder.id.in_(chosen)).values(name="taken")
    return session.execute(change, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]


@writes
def update_from_another(there: There) -> Any:
    change = update(Group).where(Group.id == Holder.id, Holder.name.in_(there.names)).values(kind="taken")
    return session.execute(change, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]


@writes
def update_with_what_is_there(there: There) -> Any:
    stolen = select(Holder.name).where(Holder.id == there.group).scalar_subquery()
    change = update(Account).where(Account.user_name == "li").values(locale=stolen).returning(Account.locale)
    return [n for (n,) in session.execute(change).all() if n]


@writes
def update_many_by_key(there: There) -> Any:
    session.execute(update(Holder), [{"community_id": there.community, "id": there.group, "name": "taken"}])
    return None


@writes
def update_the_community(there: There) -> Any:
    session.execute(update(Token).values(community_id=there.community))
    session.execute(update(Holder).where(Holder.id == there.group).values(community_id=here().id))
    return rows(select(Holder).where(Holder.id == there.group))


@writes
def give_a_row_away(there: There) -> Any:
    session.execute(update(Entry).values(community_id=there.community))
    return None


@writes
def delete_by_id(there: There) -> Any:
    return session.execute(delete(Account).where(Account.id == there.account)).rowcount  # type: ignore[attr-defined]


@writes
def delete_returning(there: There) -> Any:
    return session.execute(delete(Account).where(Account.id == there.account).returning(Account.id)).all()


@writes
def delete_by_subquery(there: There) -> Any:
    chosen = select(Account.id).where(Account.id == there.account)
    gone = delete(Account).where(Account.id.in_(chosen))
    return session.execute(gone, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]


@writes
def delete_a_made_up_row(there: There) -> Any:
    account = Account(community_id=there.community, id=there.account, role=AccountRole.STAFF)
    make_transient_to_detached(account)
    session.add(account)
    session.delete(account)
    session.flush()
    return None


@writes
def merge_by_key(there: There) -> Any:
    session.merge(Holder(community_id=there.community, id=there.group, kind=HolderKind.GROUP, name="taken"))
    session.flush()
    return None


@writes
def merge_a_pointer(there: There) -> Any:
    session.merge(Group(id=there.group, kind="taken"))
    session.flush()
    return None


@writes
def add_into_the_other(there: There) -> Any:
    session.add(Holder(community_id=there.community, kind=HolderKind.GROUP, name="planted"))
    session.flush()
    return None


@writes
def insert_into_the_other(there: There) -> Any:
    session.execute(
        insert(Grant).values(community_id=there.community, role=AccountRole.STAFF, permission="x", reach="all")
    )
    return None


@writes
def insert_many_into_the_other(there: There) -> Any:
    row = {"community_id": there.community, "role": AccountRole.STAFF, "permission": "x", "reach": "all"}
    session.execute(insert(Grant), [row])
    return None


@writes
def add_a_pointer(there: There) -> Any:
    session.add(
        Membership(group_id=there.group, resident_id=there.resident, role=Role.MEMBER, from_day=date(2026, 1, 1))
    )
    session.flush()
    return None


@writes
def insert_a_pointer(there: There) -> Any:
    session.execute(insert(Group).values(id=there.group, kind="x", created_at=kit.NOW))
    return None


@writes
def insert_many_pointers(there: There) -> Any:
    session.execute(insert(Group), [{"id": there.group, "kind": "x"}, {"id": there.resident, "kind": "x"}])
    return None


@writes
def update_a_pointer(there: There) -> Any:
    session.execute(update(Account).where(Account.user_name == "li").values(resident_id=there.resident))
    return None


@writes
def set_a_pointer(there: There) -> Any:
    session.scalars(select(Account).where(Account.user_name == "li")).one().resident_id = there.resident
    session.flush()
    return None


@writes
def insert_from_a_select(there: There) -> Any:
    chosen = select(Account.community_id, Account.role, Account.user_name, Account.stamp).where(
        Account.id == there.account
    )
    session.execute(insert(Grant).from_select(["community_id", "role", "permission", "reach"], chosen))
    return rows(select(Grant))


@writes
def bulk_save(there: There) -> Any:
    session.bulk_save_objects([Holder(community_id=there.community, kind=HolderKind.GROUP, name="planted")])
    return None


@writes
def bulk_insert(there: There) -> Any:
    session.bulk_insert_mappings(sa.inspect(Holder), [{"community_id": there.community, "name": "planted"}])
    return None


@writes
def bulk_update(there: There) -> Any:
    session.bulk_update_mappings(
        sa.inspect(Holder), [{"community_id": there.community, "id": there.group, "name": "x"}]
    )
    return None


# --- what must hold of each ----------------------------------------------------------------------------------------

REFUSED = (Trespass, IntegrityError, InvalidRequestError, ObjectDeletedError, StaleDataError)


@pytest.fixture
def entered(database: Database, house: House, there: There) -> Iterator[There]:
    """A unit that writes, in `xincheng`, knowing ids of `binhe`."""
    with unit(database, write=True) as work:
        kit.enter_slug(house, kit.SLUG)
        yield there
        work.commit = False


def test_there_are_forty_forms_and_more() -> None:
    assert len(READS) >= 40
    assert len(WRITES) >= 20


@pytest.mark.parametrize("form", sorted(READS))
def test_p3_no_form_reads_or_counts_a_row_of_another_community(form: str, entered: There) -> None:
    with suppress(*REFUSED):
        assert not READS[form](entered)


@pytest.mark.parametrize("form", sorted(READS))
def test_p3_the_same_form_does_find_a_row_of_its_own(form: str, database: Database, house: House, there: There) -> None:
    """Else a form that never finds anything would prove nothing."""
    with unit(database, write=True) as work:
        kit.enter_slug(house, kit.OTHER_SLUG)
        work.commit = False
        if form in NEVER:
            with suppress(*REFUSED):
                assert not READS[form](there)
        else:
            assert READS[form](there)


# Refused, or empty, whatever they ask for: they name no mapped class, or ask for another community than the present one.
NEVER = {
    "words_alone",
    "words_as_an_entity",
    "a_table_of_its_own",
    "any_other_community",
    "exists_where",
    "lazily_of_a_row_just_made",
}


@pytest.mark.parametrize("form", sorted(WRITES))
def test_p3_no_form_writes_into_another_community_or_points_at_it(
    form: str, database: Database, house: House, there: There
) -> None:
    before = everything(database, house)
    with suppress(*REFUSED), unit(database, write=True):
        kit.enter_slug(house, kit.SLUG)
        assert not WRITES[form](there)
    assert everything(database, house) == before


def test_p3_the_key_itself_refuses_to_point_into_another_community(
    database: Database, there: There, house: House
) -> None:
    with unit(database, write=True) as work:
        community = kit.enter_slug(house, kit.SLUG).id
        work.commit = False
        statement = text(
            "INSERT INTO core_group (community_id, id, kind, created_at) "
            "SELECT :here, id, 'x', '2026-01-01 00:00:00' FROM core_holder WHERE community_id = :there AND kind = 'group'"
        )
        with pytest.raises(IntegrityError):
            session.connection().execute(statement, {"here": community, "there": there.community})


def test_a_unit_serves_one_community_for_life(database: Database, house: House) -> None:
    with unit(database, write=False) as work:
        kit.enter_slug(house, kit.SLUG)
        kit.enter_slug(house, kit.SLUG)
        with pytest.raises(Trespass):
            kit.enter_slug(house, kit.OTHER_SLUG)
        work.commit = False


def test_without_a_community_nothing_of_one_can_be_read(database: Database) -> None:
    with unit(database, write=False), pytest.raises(Trespass):
        session.scalars(select(Holder)).all()
