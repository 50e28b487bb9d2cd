"""The story both end-to-end tests live through, and every figure in it, worked out by hand.

The sheets of tests/data/xinchengqu are imported on Sunday 22 November 2026 and credited on Thursday the 26th; on that day and
the next the folk orchestra (gold), the choir (silver) and a new group (none) book the hall, each as far ahead as it may; in
December they come, cancel and miss. Rules are the defaults: three posting days, 120 minutes a session and 240 a week for
everyone, 5 points for half an hour longer, 10 where that half hour begins between 18:00 and 21:00.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from tests.kit import ZONE

ORCHESTRA, CHOIR, DANCERS, OPERA = "民乐团", "合唱队", "夕阳红舞蹈队", "秦腔社"
WRITERS, TAI_CHI, KNITTERS, NEW = "书法社", "太极队", "巧手编织组", "新芽社"
GROUPS = (ORCHESTRA, CHOIR, DANCERS, OPERA, WRITERS, TAI_CHI, KNITTERS, NEW)
HALL = "排练厅"

# The leaders' user names, and the telephones of the residents they are. A group's people follow one another in the sheet of
# groups, its leader first: 28 of the orchestra, 36, 24, 18, 15, 22 and 12 more, so the new group's leader is resident 156.
LEADERS = {
    ORCHESTRA: ("zhao", "13900000001"),
    CHOIR: ("zhang", "13900000029"),
    NEW: ("gao", "13900000156"),
}


def at(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A moment of 2026, in the community."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=ZONE)


A_SECOND = timedelta(seconds=1)

# --- the sheets ----------------------------------------------------------------------------------------------------

# Residents: 300. Groups: a row for each member, 28 + 36 + 24 + 18 + 15 + 22 + 12 + 6 = 161. Contributions, as the README beside
# the sheets counts them: 45 of the orchestra (13 + 6 + 26), 36 of the choir (7 + 3 + 26), 32 of the dancers (3 + 3 + 26), 15 of
# the opera (2 + 13), 26 of the writers, 28 of tai chi (2 + 26), 13 of the knitters: 195 of groups; 26 weeks × 12 volunteers =
# 312, and the three mediations in one row: 313 of residents. 195 + 313 = 508.
ROWS = {"residents": 300, "groups": 161, "contributions": 508}

FOUNDED_AT = at(5, 25, 9)  # the Monday on which the season begins
IMPORTED_AT = at(11, 22, 20)  # a Sunday evening; the last row of the sheet is of the same day
# Recorded on the 22nd with three posting days, shown on the 23rd, 24th and 25th, credited as of 00:00 of the 26th.
CREDITED_AT = at(11, 26)
CREDIT_EXPIRES = date(2027, 11, 26)  # at the end of the 365th day after the 26th of November 2026


class Purse(NamedTuple):
    """What an account shows."""

    balance: int
    held: int = 0

    @property
    def available(self) -> int:
        """What may be spent."""
        return self.balance - self.held


class Standing(NamedTuple):
    """What was earned in the 180 days up to a day, and what that makes."""

    earned: int
    tier: str


# Credited, from the sheet: 20 a performance, publicity or mediation, 5 a hazard report, 1 an attendance, 1 an hour.
#   orchestra  13 performances 260 + 6 publicity 120 + 26 × 2 hours 52                = 432
#   choir      7 performances 140 + 3 mediations 60 + 26 attendances 26               = 226
#   dancers    3 publicity 60 + 3 hazard reports 15 + 26 attendances 26               = 101
#   opera      2 performances 40 + 13 × 2 attendances 26                              =  66
#   writers    26 × 3 hours 78                                                        =  78
#   tai chi    2 hazard reports 10 + 26 attendances 26                                =  36
#   knitters   13 × 90 minutes, of which the rule counts 1 point each                 =  13
#   new        nothing yet                                                            =   0
SEASON = {
    ORCHESTRA: Purse(432),
    CHOIR: Purse(226),
    DANCERS: Purse(101),
    OPERA: Purse(66),
    WRITERS: Purse(78),
    TAI_CHI: Purse(36),
    KNITTERS: Purse(13),
    NEW: Purse(0),
}

# Of the residents, number 213 mediated three times on one day: 3 × 20 = 60, of which 40 a day are given to one person. The
# twelve volunteers' hours, each act rounded down, add up to 465 in the sheet.
MEDIATOR = (213, 40)
VOLUNTEERS = 465

# Earned in the window of Thursday 26 November, which begins 179 days before, on Sunday 31 May: week 1 (Saturday 30 May) is out.
# It was 2 hours of the orchestra's, 1 attendance each of the choir's, the dancers' and tai chi's, 2 of the opera's, 3 hours of
# the writers'. Thresholds: 60 bronze, 150 silver, 300 gold.
STANDINGS = {
    ORCHESTRA: Standing(432 - 2, "gold"),
    CHOIR: Standing(226 - 1, "silver"),
    DANCERS: Standing(101 - 1, "bronze"),
    OPERA: Standing(66 - 2, "bronze"),
    WRITERS: Standing(78 - 3, "bronze"),
    TAI_CHI: Standing(36 - 1, "none"),
    KNITTERS: Standing(13, "none"),
    NEW: Standing(0, "none"),
}
# Week 2 (Saturday 6 June) leaves the window 180 days later, on 3 December: the orchestra's performance and 2 hours, 430 − 22.
NEXT_CHANGE = (date(2026, 12, 3), 408, "gold")

# --- Thursday 26 November: booking as far ahead as the window reaches ----------------------------------------------

THURSDAY = at(11, 26, 8)  # the moment at which windows open


class Wish(NamedTuple):
    """The hall for a group, and what the booking costs it."""

    group: str
    starts_at: datetime
    minutes: int
    base: int = 120
    extension: int = 0
    price: int = 0

    @property
    def ends_at(self) -> datetime:
        """The end, exclusive."""
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def tomorrow(self) -> "Wish":
        """The same hours a day later: on the first day that is booked, a day too far."""
        return self._replace(starts_at=self.starts_at + timedelta(days=1))


# 21 days ahead, an hour longer than the 120 minutes everyone gets: 12:00 and 12:30 on a Thursday are off-peak, 2 × 5.
ORCHESTRA_FIRST = Wish(ORCHESTRA, at(12, 17, 10), 180, extension=60, price=10)
# 14 days ahead, an hour longer: 16:00 and 16:30 are off-peak, 2 × 5.
CHOIR_FIRST = Wish(CHOIR, at(12, 10, 14), 180, extension=60, price=10)
# 7 days ahead; its two evening hours are base time and cost nothing. Without standing no minute more can be bought.
NEW_FIRST = Wish(NEW, at(12, 3, 19), 120)
NEW_LONGER = NEW_FIRST._replace(starts_at=at(12, 3, 18), minutes=180)  # 18:00 to 21:00
NEW_IN_THE_WAY = NEW_FIRST._replace(
    starts_at=at(12, 3, 17, 15)
)  # to 19:15: a quarter of an hour in common with its own
FIRST = (ORCHESTRA_FIRST, CHOIR_FIRST, NEW_FIRST)
DAYS_AHEAD = {ORCHESTRA: 21, CHOIR: 14, NEW: 7}

# The Friday after each cannot be booked before its own window opens: Friday 27 November, 8:00.
OPENS_AT = at(11, 27, 8)
# 14:00 to 17:00, in the same week as the Thursday's: 240 − 120 leave another 120 base; 16:00 and 16:30 are off-peak, 2 × 5.
ORCHESTRA_SECOND = Wish(ORCHESTRA, at(12, 18, 14), 180, extension=60, price=10)
# 17:00 to 20:00: the two half hours beyond the base begin at 19:00 and 19:30, in the peak, 2 × 10.
CHOIR_SECOND = Wish(CHOIR, at(12, 11, 17), 180, extension=60, price=20)
NEW_SECOND = Wish(NEW, at(12, 4, 19), 120)
SECOND = (ORCHESTRA_SECOND, CHOIR_SECOND, NEW_SECOND)

# After the Thursday: 10 of the orchestra's and 10 of the choir's are set aside. Nothing is taken.
AFTER_THURSDAY = SEASON | {ORCHESTRA: Purse(432, held=10), CHOIR: Purse(226, held=10)}
# After the Friday: 10 + 10 and 10 + 20.
AFTER_FRIDAY = SEASON | {ORCHESTRA: Purse(432, held=20), CHOIR: Purse(226, held=30)}

# --- the publicity day ---------------------------------------------------------------------------------------------

# On Friday, after the publicity day, the manager awards eight groups, 20 points an act: the choir sang twice, the others helped
# once. Recorded on the 27th, posted on the 28th, 29th and 30th, credited as of 00:00 of 1 December.
AWARDED_AT = at(11, 27, 17)
PUBLICITY_DAY = date(2026, 11, 27)
ACTS = dict.fromkeys(GROUPS, 1) | {CHOIR: 2}
PUBLICITY_CREDITED_AT = at(12, 1)
AFTER_PUBLICITY = {
    ORCHESTRA: Purse(432 + 20, held=20),
    CHOIR: Purse(226 + 40, held=30),
    DANCERS: Purse(101 + 20),
    OPERA: Purse(66 + 20),
    WRITERS: Purse(78 + 20),
    TAI_CHI: Purse(36 + 20),
    KNITTERS: Purse(13 + 20),
    NEW: Purse(0 + 20),
}

# --- December ------------------------------------------------------------------------------------------------------

# Thursday 3: the new group comes. Check-in is from 18:30 on, to the second; it costs nothing.
NEW_DOORS = at(12, 3, 18, 30)
# Friday 4: it comes at the last moment, 15 minutes after the start.
NEW_LAST_CALL = at(12, 4, 19, 15)

# Thursday 10: nobody of the choir comes. At 14:15:00 they still could; a second later the session is missed, and the rest of
# its time is free for others at once, before any sweep. The new group takes 14:30 to 16:30: base time, no price.
CHOIR_MISSED_AT = at(12, 10, 14, 15)
NEW_THIRD = Wish(NEW, at(12, 10, 14, 30), 120)
# Before the sweep the 10 points are still set aside, so they are gone from what the choir may spend; the sweep takes them.
BEFORE_SWEEP = Purse(266, held=30)
AFTER_SWEEP = Purse(266 - 10, held=20)
assert BEFORE_SWEEP.available == AFTER_SWEEP.available

# The same Thursday the choir cancels its Friday, 17:00, a second later than 24 hours before: the 20 points are taken.
CHOIR_CANCELS_AT = at(12, 10, 17, 0, 1)
AFTER_LATE_CANCELLATION = Purse(256 - 20, held=0)

# Wednesday 16: the orchestra cancels its Thursday, 10:00, exactly 24 hours before: its 10 points come back.
ORCHESTRA_CANCELS_AT = at(12, 16, 10)
AFTER_CANCELLATION = Purse(452, held=20 - 10)

# Friday 18: the orchestra comes at half past one, when the doors open: its 10 points are taken.
ORCHESTRA_COMES_AT = at(12, 18, 13, 30)
AFTER_CHECK_IN = Purse(452 - 10, held=0)

THE_END = at(12, 18, 17)  # the end of the orchestra's session
# What groups were credited, 952 + 9 acts × 20 = 1132, less what was captured, 10 + 20 + 10 = 40: 1092.
BALANCES = {
    ORCHESTRA: Purse(442),
    CHOIR: Purse(236),
    DANCERS: Purse(121),
    OPERA: Purse(86),
    WRITERS: Purse(98),
    TAI_CHI: Purse(56),
    KNITTERS: Purse(33),
    NEW: Purse(20),
}
assert sum(purse.balance for purse in BALANCES.values()) == 952 + 9 * 20 - 40 == 1092

# Spending has lowered no standing. On 18 December the window begins on 22 June: weeks 2, 3 and 4 have left it as well, the
# publicity day is in it.
#   orchestra  430 − (20 + 2) − (20 + 2) − (20 + 2) + 20 = 384     choir     225 − (20 + 1) − 1 − (20 + 1) + 40 = 222
#   dancers    100 − 1 − 1 − 1 + 20                      = 117     opera     64 − 2 + 20                       =  82
#   writers    75 − 3 − 3 − 3 + 20                       =  86     tai chi   35 − 1 − 1 − 1 + 20               =  52
#   knitters   13 − 1 − 1 + 20                           =  31     new       20
LAST_STANDINGS = {
    ORCHESTRA: Standing(384, "gold"),
    CHOIR: Standing(222, "silver"),
    DANCERS: Standing(117, "bronze"),
    OPERA: Standing(82, "bronze"),
    WRITERS: Standing(86, "bronze"),
    TAI_CHI: Standing(52, "none"),
    KNITTERS: Standing(31, "none"),
    NEW: Standing(20, "none"),
}

# The choir's statement from 2 December on: (when, points, balance after it). The missed session is dated when it was missed.
STATEMENT_FROM = date(2026, 12, 2)
STATEMENT: tuple[tuple[datetime, int, int], ...] = (
    (CHOIR_MISSED_AT, -10, 256),
    (CHOIR_CANCELS_AT, -20, 236),
)

# What the hall saw in December: not the choir's two, nor the orchestra's Thursday.
TOOK_PLACE = (NEW_FIRST, NEW_SECOND, NEW_THIRD, ORCHESTRA_SECOND)


def day_of(moment: datetime) -> date:
    """Its day in the community."""
    return moment.astimezone(ZONE).date()
