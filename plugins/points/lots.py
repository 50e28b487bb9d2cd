"""Lots: points that expire together. What is spent, set aside or lost is always some lot's; the earliest to expire first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import and_, func, insert, or_, select
from uuid_utils.compat import uuid7

from core.db import Id, session
from core.explanations import Explanation, explain
from plugins.points.models import Account, AccountKind, Hold, Kind, Line, Lot, SetAside, Transfer, Use


def opened(account_id: Id) -> Sequence[Lot]:
    """What is left of an account's lots, in the order in which it is spent."""
    return session.scalars(
        select(Lot).where(Lot.account_id == account_id, Lot.remaining > 0).order_by(Lot.expires_on, Lot.seq)
    ).all()


def _next_number(account: Account) -> int:
    account.lots += 1
    return account.lots


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A credit that was posted. `balance`: of the account right after it. `expires_on`: the last day it can be spent."""

    account: Account
    transfer_id: Id
    points: int
    balance: int
    expires_on: date
    contribution_id: Id | None


def make(credits_: Sequence[Credit]) -> None:
    """Each credit to a locked account makes a lot; what of it repays a debt is used at once."""
    made: list[dict[str, Any]] = [
        {
            "id": uuid7(),
            "account_id": credit.account.id,
            "seq": _next_number(credit.account),
            "transfer_id": credit.transfer_id,
            "contribution_id": credit.contribution_id,
            "expires_on": credit.expires_on,
            "points": credit.points,
            "remaining": min(credit.points, max(credit.balance, 0)),
            "held": 0,
        }
        for credit in credits_
    ]
    repaid = [
        {"transfer_id": lot["transfer_id"], "lot_id": lot["id"], "points": lot["points"] - lot["remaining"]}
        for lot in made
        if lot["remaining"] < lot["points"]
    ]
    if made:
        session.execute(insert(Lot), made)
    if repaid:
        session.execute(insert(Use), repaid)


def add(account: Account, points: int, transfer_id: Id, *, expires_on: date, contribution_id: Id | None = None) -> None:
    """One credit that was just posted to a locked account; open holds that lack points get of it."""
    credit = Credit(
        account=account,
        transfer_id=transfer_id,
        points=points,
        balance=account.balance,
        expires_on=expires_on,
        contribution_id=contribution_id,
    )
    make([credit])
    if account.held:
        cover(account.id)


def move(giver: Account, receiver: Account, points: int, transfer_id: Id) -> None:
    """Points that were just given move with their last days and contributions, the earliest to expire first."""
    take(giver.id, points, transfer_id)
    _credit_again(receiver, [_part(lot, used) for lot, used in _uses(transfer_id, giver.id)], transfer_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Points of a transfer that was just taken back, wholly or in part.

    `whole`: what the original moved; `before`: what of it returned earlier; `points`: what returns now. `today`: the last day of
    what is over. `expires_on`: the last day of what made a debt when it was taken and was repaid since.
    """

    original_id: Id
    transfer_id: Id
    whole: int
    before: int
    points: int
    today: date
    expires_on: date


def give_back(account: Account, returned: Returned) -> None:
    """What was taken from a locked account returns to it: what no lot had first, then the latest lot, as at a release.

    Points keep their last day; where that is past they expire at the end of today.
    """
    uses = _uses(returned.original_id, account.id)
    owed = returned.whole - sum(used for _lot, used in uses)
    layers = [Part(points=owed, expires_on=returned.expires_on, contribution_id=None)]
    layers += [_part(lot, used, first=returned.today) for lot, used in reversed(uses)]
    seen, left, parts = returned.before, returned.points, []
    for layer in layers:
        skipped = min(seen, layer.points)
        seen -= skipped
        points = min(left, layer.points - skipped)
        left -= points
        if points:
            parts.append(replace(layer, points=points))
    _credit_again(account, parts, returned.transfer_id)


