"""What points should do, told once more in plain Python after the words of the domain: every single point, no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby

CENTRE = "centre"
GIVEN_BACK = ("earned", "spent", "corrected", "given")  # kinds of transfers that can be taken back
DAY = timedelta(days=1)


class Refused(Exception):
    """What may not be; nothing changed. The argument is the code of the refusal."""


@dataclass(eq=False, slots=True)
class Point:
    """One point: its last day, the number of its lot, the act and the transfer it came from, the hold it is set aside for."""

    last: date
    lot: int
    act: int | None
    transfer: int | None
    hold: int | None = None

    def rank(self) -> tuple[date, int]:
        return self.last, self.lot


def nobody(_point: Point) -> bool:
    return False


def of_act(number: int) -> Callable[[Point], bool]:
    return lambda point: point.act == number


@dataclass
class Account:
    """What one holder has, point by point; `open`: hold → points, older holds have lower numbers."""

    points: list[Point] = field(default_factory=list)
    debt: int = 0
    open: dict[int, int] = field(default_factory=dict)
    lots: int = 0

    @property
    def balance(self) -> int:
        return len(self.points) - self.debt

    @property
    def available(self) -> int:
        return self.balance - sum(self.open.values())

    def receive(self, lots: Iterable[tuple[int, date, int | None]], transfer: int) -> None:
        """Each lot (points, last day, act) repays a debt first; then open holds that lack points get of it."""
        for count, last, act in lots:
            self.lots += 1
            repaid = min(self.debt, count)
            self.debt -= repaid
            self.points += [Point(last, self.lots, act, transfer) for _ in range(count - repaid)]
        self.cover()

    def cover(self) -> None:
        for hold, count in sorted(self.open.items()):
            missing = count - sum(point.hold == hold for point in self.points)
            for point in sorted((point for point in self.points if point.hold is None), key=Point.rank)[:missing]:
                point.hold = hold

    def take(self, count: int, *, hold: int | None = None, own: Callable[[Point], bool] = nobody) -> list[Point]:
        """Set aside for this hold, then free ones (own first), then of other holds, the newest last made; else debt."""
        ours = sorted((point for point in self.points if hold is not None and point.hold == hold), key=Point.rank)
        free = [point for point in self.points if point.hold is None]
        held = [point for point in self.points if point.hold is not None and point.hold != hold]
        free.sort(key=lambda point: (not own(point), point.rank()))
        held.sort(key=lambda point: (not own(point), point.rank(), -(point.hold or 0)))
        gone = [*ours, *free, *held][:count]
        self.debt += count - len(gone)
        self.points = [point for point in self.points if point not in gone]
        return sorted(gone, key=Point.rank)

    def release(self, hold: int, count: int, day: date) -> None:
        """What the hold lacks first, then its latest lot; what is over lasts until the end of the day of release."""
        ours = sorted((point for point in self.points if point.hold == hold), key=Point.rank)
        freed = ours[len(ours) - max(count - (self.open[hold] - len(ours)), 0) :]
        for (last, _lot), points in reversed([(rank, list(points)) for rank, points in groupby(freed, Point.rank)]):
            self.lots += last < day
            for point in points:
                point.hold = None
                if last < day:
                    point.last, point.lot = day, self.lots
        self.close(hold, count)
        self.cover()

    def close(self, hold: int, count: int) -> None:
        self.open[hold] -= count
        if not self.open[hold]:
            del self.open[hold]

    def expire(self, day: date) -> None:
        self.points = [point for point in self.points if point.hold is not None or point.last >= day]


def lots_of(points: Sequence[Point]) -> list[tuple[int, date, int | None]]:
    """Points in order as lots."""
    groups = groupby(points, lambda point: (*point.rank(), point.act))
    return [(len(list(same)), last, act) for (last, _lot, act), same in groups]


@dataclass(frozen=True)
class Figures:
    """The policy."""

    posting_days: int = 3
    expiry_days: int = 365
    resident_daily_cap: int = 40
    gift_monthly_cap: int = 0
    allow_debt: bool = True


@dataclass(frozen=True)
class Rule:
    """What a category earns from a day on."""

    valid_from: date
    points: int
    hourly: bool
    share: int
    daily: int | None
    monthly: int | None


@dataclass(eq=False)
class Award:
    holder: str
    category: str
    day: date
    points: int
    reversed: int = 0


@dataclass(eq=False)
class Act:
    """A contribution with its awards, the group's first."""

    awards: list[Award]
    credits_on: date
    state: str = "posted"
    objectors: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Hold:
    holder: str
    open: int
    until: date | None  # its last day
    captured: int = 0


