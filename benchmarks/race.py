"""Many clients after one slot on several processes: one wins, the others are told so, nothing breaks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier, Thread

from benchmarks import measure, server, world
from benchmarks.measure import Figure
from benchmarks.world import BASE_MINUTES, Slot, World

CLIENTS, PROCESSES, ROUNDS = 64, 4, 6


class ShortSlot(Slot):
    """A slot of the base time alone."""

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=BASE_MINUTES)


@dataclass
class Runner:
    """One client: what it wants, and what became of it."""

    program: server.Program
    wish: Slot
    status: int = 0
    code: str | None = None
    seconds: float = 0.0

    def run(self, start: Barrier) -> None:
        """Wait for all, then ask."""
        start.wait()
        begin = time.perf_counter()
        self.status, answer = self.program.call("POST", "/booking/reservations", self.wish.body())
        self.seconds = time.perf_counter() - begin
        self.code = answer.get("code") if isinstance(answer, dict) else None


def run(
    made: World, engine_name: str, *, rounds: int = ROUNDS, clients: int = CLIENTS, processes: int = PROCESSES
) -> Figure:
    """Let them race, round after round; each client is another group."""
    seconds: list[float] = []
    faults: list[str] = []
    with server.serving(made.url, processes=processes) as port:
        programs = [server.Program(port, made.token) for _number in range(clients)]
        _warm(programs)
        for _number, starts_at in zip(range(rounds), world.contested(), strict=False):
            wishes = [
                ShortSlot(room_id=made.rooms[0], holder_id=holder, starts_at=starts_at)
                for holder in made.racers[:clients]
            ]
            runners = [Runner(program, wish) for program, wish in zip(programs, wishes, strict=True)]
            _race(runners)
            faults += _faults(runners)
            seconds += [runner.seconds for runner in runners]
        for program in programs:
            program.close()
    middle, worst = (measure.percentile(seconds, percent) * measure.MS for percent in (50, 99))
    return Figure(
        what=f"{clients} clients after one slot, {processes} processes: p99",
        database=engine_name,
        linli_ms=worst,
        details=f"{rounds} rounds: one won each, {clients - 1} were answered 409; p50 {middle:.0f} ms, p99 {worst:.0f} ms",
        faults=tuple(dict.fromkeys(faults)),
    )


def _warm(programs: Sequence[server.Program]) -> None:
    """Every process has answered before it counts."""
    for program in programs:
        for _number in range(3):
            program.call("GET", "/me")


def _race(runners: Sequence[Runner]) -> None:
    start = Barrier(len(runners))
    threads = [Thread(target=runner.run, args=(start,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _faults(runners: Sequence[Runner]) -> list[str]:
    won = sum(runner.status == 201 for runner in runners)
    others = sorted({(runner.status, runner.code) for runner in runners} - {(201, None), (409, "room_taken")}, key=str)
    return ([] if won == 1 else [f"{won} won one slot"]) + [f"answered {status} {code}" for status, code in others]
