"""All benchmarks: ``python -m benchmarks [--quick] [--json] [--check] [name ...]``.

Each script runs in a process of its own, so that none inherits the heap of the one before.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

from benchmarks.harness import HEADER, Figure, line, parser

SCRIPTS = (
    "relay", "ai_turn", "fanout", "concurrent", "hooks", "growth", "routing", "memory",
    "import_time", "ai", "webhooks",
)  # fmt: skip


def run(script: str, options: list[str]) -> list[Figure] | None:
    """The figures of one script, or None if it crashed."""
    command = [sys.executable, "-m", f"benchmarks.{script}", "--json", *options]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if finished.returncode != 0:
        print(f"{script}: crashed", file=sys.stderr)
        return None
    return [Figure(**values) for values in json.loads(finished.stdout)]


def main() -> None:
    arguments = parser("All figures of docs/performance.md.")
    arguments.add_argument("scripts", nargs="*", metavar="name", help="; ".join(SCRIPTS))
    options = arguments.parse_args()
    unknown = set(options.scripts) - set(SCRIPTS)
    if unknown:
        arguments.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    passed_on = ["--quick"] if options.quick else []
    if options.rounds:
        passed_on += ["--rounds", str(options.rounds)]
    figures: list[Figure] = []
    crashed = False
    if not options.json:
        print(HEADER)
    for script in options.scripts or SCRIPTS:
        measured = run(script, passed_on)
        crashed = crashed or measured is None
        for figure in measured or []:
            figures.append(figure)
            if not options.json:
                print(line(figure), flush=True)
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
    if crashed or (options.check and not all(figure.met for figure in figures)):
        sys.exit(1)


if __name__ == "__main__":
    main()