@dataclass(eq=False)
class Transfer:
    """Something that can be taken back: who gave (and which points), who got; None is the house."""

    kind: str
    points: int
    giver: str | None = None
    receiver: str | None = None
    taken: Sequence[Point] = ()
    award: Award | None = None
    act: int | None = None
    back: int = 0


@dataclass(eq=False)
class Gift:
    giver: str
    receiver: str
    points: int
    state: str = "offered"
    month: tuple[int, int] | None = None


class World:
    """A community's points."""

    def __init__(self, today: date, *, groups: Sequence[str], residents: Sequence[str]) -> None:
        self.today, self.groups, self.residents = today, groups, residents
        self.accounts = {name: Account() for name in [*groups, *residents, CENTRE]}
        self.heirs: dict[str, str] = {}  # groups that are no more
        self.policies: list[tuple[date, Figures]] = [(date.min, Figures())]
        self.rules: dict[str, list[Rule]] = {}
        self.acts: list[Act] = []
        self.holds: list[Hold] = []
        self.gifts: list[Gift] = []
        self.transfers: list[Transfer] = []

    # --- what is in force

    def policy(self, day: date | None = None) -> Figures:
        return [figures for since, figures in self.policies if since <= (day or self.today)][-1]

    def rule(self, category: str, day: date) -> Rule | None:
        known = [rule for rule in self.rules.get(category, ()) if rule.valid_from <= day]
        return max(enumerate(known), key=lambda pair: (pair[1].valid_from, pair[0]))[1] if known else None

    def heir(self, name: str) -> str:
        while name in self.heirs:
            name = self.heirs[name]
        return name

    # --- earning

    def record(
        self, holder: str, category: str, day: date, amount: int, members: Sequence[str] = (), *, told: bool = False
    ) -> Act:
        """`told` by a plugin, which may know a merged group by its old name, and of acts that no rule covers."""
        while told and self.heirs.get(holder, CENTRE) != CENTRE:
            holder = self.heirs[holder]
        rule = self.rule(category, day)
        if day > self.today or (not told and (rule is None or holder in self.heirs)):
            raise Refused("invalid")
        rule = rule or Rule(date.min, 0, hourly=False, share=0, daily=None, monthly=None)
        whole = rule.points * amount // 60 if rule.hourly else rule.points * amount
        awards = [self._award(rule, holder, category, day, whole)]
        for member in members:  # one after the other: a resident's caps count what was given just now
            awards.append(self._award(rule, member, category, day, whole * rule.share // 100, awards))
        days = self.policy().posting_days
        self.acts.append(Act(awards, self.today + timedelta(days + 1 if days else 0)))
        if not days:
            self._credit(self.acts[-1])
        return self.acts[-1]

    def _award(
        self, rule: Rule, holder: str, category: str, day: date, points: int, beside: Sequence[Award] = ()
    ) -> Award:
        there = [award for act in self.acts if act.state != "withdrawn" for award in act.awards]
        there = [award for award in [*there, *beside] if award.holder == holder]
        same = [award for award in there if award.category == category]
        month = [award for award in same if (award.day.year, award.day.month) == (day.year, day.month)]
        if rule.daily is not None:
            points = min(points, rule.daily - sum(award.points for award in same if award.day == day))
        if rule.monthly is not None:
            points = min(points, rule.monthly - sum(award.points for award in month))
        if holder in self.residents:
            cap = self.policy(day).resident_daily_cap
            points = min(points, cap - sum(award.points for award in there if award.day == day))
        return Award(holder, category, day, max(points, 0))

    def _credit(self, act: Act) -> None:
        act.state, number = "credited", self.acts.index(act)
        last = act.credits_on + timedelta(self.policy(act.credits_on).expiry_days)
        for award in act.awards:
            if award.points:
                self.transfers.append(Transfer("earned", award.points, receiver=award.holder, award=award, act=number))
                self.accounts[award.holder].receive([(award.points, last, number)], len(self.transfers) - 1)

    def object_to(self, act: Act, person: str) -> None:
        if act.state == "withdrawn":
            raise Refused("wrong_state")
        if act.state == "credited" or (act.state == "posted" and act.credits_on <= self.today):
            raise Refused("too_late")
        if person in act.objectors:
            raise Refused("points_objected_before")
        act.objectors.add(person)
        act.state = "objected"

    def decide(self, act: Act, *, upheld: bool) -> None:
        if act.state != "objected":
            raise Refused("wrong_state")
        act.state = "withdrawn" if upheld else "posted"
        if not upheld and act.credits_on <= self.today:
            act.credits_on = self.today
            self._credit(act)

    def withdraw(self, act: Act) -> None:
        if act.state == "withdrawn":
            raise Refused("wrong_state")
        owed = [award for award in act.awards if award.points > award.reversed and act.state == "credited"]
        for award in owed:
            if not self.policy().allow_debt:
                self._check(award.holder, award.points - award.reversed)
        for award in owed:
            number = self.acts.index(act)
            self.accounts[award.holder].take(award.points - award.reversed, own=of_act(number))
        act.state = "withdrawn"

    def standing(self, holder: str, window: int) -> int:
        first = self.today - timedelta(window - 1)
        counted = [award for act in self.acts if act.state == "credited" for award in act.awards]
        return sum(
            award.points - award.reversed
            for award in counted
            if award.holder == holder and first <= award.day <= self.today
        )

    # --- spending

    def _check(self, holder: str, points: int) -> None:
        if self.accounts[holder].available < points:
            raise Refused("not_enough_points")

    def hold(self, holder: str, points: int, until: date | None) -> Hold:
        self._check(holder, points)
        self.holds.append(Hold(holder, points, until))
        self.accounts[holder].open[len(self.holds) - 1] = points
        self.accounts[holder].cover()
        return self.holds[-1]

    def capture(self, hold: Hold, points: int) -> Transfer:
        number, account = self.holds.index(hold), self.accounts[hold.holder]
        taken = account.take(points, hold=number)
        account.close(number, points)
        hold.open, hold.captured = hold.open - points, hold.captured + points
        self.transfers.append(Transfer("spent", points, giver=hold.holder, taken=taken))
        return self.transfers[-1]

    def release(self, hold: Hold, points: int, day: date | None = None) -> None:
        self.accounts[hold.holder].release(self.holds.index(hold), points, day or self.today)
        hold.open -= points

    # --- mending

    def correct(self, holder: str, points: int) -> Transfer:
        if holder in self.heirs:
            raise Refused("invalid")
        if points > 0:
            made, last = (
                Transfer("corrected", points, receiver=holder),
                self.today + timedelta(self.policy().expiry_days),
            )
            self.transfers.append(made)
            self.accounts[holder].receive([(points, last, None)], len(self.transfers) - 1)
            return made
        self._check(holder, -points)
        self.transfers.append(Transfer("corrected", -points, giver=holder, taken=self.accounts[holder].take(-points)))
        return self.transfers[-1]

    def reverse(self, transfer: Transfer, points: int) -> None:
        receiver = transfer.award.holder if transfer.award else transfer.receiver
        withdrawn = transfer.act is not None and self.acts[transfer.act].state == "withdrawn"
        closed = not transfer.award and {transfer.giver, transfer.receiver} & self.heirs.keys()
        if closed or withdrawn or transfer.back == transfer.points:
            raise Refused("wrong_state")
        if points > transfer.points - transfer.back:
            raise Refused("invalid")
        if receiver and not self.policy().allow_debt:
            self._check(receiver, points)
        self.transfers.append(Transfer("reversed", points, back=points))
        if receiver:
            number = self.transfers.index(transfer)
            self.accounts[receiver].take(
                points,
                own=lambda point: point.transfer == number or (transfer.act is not None and point.act == transfer.act),
            )
        if transfer.giver:
            self._give_back(transfer, points)
        transfer.back += points
        if transfer.award:
            transfer.award.reversed += points

    def _give_back(self, transfer: Transfer, points: int) -> None:
        """What made a debt first, then the latest lot; what is over lasts until the end of today."""
        new = self.today + timedelta(self.policy().expiry_days)
        owed = [Point(new, 0, None, None) for _ in range(transfer.points - len(transfer.taken))]
        taken = [replace(point, last=max(point.last, self.today)) for point in reversed(transfer.taken)]
        back = [*owed, *taken][transfer.back : transfer.back + points]
        assert transfer.giver
        self.accounts[transfer.giver].receive(lots_of(back), len(self.transfers) - 1)

    # --- gifts

    def _check_gift(self, giver: str, points: int) -> None:
        month = (self.today.year, self.today.month)
        given = sum(gift.points for gift in self.gifts if gift.giver == giver and gift.month == month)
        cap = self.policy().gift_monthly_cap
        if not cap:
            raise Refused("points_gifts_not_allowed")
        if given + points > cap:
            raise Refused("points_gift_cap")
        self._check(giver, points)

    def offer(self, giver: str, receiver: str, points: int) -> Gift:
        if {giver, receiver} & self.heirs.keys():
            raise Refused("invalid")
        self._check_gift(giver, points)
        self.gifts.append(Gift(giver, receiver, points))
        return self.gifts[-1]

    def accept(self, gift: Gift) -> Transfer:
        if gift.state != "offered":
            raise Refused("wrong_state")
        self._check_gift(gift.giver, gift.points)
        gift.state, gift.month = "accepted", (self.today.year, self.today.month)
        taken = self.accounts[gift.giver].take(gift.points)
        self.transfers.append(Transfer("given", gift.points, giver=gift.giver, receiver=gift.receiver, taken=taken))
        self.accounts[gift.receiver].receive(lots_of(taken), len(self.transfers) - 1)
        return self.transfers[-1]

    # --- groups that are no more

    def merge(self, merged: str, kept: str) -> None:
        self.heirs[merged] = kept
        source, target = self.accounts[merged], self.accounts[kept]
        self._move(merged, kept, len(source.points), owing=True)
        target.open |= source.open
        source.open = {}
        target.cover()
        for gift in self.gifts:
            if {gift.giver, gift.receiver} == {merged, kept}:
                gift.state = "ended" if gift.state == "offered" else gift.state
                continue
            gift.giver = kept if gift.giver == merged else gift.giver
            gift.receiver = kept if gift.receiver == merged else gift.receiver
        for hold in self.holds:
            hold.holder = kept if hold.holder == merged else hold.holder
        for award in (award for act in self.acts for award in act.awards):
            award.holder = kept if award.holder == merged else award.holder

    def dissolve(self, name: str) -> None:
        self.heirs[name] = CENTRE
        for gift in self.gifts:
            if gift.state == "offered" and name in (gift.giver, gift.receiver):
                gift.state = "ended"
        self._collect(name)

    def _collect(self, name: str) -> None:
        account = self.accounts[name]
        free = max(account.available, 0) if account.open else len(account.points)
        self._move(name, self.heir(name), free, owing=not account.open)

    def _move(self, giver: str, receiver: str, points: int, *, owing: bool) -> None:
        """Points go on with their last days, or a debt does."""
        source, target = self.accounts[giver], self.accounts[receiver]
        moving = sorted(source.points, key=lambda point: (point.hold is not None, point.rank()))[:points]
        source.points = [point for point in source.points if point not in moving]
        lots = [list(same) for _rank, same in groupby(sorted(moving, key=Point.rank), Point.rank)]
        self.transfers.append(Transfer("moved", points, back=points))
        for lot in lots:
            target.lots += 1
            for point in lot:
                point.lot, point.transfer = target.lots, len(self.transfers) - 1
        target.points += moving
        repaid = min(target.debt, points)
        target.debt -= repaid
        target.take(repaid)
        if owing:
            owed, source.debt = source.debt, 0
            target.take(owed)

    # --- time

    def settle(self) -> None:
        """What is due is credited, the earliest first, and goes on where its holder is no more."""
        due = [act for act in self.acts if act.state == "posted" and act.credits_on <= self.today]
        for act in sorted(due, key=lambda act: act.credits_on):
            self._credit(act)
        self._expire()
        for name in self.heirs:
            self._collect(name)

    def forward(self) -> None:
        """The next day: holds whose last day is over are released as of it, then points are over."""
        for hold in sorted(self.holds, key=lambda hold: hold.until or date.max):
            if hold.open and hold.until is not None and hold.until <= self.today:
                self.release(hold, hold.open, hold.until)
        self.today += DAY
        self._expire()

    def _expire(self) -> None:
        for account in self.accounts.values():
            account.expire(self.today)
