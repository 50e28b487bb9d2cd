"""Makes the sheets of a believable community: 300 residents, eight groups, five rooms, a season of contributions.

    python -m tests.data.xinchengqu.make

Every name is invented. The same seed gives the same bytes; README.md beside this says what the sheets add up to.
"""

import io
import json
import random
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from openpyxl.styles.fonts import Font
from openpyxl.utils.cell import get_column_letter
from openpyxl.workbook.workbook import Workbook

HERE = Path(__file__).parent
SEED = 20260525
RESIDENTS = 300
FIRST_MONDAY = date(2026, 5, 25)
WEEKS = 26  # the last ends on Sunday 2026-11-22
SINCE, NEW_SINCE = date(2025, 3, 1), date(2026, 11, 16)
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余"
    "潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文单仇"
)
GIVEN_FIRST = "淑秀玉桂兰凤彩翠素巧守长世兴占存有天克万"
GIVEN_SECOND = "芬英珍霞梅莲香琴娥花福财河山田庆禄喜泉林"

# name, kind, how many, leaders among the first of them
GROUPS = (
    ("民乐团", "乐队", 28, 2),
    ("合唱队", "合唱", 36, 1),
    ("夕阳红舞蹈队", "舞蹈", 24, 1),
    ("秦腔社", "戏曲", 18, 1),
    ("书法社", "书画", 15, 1),
    ("太极队", "体育", 22, 1),
    ("巧手编织组", "其他", 12, 1),
    ("新芽社", "其他", 6, 1),  # founded in the season's last week: it has done nothing yet
)
VOLUNTEERS = range(201, 213)  # residents, by number
OVER_THE_CAP = (213, date(2026, 9, 12))  # 3 mediations on one day: 60 points by the rule, 40 by the cap for one person

Line = tuple[object, ...]


def build(folder: Path) -> None:
    """Write the four files into a folder."""
    chance = random.Random(SEED)  # noqa: S311 - a believable village, no secret
    residents = list(_residents(chance))
    names = {ref: name for ref, name, _telephone, _born_on in residents}
    _save(folder / "residents.xlsx", "居民", ("编号", "姓名", "电话", "出生日期"), residents)
    columns = ("编号", "团队", "类型", "居民编号", "姓名", "角色", "开始日期", "结束日期")
    _save(folder / "groups.xlsx", "团队与成员", columns, _members(names))
    columns = ("编号", "团队或居民", "居民编号", "类别", "日期", "次数", "分钟", "说明")
    _save(folder / "contributions.xlsx", "贡献", columns, _numbered(_contributions(chance, names)))
    rooms = json.dumps(ROOMS, ensure_ascii=False, indent=2)
    (folder / "rooms.json").write_text(f"{rooms}\n", encoding="utf-8")


# --- people --------------------------------------------------------------------------------------------------------


def _residents(chance: random.Random) -> Iterator[tuple[str, str, str, date]]:
    """Most are elders, the last fifty are younger; some have no telephone. The last bears the name of the first, as happens."""
    first = ""
    for number in range(1, RESIDENTS + 1):
        name = chance.choice(SURNAMES) + chance.choice(GIVEN_FIRST) + chance.choice(GIVEN_SECOND)
        first = first or name
        name = first if number == RESIDENTS else name
        year = chance.randint(1940, 1966) if number <= 250 else chance.randint(1970, 2018)
        born_on = date(year, 1, 1) + timedelta(days=chance.randrange(365))
        telephone = "" if chance.random() < 0.1 else f"1390000{number:04}"
        yield str(number), name, telephone, born_on


def _members(names: dict[str, str]) -> Iterator[Line]:
    """A row for each member; nobody of the first 200 is in two groups."""
    row, number = 0, 0
    for group, kind, people, leaders in GROUPS:
        since = NEW_SINCE if group == "新芽社" else SINCE
        for place in range(people):
            row, number = row + 1, number + 1
            role = "队长" if place < leaders else "成员"
            left = date(2026, 8, 31) if (group, place) == ("太极队", 21) else None  # one has left again
            yield str(row), group, kind if place == 0 else None, str(number), names[str(number)], role, since, left


# --- a season of contributions -------------------------------------------------------------------------------------


def _numbered(acts: Iterable[Line]) -> Iterator[Line]:
    """In the order of their days, numbered."""
    for number, act in enumerate(sorted(acts, key=lambda act: str(act[3])), 1):
        yield (f"2026-{number:03}", *act)


def saturday(week: int) -> date:
    """Of a week of the season, from 1 to 26."""
    return FIRST_MONDAY + timedelta(weeks=week - 1, days=5)