def _uses(transfer_id: Id, account_id: Id) -> list[tuple[Lot, int]]:
    """What a transfer took of an account's lots, in the order of spending."""
    rows = session.execute(
        select(Lot, Use.points)
        .join(Use, Use.lot_id == Lot.id)
        .where(Use.transfer_id == transfer_id, Lot.account_id == account_id)
        .order_by(Lot.expires_on, Lot.seq)
    )
    return [(lot, int(points)) for lot, points in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Points that were of another lot, with what they keep of it."""

    points: int
    expires_on: date
    contribution_id: Id | None


def _part(lot: Lot, points: int, *, first: date | None = None) -> Part:
    """Points of a lot; they last until the day `first` at least."""
    expires_on = lot.expires_on if first is None else max(lot.expires_on, first)
    return Part(points=points, expires_on=expires_on, contribution_id=lot.contribution_id)


def _credit_again(account: Account, parts: Sequence[Part], transfer_id: Id) -> None:
    """Parts of other lots become lots of this account, right after its balance grew by their sum."""
    balance = account.balance - sum(part.points for part in parts)
    credits_ = []
    for part in parts:
        balance += part.points
        credits_.append(
            Credit(
                account=account,
                transfer_id=transfer_id,
                points=part.points,
                balance=balance,
                expires_on=part.expires_on,
                contribution_id=part.contribution_id,
            )
        )
    make(credits_)
    if account.held:
        cover(account.id)


def cover(account_id: Id) -> None:
    """Give free points to open holds that a withdrawal left without, the oldest hold first."""
    covered = select(SetAside.hold_id, func.sum(SetAside.points).label("points")).group_by(SetAside.hold_id).subquery()
    bare = session.execute(
        select(Hold, Hold.open - func.coalesce(covered.c.points, 0))
        .outerjoin(covered, covered.c.hold_id == Hold.id)
        .where(Hold.account_id == account_id, Hold.open > func.coalesce(covered.c.points, 0))
        .order_by(Hold.made_at, Hold.id)
    ).all()
    for hold, missing in bare:
        set_aside(hold, int(missing))


def set_aside(hold: Hold, points: int) -> None:
    """Set free points aside for a hold, as far as there are any: the earliest to expire first."""
    rows = {row.lot_id: row for row in _of_hold(hold.id)}
    for lot in opened(hold.account_id):
        part = min(points, lot.remaining - lot.held)
        if part <= 0:
            continue
        lot.held += part
        points -= part
        if lot.id in rows:
            rows[lot.id].points += part
        else:
            session.add(SetAside(hold_id=hold.id, lot_id=lot.id, points=part))
    session.flush()


def _of_hold(hold_id: Id) -> Sequence[SetAside]:
    return session.scalars(
        select(SetAside)
        .join(Lot, Lot.id == SetAside.lot_id)
        .where(SetAside.hold_id == hold_id)
        .order_by(Lot.expires_on, Lot.seq)
    ).all()


def free(hold: Hold, points: int, *, day: date, account: Account) -> None:
    """Give back so many of a hold's points, before `hold.open` changes: what it lacks first, then the latest lot.

    Points keep their day; where that is past they expire at the end of `day`, the day of release.
    """
    rows = _of_hold(hold.id)
    lots = {lot.id: lot for lot in opened(hold.account_id)}
    points -= min(points, hold.open - sum(row.points for row in rows))
    for row in reversed(rows):
        part = min(points, row.points)
        if part <= 0:
            break
        points -= part
        _shrink(row, part)
        lot = lots[row.lot_id]
        lot.held -= part
        if lot.expires_on < day:
            _split(lot, part, expires_on=day, account=account)
    session.flush()


def _shrink(row: SetAside, points: int) -> None:
    row.points -= points
    if row.points == 0:
        session.delete(row)


def _split(lot: Lot, points: int, *, expires_on: date, account: Account) -> None:
    """Points of one lot that got another last day become a lot of their own."""
    lot.points -= points
    lot.remaining -= points
    session.add(
        Lot(
            account_id=lot.account_id,
            seq=_next_number(account),
            transfer_id=lot.transfer_id,
            contribution_id=lot.contribution_id,
            expires_on=expires_on,
            points=points,
            remaining=points,
            held=0,
        )
    )


def take(
    account_id: Id,
    points: int,
    transfer_id: Id,
    *,
    hold: Hold | None = None,
    contribution_id: Id | None = None,
    credited_by: Id | None = None,
) -> None:
    """Take points out of lots and write down which; what no lot has is debt.

    A capture (`hold`) takes what is set aside for it. A reversal takes the own lots of that contribution, or of the
    transfer that is taken back (`credited_by`), first. Then free points, the earliest to expire first, then points set
    aside for other holds, the newest hold first.
    """
    used: dict[Id, int] = {}
    lots = list(opened(account_id))
    by_id = {lot.id: lot for lot in lots}
    if hold is not None:
        points -= _take_set_aside(by_id, _of_hold(hold.id), points, used)
    own = {one for one in (contribution_id, credited_by) if one is not None}
    lots.sort(key=lambda lot: not own & {lot.contribution_id, lot.transfer_id})  # stable: own ones first
    for lot in lots:
        points -= _use(lot, min(points, lot.remaining - lot.held), used)
    if points and lots:
        rows = session.execute(
            select(SetAside, Hold).join(Hold, Hold.id == SetAside.hold_id).where(SetAside.lot_id.in_(by_id))
        ).all()
        rank = {lot.id: number for number, lot in enumerate(lots)}
        newest = sorted(rows, key=lambda row: (row.Hold.made_at, row.Hold.id), reverse=True)
        _take_set_aside(by_id, sorted((row.SetAside for row in newest), key=lambda row: rank[row.lot_id]), points, used)
    session.add_all(Use(transfer_id=transfer_id, lot_id=lot_id, points=part) for lot_id, part in used.items())
    session.flush()


def _take_set_aside(lots: dict[Id, Lot], rows: Sequence[SetAside], points: int, used: dict[Id, int]) -> int:
    """Take from what is set aside, row by row; answers how much was there."""
    taken = 0
    for row in rows:
        part = min(points - taken, row.points)
        if part <= 0:
            break
        _shrink(row, part)
        lots[row.lot_id].held -= part
        taken += _use(lots[row.lot_id], part, used)
    session.flush()
    return taken


def _use(lot: Lot, points: int, used: dict[Id, int]) -> int:
    if points <= 0:
        return 0
    lot.remaining -= points
    used[lot.id] = used.get(lot.id, 0) + points
    return points


# --- what must always hold -----------------------------------------------------------------------------------------


def faults() -> Iterator[Explanation]:
    """L7 as the database shows it."""
    lots = select(Lot.account_id, func.sum(Lot.remaining), func.sum(Lot.held)).group_by(Lot.account_id)
    sums = {account_id: (int(left), int(held)) for account_id, left, held in session.execute(lots)}
    for account in session.scalars(select(Account).where(Account.kind == AccountKind.OWN)):
        left, held = sums.get(account.id, (0, 0))
        if left != max(account.balance, 0):
            yield explain("points_check_l7", account=account.id, balance=account.balance, lots=left)
        if held != min(account.held, left):  # a hold lacks points only while none are free
            yield explain("points_check_aside", account=account.id, held=account.held, aside=held)
    used = select(Use.lot_id, func.sum(Use.points).label("points")).group_by(Use.lot_id).subquery()
    aside = select(SetAside.lot_id, func.sum(SetAside.points).label("points")).group_by(SetAside.lot_id).subquery()
    wrong = (
        select(Lot.id)
        .outerjoin(used, used.c.lot_id == Lot.id)
        .outerjoin(aside, aside.c.lot_id == Lot.id)
        .where(
            (Lot.points != Lot.remaining + func.coalesce(used.c.points, 0))
            | (Lot.held != func.coalesce(aside.c.points, 0))
        )
    )
    for lot_id in session.scalars(wrong):
        yield explain("points_check_lot", lot=lot_id)
    yield from _transfer_faults()


def _transfer_faults() -> Iterator[Explanation]:
    """L7: what a transfer took from lots, and the lots it made, fit its lines; only what moved a debt made none."""
    used = (
        select(Use.transfer_id, Lot.account_id, func.sum(Use.points).label("points"))
        .join(Lot, Lot.id == Use.lot_id)
        .group_by(Use.transfer_id, Lot.account_id)
        .subquery()
    )
    made = (
        select(Lot.transfer_id, Lot.account_id, func.sum(Lot.points).label("points"))
        .group_by(Lot.transfer_id, Lot.account_id)
        .subquery()
    )
    for parts, most in ((used, func.abs(Line.points)), (made, Line.points)):
        its_line = and_(Line.transfer_id == parts.c.transfer_id, Line.account_id == parts.c.account_id)
        wrong = select(parts.c.transfer_id).outerjoin(Line, its_line)
        for transfer_id in session.scalars(wrong.where(or_(Line.points.is_(None), parts.c.points > most))):
            yield explain("points_check_uses", transfer=transfer_id)
    bare = (
        select(Line.transfer_id)
        .join(Transfer, Transfer.id == Line.transfer_id)
        .join(Account, Account.id == Line.account_id)
        .outerjoin(made, and_(made.c.transfer_id == Line.transfer_id, made.c.account_id == Line.account_id))
        .where(Line.points > 0, Account.kind == AccountKind.OWN, Transfer.kind != Kind.MOVED)
        .where(func.coalesce(made.c.points, 0) < Line.points)
    )
    for transfer_id in session.scalars(bare):
        yield explain("points_check_uses", transfer=transfer_id)
