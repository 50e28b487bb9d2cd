"""`python -m benchmarks`: run all, print the table and the walk of an act; exit 1 if a bound is missed."""

from __future__ import annotations

import argparse
import platform
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import balance, bulk, databases, measure, race, reservations, statement, timetable, usage, walk, world
from benchmarks.measure import Figure
from benchmarks.world import World
from core.upkeep import check
from tests.services import NoPostgresError

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")


def main() -> int:
    """Measure on both databases, print, keep, and say whether all bounds hold."""
    arguments = _arguments()
    figures: list[Figure] = []
    walks: list[str] = []
    faults: list[str] = []
    for engine in arguments.only or databases.ENGINES:
        try:
            with databases.place(engine) as place:
                for figure in measured(place, quick=arguments.quick, walks=walks, faults=faults):
                    _say(f"  {figure.what}, {engine}: {figure.details or f'{figure.ratio:.2f}'}")
                    figures.append(replace(figure, bound=None) if arguments.quick else figure)
        except NoPostgresError as error:
            faults.append(f"{engine} was not measured: {error}")
    _say("", measure.table(figures), "", *walks[:1], "")
    about: dict[str, object] = {
        "day": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.machine(),
    }
    if arguments.write:
        measure.keep(figures, RESULTS, about=about)
        for readme in READMES:
            readme.write_text(measure.write_between(readme.read_text("utf-8"), measure.table(figures)), "utf-8")
    missed = [f"{figure.what}, {figure.database}: {_why(figure)}" for figure in figures if figure.missed] + faults
    _say(*(f"MISSED: {line}" for line in missed))
    return 1 if missed else 0


def measured(place: databases.Place, *, quick: bool, walks: list[str], faults: list[str]) -> Iterator[Figure]:
    """All figures of one database; in `quick` the same work in miniature, whose ratios say nothing."""
    few = {"rounds": 1, "each": 3}
    size = world.Size(history=200, groups=30, racers=8) if quick else world.Size()
    made = world.build(place.make("community"), size)
    yield timetable.run(made, place.engine, **(few | {"warm": 1} if quick else {}))
    yield usage.run(made, place.engine, **(few | {"warm": 1} if quick else {}))
    yield reservations.run(made, place.engine, **(few | {"warm": 1} if quick else {}))
    yield race.run(made, place.engine, **({"rounds": 1, "clients": 8, "processes": 2} if quick else {}))
    yield balance.run(place, **({"many": 2_000} | few if quick else {}))
    yield statement.run(place, **({"many": 400} | few | {"warm": 1} if quick else {}))
    yield from bulk.run(place, **({"many": 100, "rounds": 1} if quick else {}))
    found = walk.of_a_reservation(made)
    walks.append(found.told())
    faults += [f"{place.engine}, the walk: {fault}" for fault in found.faults()]
    faults += [f"{place.engine}, linli check: {fault}" for fault in checked(made)]
    databases.engine_of(made.linli.database).dispose()


def checked(made: World) -> list[str]:
    """What `linli check` finds after all of it."""
    with made.app.test_request_context(f"/{world.SLUG}/"):
        return list(check.faults(made.linli.database, made.linli.house))


def _why(figure: Figure) -> str:
    return "; ".join(figure.faults) or f"{figure.ratio:.2f}, at most {figure.bound:g}"


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same work in miniature; its ratios say nothing")
    parser.add_argument(
        "--write", action="store_true", help="keep the figures: benchmarks/results.json and the READMEs"
    )
    parser.add_argument("--only", action="append", choices=databases.ENGINES, help="on this database alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