def _weeks(first: int = 1, step: int = 1) -> range:
    return range(first, WEEKS + 1, step)


def _acts(group: str, weeks: Iterable[int], category: str, acts: int = 1, note: str = "") -> Iterator[Line]:
    for week in weeks:
        yield group, None, category, saturday(week), acts, None, note


def _minutes(group: str, weeks: Iterable[int], minutes: int, note: str = "") -> Iterator[Line]:
    for week in weeks:
        yield group, None, "志愿服务时长", saturday(week), None, minutes, note


def _contributions(chance: random.Random, names: dict[str, str]) -> Iterator[Line]:
    """What groups do is regular, so that it can be added up in the head; residents help when they can."""
    yield from _acts("民乐团", _weeks(2, 2), "演出", note="广场周末音乐会")
    yield from _acts("民乐团", _weeks(3, 4), "移风易俗宣传", note="婚事新办宣传")
    yield from _minutes("民乐团", _weeks(), 120, note="教孩子们二胡")
    yield from _acts("合唱队", _weeks(2, 4), "演出", note="社区演出")
    yield from _acts("合唱队", (4, 12, 20), "矛盾纠纷排查化解")
    yield from _acts("合唱队", _weeks(), "参加活动")
    yield from _acts("夕阳红舞蹈队", (5, 13, 21), "移风易俗宣传", note="丧事简办宣传")
    yield from _acts("夕阳红舞蹈队", (8, 16, 24), "隐患上报")
    yield from _acts("夕阳红舞蹈队", _weeks(), "参加活动")
    yield from _acts("秦腔社", (10, 20), "演出")
    yield from _acts("秦腔社", _weeks(1, 2), "参加活动", acts=2)
    yield from _minutes("书法社", _weeks(), 180, note="代写春联和家书")
    yield from _acts("太极队", (6, 18), "隐患上报")
    yield from _acts("太极队", _weeks(), "参加活动")
    yield from _minutes("巧手编织组", _weeks(2, 2), 90, note="给驿站织手套")
    number, day = OVER_THE_CAP
    yield names[str(number)], str(number), "矛盾纠纷排查化解", day, 3, None, "三户邻里"
    for week in _weeks():
        for volunteer in VOLUNTEERS:
            day = FIRST_MONDAY + timedelta(weeks=week - 1, days=chance.randrange(7))
            minutes = chance.choice((60, 90, 120, 150))
            yield names[str(volunteer)], str(volunteer), "志愿服务时长", day, None, minutes, None


# --- rooms ---------------------------------------------------------------------------------------------------------


def _hours(days: Iterable[int], *intervals: tuple[str, str]) -> list[dict[str, object]]:
    return [{"weekday": day, "opens": opens, "closes": closes} for day in days for opens, closes in intervals]


ROOMS: Sequence[dict[str, Any]] = (
    {
        "name": "排练厅",
        "capacity": 80,
        "spaces": ["hall-west", "hall-east"],
        "hours": _hours(range(7), ("08:00", "21:00")),
    },
    {
        "name": "书法室",
        "capacity": 20,
        "spaces": ["calligraphy"],
        "hours": _hours(range(1, 7), ("08:30", "12:00"), ("14:00", "18:00")),
    },
    {
        "name": "棋牌室",
        "capacity": 24,
        "spaces": ["chess"],
        "hours": _hours(range(7), ("09:00", "20:00")),
    },
    {
        "name": "健身室",
        "capacity": 30,
        "spaces": ["fitness"],
        "hours": _hours(range(7), ("07:00", "21:00")),
    },
    {
        "name": "绘画室",
        "capacity": 16,
        "spaces": ["painting"],
        "hours": _hours(range(5), ("09:00", "17:30")),
    },
)


# --- files ---------------------------------------------------------------------------------------------------------


def _save(path: Path, title: str, columns: Sequence[str], lines: Iterable[Line]) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = title
    sheet.append(columns)
    for line in lines:
        sheet.append(line)
    for position, cell in enumerate(sheet[1], 1):
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(position)].width = 16
    sheet.freeze_panes = "A2"
    made = io.BytesIO()
    book.save(made)
    path.write_bytes(_without_time(made.getvalue()))


def _without_time(workbook: bytes) -> bytes:
    """The same workbook without the moment it was made at, its parts stored plainly: the same bytes on every machine."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as new:
        for name in sorted(old.namelist()):
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-11-22T12:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name, date_time=(2026, 11, 22, 12, 0, 0)), part)
    return made.getvalue()


if __name__ == "__main__":
    build(HERE)
