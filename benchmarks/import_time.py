"""What ``import roomkit`` costs, in time and in memory, over pydantic and asyncio alone."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness import Goal, Scenario, SideName, main
from benchmarks.sides import expect

ROUNDS = 9
QUICK_ROUNDS = 5

REFERENCE = """
import asyncio
from pydantic import BaseModel
"""
ROOMKIT = f"""{REFERENCE}
from roomkit import (
    HookResult, HookTrigger, InboundMessage, RoomKit, TextContent, WebSocketChannel
)
"""
PROGRAM = """
import time
start = time.perf_counter()
{imports}
seconds = time.perf_counter() - start
import json, resource, sys
try:
    with open("/proc/self/status") as status:
        kilobytes = next(int(row.split()[1]) for row in status if row.startswith("VmRSS:"))
except OSError:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform == "darwin":
        kilobytes //= 1024
print(json.dumps({{"ms": seconds * 1e3, "mb": kilobytes / 1024, "modules": list(sys.modules)}}))
"""
OPTIONAL = {
    "anthropic", "asyncpg", "fastapi", "httpx", "mcp", "mistralai", "numpy", "openai",
    "opentelemetry", "phonenumbers", "redis", "soxr", "sqlite3", "websockets",
}  # fmt: skip


@cache
def _environment() -> dict[str, str]:
    """Both sides start from bytecode, as an installed package does, whatever is set here."""
    bytecode = TemporaryDirectory(prefix="roomkit-bench-")
    atexit.register(bytecode.cleanup)
    values = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode.name}
    values.pop("PYTHONDONTWRITEBYTECODE", None)
    return values


def _import(side: SideName) -> dict[str, Any]:
    imports = ROOMKIT if side == "roomkit" else REFERENCE
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(imports=imports)],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    if run.returncode != 0:
        raise ImportError(run.stderr)
    report: dict[str, Any] = json.loads(run.stdout)
    loaded = {name.partition(".")[0] for name in report["modules"]}
    expect(loaded & OPTIONAL, set(), "optional packages loaded")
    return report


@cache
def _warmed_up(side: SideName) -> None:
    """Run once that does not count: compiles to bytecode and fills the file cache."""
    _import(side)


def milliseconds(side: SideName, _quick: bool) -> float:
    _warmed_up(side)
    return float(_import(side)["ms"])


def megabytes(side: SideName, _quick: bool) -> float:
    _warmed_up(side)
    return float(_import(side)["mb"])


IMPORT_TIME = Scenario(
    name="import_time",
    about="importing the names of a small application over pydantic and asyncio alone",
    unit="ms",
    goal=Goal("ratio", "at most", 1.8),
    measure=milliseconds,
    digits=1,
    rounds=ROUNDS,
)
IMPORT_RSS = Scenario(
    name="import_rss",
    about="resident memory after the same imports",
    unit="MB",
    goal=Goal("difference", "at most", 10),
    measure=megabytes,
    digits=1,
    rounds=QUICK_ROUNDS,
)

if __name__ == "__main__":
    main(IMPORT_TIME, IMPORT_RSS)
