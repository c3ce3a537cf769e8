"""An MCP server from before 2026, over its pipes, written down to the bytes.

It starts at once, since it does without the SDK. It knows no ``server/discover``, announces
changes unasked, lists its tools in pages, and has some that are not as they should be.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

LONG = "x" * 100

ANYTHING = {"type": "object"}
tools: list[dict[str, Any]] = [
    {"name": "echo", "inputSchema": ANYTHING},
    {"name": "wait", "inputSchema": ANYTHING},
    {"name": "rest", "inputSchema": ANYTHING, "annotations": {"readOnlyHint": True}},
    {"name": "die", "inputSchema": ANYTHING},
    {"name": "faint", "inputSchema": ANYTHING, "annotations": {"readOnlyHint": True}},
    {"name": "environment", "inputSchema": ANYTHING},
    {"name": "pay", "inputSchema": ANYTHING},
    {"name": "look", "inputSchema": ANYTHING, "annotations": {"readOnlyHint": True}},
    {"name": "set", "inputSchema": ANYTHING, "annotations": {"idempotentHint": True}},
    {"name": "learn", "inputSchema": ANYTHING},
    {"name": "a.b", "title": "The first", "inputSchema": ANYTHING},
    {"name": "a_b", "inputSchema": ANYTHING},
    {"name": LONG, "inputSchema": ANYTHING},
    {"name": "broken", "inputSchema": {"type": "object", "properties": {"a": {"type": "odd"}}}},
]


def listed(cursor: str = "0") -> dict[str, Any]:
    start = int(cursor)
    page: dict[str, Any] = {"tools": tools[start : start + 5]}
    if start + 5 < len(tools):
        page["nextCursor"] = str(start + 5)
    return page


def called(name: str, arguments: dict[str, Any]) -> str:
    match name:
        case "die" | "faint":
            os._exit(1)
        case "environment":
            return f"{os.environ.get(arguments['name'])} in {Path.cwd().name}"
        case "pay" | "look" | "set":
            return marked(Path(arguments["path"]))
        case "learn":
            tools.append({"name": arguments["name"], "inputSchema": ANYTHING})
            send(method="notifications/tools/list_changed")
    return str(arguments.get("text", name))


def marked(marks: Path) -> str:
    """Leave a mark in a file, and die in the middle of the first call."""
    with marks.open("a", encoding="utf-8") as file:
        file.write("x")
    text = marks.read_text(encoding="utf-8")
    if text == "x":
        os._exit(1)
    return text


def answer(request: dict[str, Any]) -> dict[str, Any] | None:
    """The answer, or None for a call that never gets one."""
    params = request.get("params", {})
    match request["method"], params.get("name"):
        case "initialize", _:
            return {
                "result": {
                    "protocolVersion": "2025-06-18",
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "raw", "version": "1"},
                }
            }
        case "tools/list", _:
            return {"result": listed(params.get("cursor", "0"))}
        case "tools/call", "wait" | "rest":
            return None
        case "tools/call", "a_b":
            return {"error": {"code": -32602, "message": "'q' is required"}}
        case "tools/call", "a.b":
            return {"error": {"code": -32603, "message": "password=hunter2"}}
        case "tools/call", name:
            text = called(str(name), params.get("arguments", {}))
            return {"result": {"content": [{"type": "text", "text": text}]}}
    return {"error": {"code": -32601, "message": "Method not found"}}


def send(**message: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request and (answered := answer(request)) is not None:
            send(id=request["id"], **answered)


if __name__ == "__main__":
    main()
