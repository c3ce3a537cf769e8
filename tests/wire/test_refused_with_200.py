"""A refusal is one whatever status it comes with."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit.testing.providers import example_event
from roomkit.testing.wire import ScriptedServer
from tests.wire.test_many_sends import CASES

REFUSALS: list[tuple[str, Any, str, str | None]] = [
    ("twilio sms", {"code": 21610, "message": "no", "status": 400}, "opted_out", "21610"),
    ("twilio rcs", {"code": 21211, "message": "no"}, "invalid_recipient", "21211"),
    ("telnyx sms", {"errors": [{"code": "40300", "title": "no"}]}, "opted_out", "40300"),
    ("sinch", {"code": "not_possible", "text": "no"}, "rejected", "not_possible"),
    ("voicemeup", {"response_status": "error", "response_messages": "no"}, "rejected", None),
    ("whatsapp", {"error": {"code": 131047, "message": "no"}}, "outside_window", "131047"),
    ("messenger", {"error": {"code": 190, "message": "no"}}, "unauthorized", "190"),
    ("telegram", {"ok": False, "error_code": 403, "description": "no"}, "rejected", None),
    ("sendgrid", {"errors": [{"message": "no"}]}, "bad_answer", None),
    ("elasticemail", {"Error": "no"}, "bad_answer", None),
]


@pytest.mark.parametrize(("name", "answer", "code", "vendor_code"), REFUSALS)
async def test_nothing_was_sent(
    name: str, answer: Any, code: str, vendor_code: str | None
) -> None:
    case = CASES[name]
    async with ScriptedServer() as server:
        server.reply(status=200, json=answer)
        provider = case.make(server.url)
        result = await provider.send(example_event(), case.to)
        await provider.close()
    assert (result.success, result.error_code, result.retryable) == (False, code, False)
    assert result.metadata.get("vendor_code") == vendor_code
    assert len(server.requests) == 1
