"""The walk of an act through the house: which files it enters, in which order, and which functions it calls there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from benchmarks import world
from benchmarks.world import SLUG, World
from tests.kit import Browser

HOUSE = Path(__file__).parents[1]
MOST_FILES = 6  # of one plugin that an act, or the answer to a hook, crosses
# These declare what an act is made of: whoever follows an act reads through them, not into them.
DECLARING = {"plugin", "models", "policy", "requests", "forms", "schemas", "sentences"}
WIDTH = 118


@dataclass
class Walk:
    """What was called, in order of the first call. `back`: from which file to which one that was still waiting for it.

    `crossed`: the act of a plugin, or the hook it answers → its files that act.
    """

    files: dict[str, list[str]] = field(default_factory=dict)
    back: dict[tuple[str, str], int] = field(default_factory=dict)
    crossed: dict[str, dict[str, None]] = field(default_factory=dict)

    def note(self, frame: FrameType, event: str, _argument: object) -> None:
        """The profiler's hook."""
        if event != "call" or (name := _file(frame)) is None:
            return
        function = frame.f_code.co_qualname
        if "<" in function.rpartition(".")[2]:  # a comprehension, a lambda, a module
            return
        called = self.files.setdefault(name, [])
        if function not in called:
            called.append(function)
        if name.startswith("plugins/") and Path(name).stem not in DECLARING:
            self.crossed.setdefault(_entry(frame, name.split("/")[1]), {})[name] = None
        waiting = [file for file in _files_below(frame) if file != name]
        if waiting and name in _files_after(frame, waiting[0]) and not name.startswith("core"):
            self.back[waiting[0], name] = self.back.get((waiting[0], name), 0) + 1

    def faults(self) -> list[str]:
        """Where an act has become harder to follow than it may be."""
        return [
            f"{entry} crosses {len(names)} files, at most {MOST_FILES}"
            for entry, names in self.crossed.items()
            if len(names) > MOST_FILES
        ]

    def told(self) -> str:
        """In words, file by file."""
        lines = [line for number, name in enumerate(self.files, 1) for line in self._of_file(number, name)]
        functions = sum(len(called) for called in self.files.values())
        lines.append(f"{len(self.files)} files, {functions} functions")
        for entry, names in self.crossed.items():
            lines.append(f"{entry}: {len(names)} files beside those that declare: {', '.join(names)}")
        for (caller, name), times in self.back.items():
            lines.append(f"returns to a file that waits: {caller} → {name}, {times} times")
        return "\n".join(lines)

    def _of_file(self, number: int, name: str) -> Iterator[str]:
        line = f"{number:3}. {name}: "
        for function in self.files[name]:
            if len(line) + len(function) > WIDTH:
                yield line.rstrip()
                line = " " * 8
            line += f"{function}, "
        yield line.rstrip(", ")


def follow(act: Callable[[], object]) -> Walk:
    """Do something and note its walk. What happens only the first time should have happened before."""
    walk = Walk()
    sys.setprofile(walk.note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return walk


def of_a_reservation(made: World) -> Walk:
    """The walk of the last tap: a leader books from the page of the timetable; the third time, when all is warm."""
    browser, slots = Browser(made.client(), SLUG), world.own_slots(made)

    def book() -> None:
        slot = next(slots)
        data = {
            "room": str(slot.room_id),
            "holder": str(slot.holder_id),
            "starts_at": slot.starts_at.isoformat(),
            "ends_at": slot.ends_at.isoformat(),
        }
        answer = browser.post("/booking/reservations", data)
        if answer.status_code != 303:
            raise AssertionError(f"booking was answered {answer.status}")

    book()
    book()
    return follow(book)


def _file(frame: FrameType) -> str | None:
    """The file of the house a frame is in, seen from its root; None for libraries and templates."""
    path = frame.f_code.co_filename
    if not path.endswith(".py") or not path.startswith(str(HOUSE)):
        return None
    name = str(Path(path).relative_to(HOUSE))
    return name if name == "app.py" or name.startswith(("core/", "plugins/")) else None


def _entry(frame: FrameType, plugin: str) -> str:
    """Through which door a plugin was entered: the hook it answers, or else its page."""
    below: FrameType | None = frame
    while below is not None:
        if _file(below) == f"plugins/{plugin}/plugin.py":
            return f"{plugin}, {below.f_code.co_name}"
        below = below.f_back
    return f"{plugin}, the act"


def _files_below(frame: FrameType) -> list[str]:
    """The files of the frames that wait for this one, the nearest first."""
    found, below = [], frame.f_back
    while below is not None:
        if (name := _file(below)) is not None:
            found.append(name)
        below = below.f_back
    return found


def _files_after(frame: FrameType, nearest: str) -> list[str]:
    """The files that wait beyond those of the nearest one."""
    files = _files_below(frame)
    first = files.index(nearest)
    return files[first + 1 :] if first == 0 else []
