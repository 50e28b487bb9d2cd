"""Points as a machine: any mix of everything one can do with them gives what a small model of single points gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from core import clock
from core.communities import policy, switching
from core.contract import Actor, Holder
from core.contract import Contribution as Told
from core.db import Database, Id, savepoint, session, unit
from core.errors import DomainError
from core.hookspecs import Happened, Keeps
from core.people.dissolving import dissolve
from core.people.merging import merge
from core.people.requests import DissolutionRequest, MergingRequest
from core.plugins import House, here
from plugins.points import (
    awards,
    corrections,
    expiry,
    gifts,
    holds,
    moving,
    objections,
    posting,
    reversals,
    rules,
    standing,
    withdrawal,
)
from plugins.points.models import Account, AccountKind, Award, Contribution, Gift, Hold, Lot, Transfer
from plugins.points.policy import PointsPolicy, Standing
from plugins.points.requests import (
    ContributionRequest,
    CorrectionRequest,
    DecisionRequest,
    GiftRequest,
    ObjectionRequest,
    ReversalRequest,
    RuleRequest,
    WithdrawalRequest,
)
from tests.kit import NOW, SLUG, SYSTEM, Cast, a_group, actor_of, enter_slug
from tests.plugins.points import model
from tests.plugins.points.kit import TODAY, a_hold, a_rule, on
from tests.plugins.points.model import CENTRE, Refused, World

WINDOW = 12  # days that count for standing: short, so that time passes it
STEADY = settings(
    max_examples=25,
    stateful_step_count=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
HOLDERS = st.sampled_from(["choir", "choir", "orchestra", "drums", "chen"])
GROUPS = st.sampled_from(["choir", "orchestra", "drums", "dancers"])
SOME = st.integers(0, 30)
POINTS = st.integers(1, 9)


M = TypeVar("M", bound=Callable[..., None])
STEPS: list[st.SearchStrategy[tuple[str, dict[str, Any]]]] = []
WHEN: dict[str, Callable[[Any], object]] = {}


def may(*, weight: int = 1, when: Callable[[Any], object] = bool, **given: st.SearchStrategy[Any]) -> Callable[[M], M]:
    """A step of the machine. One rule chooses among all of them: rules of their own would mostly be left out of a short run."""

    def register(method: M) -> M:
        name = method.__name__
        WHEN[name] = when
        STEPS.extend([st.tuples(st.just(name), st.fixed_dictionaries(given))] * weight)
        return method

    return register


class Points(RuleBasedStateMachine):
    """The house and the model side by side."""

    database: Database
    house: House
    cast: Cast
    looks_each = 5

    def __init__(self) -> None:
        super().__init__()
        on(TODAY)
        self.unit = unit(self.database, write=True)
        self.unit.__enter__().commit = False
        enter_slug(self.house, SLUG)
        people = {name: self.cast.people[name] for name in ("chen", "zhang", "zhao")}
        self.actors: dict[str, Actor] = {name: actor_of(name) for name in (*people, "li")}
        self.ids: dict[str, Id] = {
            CENTRE: self.cast.centre.id,
            "choir": self.cast.choir.id,
            "orchestra": self.cast.orchestra.id,
            "drums": a_group("鼓队").id,
            "dancers": a_group("舞队").id,
            **{name: person.resident_id for name, person in people.items() if person.resident_id},
        }
        self.world = World(TODAY, groups=["choir", "orchestra", "drums", "dancers"], residents=["chen", "zhang"])
        self.acts: list[Id] = []
        self.holds: list[Id] = []
        self.gifts: list[Id] = []
        self.transfers: dict[int, Id] = {}
        self.steps = 0

    def teardown(self) -> None:
        try:
            self._look()
        finally:
            self.unit.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        self._policy()
        for category, per, share, daily, monthly in (
            ("song", "act", 50, None, None),
            ("dance", "act", 0, 7, 10),
            ("help", "hour", 0, None, None),
        ):
            a_rule(category, per=per, points=1, member_share=share, daily_cap=daily, monthly_cap=monthly)
            first = model.Rule(date(2020, 1, 1), 1, hourly=per == "hour", share=share, daily=daily, monthly=monthly)
            self.world.rules[category] = [first]
        for holder, amount in (("choir", 8), ("orchestra", 7), ("drums", 4), ("choir", 2)):
            self._award(holder, "song", TODAY, amount, ("chen",) if holder == "choir" else (), told=False)
        self.hold(holder="choir", points=7, days=None)
        self.capture(number=0, points=3)
        self.correct(holder="drums", points=2, less=False)
        self.give(giver="choir", receiver="orchestra", points=3)
        self._policy(posting_days=2)
        for holder in ("choir", "drums"):
            self._award(holder, "song", TODAY, 3, (), told=False)

    @rule(one=st.deferred(lambda: st.one_of(STEPS)))
    def step(self, one: tuple[str, dict[str, Any]]) -> None:
        name, given = one
        if WHEN[name](self):
            getattr(self, name)(**given)

    def _holder(self, name: str) -> Holder:
        return next(holder for holder in (self.cast.choir, self.cast.orchestra) if holder.id == self.ids[name])

    def both(self, real: Callable[[], Any], told: Callable[[], Any]) -> tuple[Any, Any] | None:
        """Do it in the house and in the model: both do, or both refuse for the same reason."""
        refused, expected = "", None
        try:
            expected = told()
        except Refused as refusal:
            refused = str(refusal)
        if refused:
            with pytest.raises(DomainError) as found, savepoint():
                real()
            assert found.value.code == refused
            return None
        done = real()
        session.flush()
        return done, expected

    # --- earning

    @may(
        weight=4,
        holder=HOLDERS,
        category=st.sampled_from(["song", "dance", "help"]),
        ago=st.sampled_from([0, 0, 0, 1, 5, 9, -1]),
        amount=st.integers(1, 9),
        members=st.sampled_from([(), ("chen",), ("chen", "zhang")]),
        told=st.booleans(),
    )
    def award(self, *, holder: str, category: str, ago: int, amount: int, members: tuple[str, ...], told: bool) -> None:
        """A group's act or a member's; some are told by another plugin, twice."""
        told = told and holder in ("choir", "orchestra")
        members = members if holder == "choir" and not told else ()
        self._award(holder, category, self.world.today - timedelta(days=ago), amount, members, told=told)

    def _award(
        self, holder: str, category: str, day: date, amount: int, members: tuple[str, ...], *, told: bool
    ) -> None:
        minutes = amount * 50 if category == "help" else None
        acts = None if minutes else amount
        request = ContributionRequest(
            holder_id=self.ids[holder],
            category=category,
            occurred_on=day,
            acts=acts,
            minutes=minutes,
            member_ids=tuple(self.ids[name] for name in members),
            evidence="7",
        )

        def tell() -> Id:
            key = f"told:{len(self.acts)}"
            contribution = Told(
                key=key,
                source="volunteers",
                holder=self._holder(holder),
                category=category,
                occurred_on=day,
                acts=acts,
                minutes=minutes,
                by=SYSTEM,
            )
            for _twice in range(2):
                here().relay.tell(Happened.contribution_recorded, contribution=contribution)
            return session.scalars(select(Contribution.id).where(Contribution.key == key)).one()

        def expected() -> model.Act:
            return self.world.record(holder, category, day, minutes or amount, members, told=told)

        done = self.both(tell if told else (lambda: awards.record(request, by=SYSTEM).id), expected)
        if done is not None:
            self.acts.append(done[0])
            given = session.scalars(select(Award.points).where(Award.contribution_id == done[0]).order_by(Award.id))
            assert list(given) == [award.points for award in done[1].awards]

    def _act(self, number: int) -> tuple[Id, model.Act]:
        return self.acts[number % len(self.acts)], self.world.acts[number % len(self.acts)]

    @may(when=lambda self: self.acts, number=SOME, person=st.sampled_from(["chen", "zhang", "zhao"]))
    def object_to(self, number: int, person: str) -> None:
        found, act = self._act(-1 - number)
        request = ObjectionRequest(reason="it was not so")
        self.both(
            lambda: objections.object_to(found, request, by=self.actors[person]),
            lambda: self.world.object_to(act, person),
        )

    @may(
        weight=3,
        when=lambda self: any(act.state == "objected" for act in self.world.acts),
        number=SOME,
        upheld=st.booleans(),
    )
    def decide(self, *, number: int, upheld: bool) -> None:
        waiting = [one for one, act in enumerate(self.world.acts) if act.state == "objected"]
        found, act = self._act(waiting[number % len(waiting)])
        request = DecisionRequest(upheld=upheld, note="we asked")
        self.both(
            lambda: objections.decide(found, request, by=self.actors["li"]),
            lambda: self.world.decide(act, upheld=upheld),
        )

    @may(when=lambda self: self.acts, number=SOME)
    def withdraw(self, number: int) -> None:
        found, act = self._act(number)
        request = WithdrawalRequest(reason="a slip")
        self.both(lambda: withdrawal.withdraw(found, request, by=SYSTEM), lambda: self.world.withdraw(act))

    # --- spending

    @may(weight=3, holder=HOLDERS, points=POINTS, days=st.sampled_from([None, None, None, 0, 8]))
    def hold(self, holder: str, points: int, days: int | None) -> None:
        until = None if days is None else self.world.today + timedelta(days=days)
        moment = None if until is None else datetime.combine(until, time(18), tzinfo=NOW.tzinfo)
        owner = Holder(id=self.ids[holder], kind=self.cast.choir.kind, name=holder)
        done = self.both(
            lambda: a_hold(owner, points, key=f"hold {len(self.holds)}", until=moment).id,
            lambda: self.world.hold(holder, points, until),
        )
        if done is not None:
            self.holds.append(done[0])

    def _open(self, number: int, points: int) -> tuple[Id, model.Hold, int]:
        opened = [one for one, hold in enumerate(self.world.holds) if hold.open]
        one = opened[number % len(opened)]
        return self.holds[one], self.world.holds[one], min(points, self.world.holds[one].open)

    @may(weight=2, when=lambda self: any(hold.open for hold in self.world.holds), number=SOME, points=POINTS)
    def capture(self, number: int, points: int) -> None:
        found, hold, points = self._open(number, points)
        key = f"capture:{found}:{hold.captured}"
        done = self.both(lambda: holds.capture(found, points, at=clock.now()), lambda: self.world.capture(hold, points))
        assert done is not None
        self._remember(done[1], session.scalars(select(Transfer.id).where(Transfer.key == key)).one())

    @may(weight=2, when=lambda self: any(hold.open for hold in self.world.holds), number=SOME, points=POINTS)
    def release(self, number: int, points: int) -> None:
        found, hold, points = self._open(number, points)
        self.both(lambda: holds.release(found, points, at=clock.now()), lambda: self.world.release(hold, points))

    # --- mending

    def _remember(self, transfer: model.Transfer, found: Id) -> None:
        self.transfers[self.world.transfers.index(transfer)] = found

    def _real(self, number: int) -> Id:
        """The transfer of the house; of an award, whichever it says."""
        transfer = self.world.transfers[number]
        if transfer.act is None or transfer.award is None:
            return self.transfers[number]
        act = self.world.acts[transfer.act]
        rows = select(Award.transfer_id).where(Award.contribution_id == self.acts[transfer.act]).order_by(Award.id)
        found = session.scalars(rows).all()[act.awards.index(transfer.award)]
        assert found is not None
        return found

    @may(
        weight=4,
        kind=st.sampled_from(["earned", "spent", "spent", "corrected", "given"]),
        number=SOME,
        points=st.none() | POINTS,
    )
    def reverse(self, kind: str, number: int, points: int | None) -> None:
        known = [one for one, transfer in enumerate(self.world.transfers) if transfer.kind == kind]
        if not known:
            return
        chosen = known[-1 - number % len(known)]
        transfer, found = self.world.transfers[chosen], self._real(chosen)
        request = ReversalRequest(reason="a slip", points=points)
        self.both(
            lambda: reversals.reverse(found, request, by=SYSTEM),
            lambda: self.world.reverse(transfer, points or max(transfer.points - transfer.back, 1)),
        )

    @may(holder=HOLDERS, points=POINTS, less=st.booleans())
    def correct(self, *, holder: str, points: int, less: bool) -> None:
        points = -points if less else points
        request = CorrectionRequest(holder_id=self.ids[holder], points=points, reason="counted wrongly")
        done = self.both(lambda: corrections.correct(request, by=SYSTEM).id, lambda: self.world.correct(holder, points))
        if done is not None:
            self._remember(done[1], done[0])

    # --- gifts

    @may(giver=GROUPS, receiver=GROUPS, points=POINTS)
    def give(self, giver: str, receiver: str, points: int) -> None:
        if giver == receiver:
            return
        request = GiftRequest(giver_id=self.ids[giver], receiver_id=self.ids[receiver], points=points)
        done = self.both(lambda: gifts.offer(request, by=SYSTEM).id, lambda: self.world.offer(giver, receiver, points))
        if done is not None:
            self.gifts.append(done[0])

    @may(weight=2, number=SOME, again=st.booleans())
    def accept(self, *, number: int, again: bool) -> None:
        known = [one for one, gift in enumerate(self.world.gifts) if again or gift.state == "offered"]
        if not known:
            return
        found, gift = self.gifts[known[number % len(known)]], self.world.gifts[known[number % len(known)]]
        done = self.both(lambda: gifts.accept(found, by=SYSTEM).transfer_id, lambda: self.world.accept(gift))
        if done is not None:
            self._remember(done[1], done[0])

    # --- groups that are no more

    @may(when=lambda self: len(self.acts) > 3, merged=GROUPS, kept=GROUPS)
    def merge(self, merged: str, kept: str) -> None:
        if merged == kept or {merged, kept} & self.world.heirs.keys() or len(self.acts) < 4 * len(self.world.heirs):
            return
        merge(self.ids[merged], MergingRequest(into_id=self.ids[kept]), by=SYSTEM)
        self.world.merge(merged, kept)

    @may(when=lambda self: len(self.acts) > 3, group=GROUPS)
    def dissolve(self, group: str) -> None:
        self._dissolve(group)

    def _dissolve(self, group: str) -> None:
        if group in self.world.heirs or len(self.acts) < 4 * len(self.world.heirs):
            return
        dissolve(self.ids[group], DissolutionRequest(), by=SYSTEM)
        self.world.dissolve(group)

    # --- rules

    @may(
        posting_days=st.sampled_from([0, 2]),
        expiry_days=st.sampled_from([3, 6, 30]),
        cap=st.sampled_from([5, 20, 40]),
        gift_cap=st.sampled_from([0, 8, 30]),
        debt=st.sampled_from([True, True, False]),
    )
    def policy(self, *, posting_days: int, expiry_days: int, cap: int, gift_cap: int, debt: bool) -> None:
        self._policy(
            posting_days=posting_days,
            expiry_days=expiry_days,
            resident_daily_cap=cap,
            gift_monthly_cap=gift_cap,
            allow_debt=debt,
        )

    def _policy(self, **changed: Any) -> None:
        figures = replace(model.Figures(posting_days=0, expiry_days=6, gift_monthly_cap=30), **changed)
        new = PointsPolicy(
            posting_days=figures.posting_days,
            expiry_days=figures.expiry_days,
            resident_daily_cap=figures.resident_daily_cap,
            gift_monthly_cap=figures.gift_monthly_cap,
            allow_debt=figures.allow_debt,
            standing=Standing(window_days=WINDOW),
        )
        policy.put(new, valid_from=None, by=SYSTEM)
        self.world.policies.append((self.world.today, figures))

    @may(
        weight=2,
        category=st.sampled_from(["song", "dance"]),
        ago=st.integers(-2, 9),
        points=st.integers(1, 3),
        share=st.sampled_from([0, 33, 100]),
        daily=st.sampled_from([None, 4, 7]),
        monthly=st.sampled_from([None, 8, 15]),
    )
    def rule_change(
        self, category: str, ago: int, points: int, share: int, daily: int | None, monthly: int | None
    ) -> None:
        since = self.world.today - timedelta(days=ago)
        request = RuleRequest(
            category=category,
            per="act",
            points=points,
            valid_from=since,
            member_share=share,
            daily_cap=daily,
            monthly_cap=monthly,
        )
        rules.add_rule(request, by=SYSTEM)
        self.world.rules[category].append(
            model.Rule(since, points, hourly=False, share=share, daily=daily, monthly=monthly)
        )

    # --- time

    @may(weight=3, days=st.sampled_from([1, 1, 2, 4, 7]), sweep=st.booleans())
    def forward(self, *, days: int, sweep: bool) -> None:
        before = self.world.today
        for _day in range(days):
            self.world.forward()
        on(self.world.today)
        vanished = any(hold.until and before <= hold.until < self.world.today for hold in self.world.holds)
        if sweep or vanished:
            self.sweep()

    @may()
    def sweep(self) -> None:
        for _twice in range(2):
            posting.credit_due()
            holds.release_vanished()
            moving.collect_closed()
            expiry.expire_due()
        self.world.settle()

    @may(days=st.integers(0, 4), group=GROUPS, ends=st.booleans())
    def switch_off_and_on(self, *, days: int, group: str, ends: bool) -> None:
        """What falls due meanwhile is settled when points are on again (P6); a group that ends meanwhile is heard of."""
        switching.disable("points", by=SYSTEM)
        self._tell_nobody()
        for _day in range(days):
            self.world.forward()
        on(self.world.today)
        if ends:
            self._dissolve(group)
        switching.enable("points", by=SYSTEM)
        self.world.settle()

    def _tell_nobody(self) -> None:
        """Told while points are off, it earns nothing later."""
        choir = self._holder("choir")
        told = Told(key="off", source="volunteers", holder=choir, category="song", occurred_on=TODAY, acts=1, by=SYSTEM)
        here().relay.tell(Happened.contribution_recorded, contribution=told)

    # --- what must be so after each step

    @invariant()
    def nothing_is_broken(self) -> None:
        """Asked of the database after some steps and at the end: it is half of the work of a step."""
        self.steps += 1
        if self.steps % self.looks_each == 0:
            self._look()

    def _look(self) -> None:
        session.flush()
        session.expire_all()
        assert list(here().relay.collect(Keeps.invariants)) == []

    @invariant()
    def states_agree(self) -> None:
        found = dict(session.execute(select(Contribution.id, Contribution.state)).all())
        assert [found[one].value for one in self.acts] == [act.state for act in self.world.acts]
        reversed_ = session.execute(select(Award.contribution_id, Award.reversed).order_by(Award.id)).all()
        taken = {one: [back for owner, back in reversed_ if owner == one] for one in self.acts}
        assert [taken[one] for one in self.acts] == [
            [award.reversed for award in act.awards] for act in self.world.acts
        ]
        gifts_ = dict(session.execute(select(Gift.id, Gift.state)).all())
        for one, gift in zip(self.gifts, self.world.gifts, strict=True):
            assert gift.state == "ended" if gifts_[one] in ("declined", "taken_back") else gifts_[one] == gift.state

    @invariant()
    def accounts_agree(self) -> None:
        names = {found: name for name, found in self.ids.items()}
        numbers = {found: number for number, found in enumerate(self.acts)}
        accounts = session.execute(
            select(Account.holder_id, Account.balance, Account.held).where(Account.kind == AccountKind.OWN)
        )
        real = {names[holder]: (balance, held) for holder, balance, held in accounts if holder in names}
        over: Counter[str] = Counter()  # what has expired and is not swept yet
        remaining: Counter[Any] = Counter()
        aside: Counter[Any] = Counter()
        lots = session.execute(
            select(Account.holder_id, Lot.expires_on, Lot.contribution_id, Lot.remaining, Lot.held)
            .join(Account, Account.id == Lot.account_id)
            .where(Lot.remaining > 0)
        ).all()
        for holder, day, contribution, left, held in lots:
            gone = left - held if day < self.world.today else 0
            over[names[holder]] += gone
            key = (names[holder], day, numbers.get(contribution) if contribution else None)
            remaining[key] += left - gone
            aside[key] += held
        points = [(name, point) for name, account in self.world.accounts.items() for point in account.points]
        assert +remaining == Counter((name, point.last, point.act) for name, point in points)
        assert +aside == Counter((name, point.last, point.act) for name, point in points if point.hold is not None)
        for name, account in self.world.accounts.items():
            balance, held = real.get(name, (0, 0))
            assert (name, balance - over[name], held) == (name, account.balance, sum(account.open.values()))
        opened = dict(session.execute(select(Hold.id, Hold.open)).all())
        assert [opened[one] for one in self.holds] == [hold.open for hold in self.world.holds]

    @invariant()
    def standing_agrees(self) -> None:
        found = standing.of(list(self.ids.values()), day=self.world.today)
        for name in self.world.accounts:
            assert (name, found[self.ids[name]].earned) == (name, self.world.standing(name, WINDOW))


def test_l1_to_l15_any_mix_of_acts_gives_what_the_model_gives(database: Database, house: House, cast: Cast) -> None:
    class Here(Points):
        pass

    Here.database, Here.house, Here.cast = database, house, cast
    soaking = settings.get_current_profile_name() == "soak"
    Here.looks_each = 1 if soaking else Points.looks_each
    run_state_machine_as_test(Here, settings=settings.get_profile("soak") if soaking else STEADY)
