"""Running scenarios: interleaved rounds, medians, goals, and the command line of every script.

A busy machine moves a throughput by a fifth from one minute to the next, so nothing is compared
across runs: each round measures RoomKit and the reference one after the other, in turns which of
them goes first, and the ratio is the median of the rounds' own ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import importlib
import json
import pstats
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

from benchmarks.sides import Side

SideName = Literal["roomkit", "reference"]
SIDES: tuple[SideName, ...] = ("roomkit", "reference")
ROUNDS = 7
QUICK_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on RoomKit's own figure, on its ratio to the reference, or on the difference."""

    of: Literal["value", "ratio", "difference"]
    bound: Literal["at least", "at most"]
    limit: float

    def met_by(self, actual: float) -> bool:
        return actual >= self.limit if self.bound == "at least" else actual <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.bound == "at least" else "≤"
        name = {"value": "", "ratio": "ratio ", "difference": "extra "}[self.of]
        return f"{name}{sign} {self.limit:,g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One figure. `measure` takes a side and whether to be quick, and gives one round's figure."""

    name: str
    about: str
    unit: str
    goal: Goal
    measure: Callable[[SideName, bool], float]
    digits: int = 0
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What the rounds of a scenario came to."""

    name: str
    unit: str
    digits: int
    value: float
    reference: float
    ratio: float
    ratio_low: float
    ratio_high: float
    goal: str
    met: bool
    rounds: int


def side_measure(
    work: Callable[[Side, bool], Coroutine[Any, Any, float]],
) -> Callable[[SideName, bool], float]:
    """Turn work on a fresh `Side` into a `Scenario.measure`; each round has its own event loop."""

    async def run(side_name: SideName, quick: bool) -> float:
        side = new_side(side_name)
        try:
            return await work(side, quick)
        finally:
            await side.close()

    def measure(side_name: SideName, quick: bool) -> float:
        gc.collect()
        return asyncio.run(run(side_name, quick))

    return measure


def new_side(name: SideName) -> Side:
    """An empty side. RoomKit is imported only when it is wanted."""
    module = importlib.import_module(f"benchmarks.side_{name}")
    side: Side = module.RoomKitSide() if name == "roomkit" else module.ReferenceSide()
    return side


def run_scenario(scenario: Scenario, *, quick: bool, rounds: int | None = None) -> Figure:
    """Measure both sides round by round, after one round that does not count."""
    count = rounds or scenario.rounds or (QUICK_ROUNDS if quick else ROUNDS)
    values: dict[SideName, list[float]] = {side: [] for side in SIDES}
    if count > 1:
        for side in SIDES:
            scenario.measure(side, True)
    for number in range(count):
        for side in SIDES if number % 2 else reversed(SIDES):
            values[side].append(scenario.measure(side, quick))
    ratios = [
        ours / theirs for ours, theirs in zip(values["roomkit"], values["reference"], strict=True)
    ]
    value, reference, ratio = (
        median(values["roomkit"]),
        median(values["reference"]),
        median(ratios),
    )
    actual = {"value": value, "ratio": ratio, "difference": value - reference}[scenario.goal.of]
    return Figure(
        name=scenario.name,
        unit=scenario.unit,
        digits=scenario.digits,
        value=value,
        reference=reference,
        ratio=ratio,
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        goal=str(scenario.goal),
        met=scenario.goal.met_by(actual),
        rounds=count,
    )


HEADER = (
    f"{'scenario':<16}{'RoomKit':>13}{'reference':>13}  {'unit':<13}{'ratio':>6}"
    f"  {'(low-high)':<13}{'goal':<15}met"
)


def line(figure: Figure) -> str:
    """A figure as a row under `HEADER`."""
    spread = f"({figure.ratio_low:.2f}-{figure.ratio_high:.2f})"
    return (
        f"{figure.name:<16}{figure.value:>13,.{figure.digits}f}"
        f"{figure.reference:>13,.{figure.digits}f}  {figure.unit:<13}{figure.ratio:>6.2f}"
        f"  {spread:<13}{figure.goal:<15}{'yes' if figure.met else 'NO'}"
    )


def parser(description: str) -> argparse.ArgumentParser:
    """The options that every script and the whole suite share."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--json", action="store_true", help="print figures as JSON")
    arguments.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    arguments.add_argument("--rounds", type=int, help="how many rounds to measure")
    arguments.add_argument("--check", action="store_true", help="exit 1 if a goal is missed")
    return arguments


def main(*scenarios: Scenario) -> None:
    """The command line of a script with these scenarios."""
    arguments = parser("; ".join(scenario.about for scenario in scenarios))
    arguments.add_argument("--only", choices=SIDES, help="measure one side alone, with no ratio")
    arguments.add_argument(
        "--profile", action="store_true", help="run one side once under cProfile"
    )
    options = arguments.parse_args()
    if options.profile:
        for scenario in scenarios:
            _profile(scenario, options.only or "roomkit", quick=options.quick)
        return
    if options.only is not None:
        _measure_one(scenarios, options.only, quick=options.quick, rounds=options.rounds)
        return
    figures = [
        run_scenario(scenario, quick=options.quick, rounds=options.rounds)
        for scenario in scenarios
    ]
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures]))
    else:
        print(HEADER, *map(line, figures), sep="\n")
    if options.check and not all(figure.met for figure in figures):
        sys.exit(1)


def _measure_one(
    scenarios: Sequence[Scenario], side: SideName, *, quick: bool, rounds: int | None
) -> None:
    for scenario in scenarios:
        count = rounds or scenario.rounds or (QUICK_ROUNDS if quick else ROUNDS)
        values = sorted(scenario.measure(side, quick) for _ in range(count))
        print(
            f"{scenario.name}: {side} {median(values):,.{scenario.digits}f} {scenario.unit}"
            f" ({values[0]:,.{scenario.digits}f}-{values[-1]:,.{scenario.digits}f})"
        )


def _profile(scenario: Scenario, side: SideName, *, quick: bool) -> None:
    scenario.measure(side, True)
    profile = cProfile.Profile()
    profile.enable()
    scenario.measure(side, quick)
    profile.disable()
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(35)
