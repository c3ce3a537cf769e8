"""STOP is heard, remembered, and obeyed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.models.content import EventContent, MediaContent, TextContent
from roomkit.models.delivery import InboundMessage, ProviderResult
from roomkit.providers.base import TransportProvider
from roomkit.providers.sms import (
    InMemoryOptOutRegistry,
    OptOutRegistry,
    OutgoingSMS,
    VendorSMSProvider,
    opt_out_action,
)
from roomkit.providers.sms.consent import OptOutGate
from roomkit.providers.sms.opt_out import mark_opt_out
from roomkit.providers.twilio.webhook import parse_twilio_webhook, read_twilio_webhook
from roomkit.testing.providers import example_event
from tests.wire.carried import carried

ADA, BOB, SHOP, OTHER_SHOP = "+15551234567", "+15557654321", "+15550000000", "+15550000001"


class _Vendor(TransportProvider):
    def parse_webhook(self, payload: Any) -> Any:
        return [read_twilio_webhook(payload)]


class Pigeons(VendorSMSProvider, _Vendor):
    """A vendor of text messages that writes down what it is given."""

    opt_out_pool_key = "messaging_service_sid"

    def __init__(self, opt_outs: OptOutRegistry | None = None) -> None:
        super().__init__(opt_outs)
        self.flown: list[OutgoingSMS] = []

    @property
    def from_number(self) -> str | None:
        return SHOP

    async def _submit(self, sms: OutgoingSMS) -> ProviderResult:
        self.flown.append(sms)
        return ProviderResult(success=True, provider_message_id="p-1")


_numbers = count(1)


def inbound(body: str, *, to: str = SHOP, sender: str = ADA, **more: str) -> dict[str, str]:
    sid = f"SM{next(_numbers)}"
    return {"MessageSid": sid, "From": sender, "To": to, "Body": body, **more}


async def write_to_ada(pigeons: Pigeons, **options: Any) -> str | None:
    return (await pigeons.send(example_event(TextContent(body="Hi")), ADA, **options)).error_code


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("STOP", "stop"),
        (" stop. ", "stop"),
        ("Stop!!!", "stop"),
        ("STOP ALL", "stop"),
        ("Opt-Out", "stop"),
        ("arrêt", "stop"),
        ("ARRE\u0302T", "stop"),
        ("unsubscribe", "stop"),
        ("Cancel", "stop"),
        ("END", "stop"),
        ("quit", "stop"),
        ("revoke", "stop"),
        ("start", "start"),
        ("UNSTOP", "start"),
        ("Help?", "help"),
        ("info", "help"),
        ("please stop calling me", None),
        ("stop it", None),
        ("don't stop", None),
        ("yes", None),
        ("", None),
        ("!", None),
        ("stop" + " " * 50, None),
    ],
)
def test_the_whole_message_is_the_word(text: str, action: str | None) -> None:
    assert opt_out_action(text) == action


@given(st.text())
def test_any_text_is_a_word_or_not(text: str) -> None:
    assert opt_out_action(text) in ("stop", "start", "help", None)
    assert opt_out_action(f"hello {text}") is None


class TestMarks:
    def test_a_stop_wants_no_reply(self) -> None:
        message = carried(parse_twilio_webhook(inbound("Stop"), channel_id="sms"))
        assert message.metadata == {"recipient": SHOP, "opt_out": "stop", "no_reply": True}

    def test_a_call_for_help_may_be_answered(self) -> None:
        message = carried(parse_twilio_webhook(inbound("HELP"), channel_id="sms"))
        assert message.metadata == {"recipient": SHOP, "opt_out": "help"}

    def test_what_the_vendor_has_answered_wants_no_second_reply(self) -> None:
        payload = inbound("AYUDA", OptOutType="HELP")
        metadata = carried(parse_twilio_webhook(payload, channel_id="sms")).metadata
        assert (metadata["opt_out"], metadata["no_reply"]) == ("help", True)

    def test_other_messages_are_left_alone(self) -> None:
        message = carried(parse_twilio_webhook(inbound("Stop by tomorrow"), channel_id="sms"))
        assert message.metadata == {"recipient": SHOP}

    @pytest.mark.parametrize("action", ["stop", "help"])
    def test_a_message_that_came_another_way(self, action: str) -> None:
        message = InboundMessage(
            channel_id="sms", sender_id=ADA, content=TextContent(body=f"{action}!")
        )
        parsed = carried(parse_twilio_webhook(inbound(action), channel_id="sms")).metadata
        marked = mark_opt_out(message)
        assert {"recipient": SHOP, **marked.metadata} == parsed
        assert mark_opt_out(marked) is marked

    @pytest.mark.parametrize(
        "content",
        [
            TextContent(body="Stop by tomorrow"),
            MediaContent(
                url="https://example.com/stop.png", mime_type="image/png", caption="STOP"
            ),
        ],
    )
    def test_one_that_asks_for_nothing(self, content: EventContent) -> None:
        message = InboundMessage(channel_id="sms", sender_id=ADA, content=content)
        assert mark_opt_out(message) is message


class TestSending:
    async def test_whoever_says_stop_is_not_written_to(self) -> None:
        pigeons = Pigeons()
        assert await write_to_ada(pigeons) is None
        pigeons.parse_webhook(inbound("STOP"))
        result = await pigeons.send(example_event(), "1 (555) 123-4567")
        assert (result.success, result.error_code, result.retryable) == (False, "opted_out", False)
        assert len(pigeons.flown) == 1
        pigeons.parse_webhook(inbound("START"))
        assert await write_to_ada(pigeons) is None

    async def test_only_that_person_and_that_number(self) -> None:
        pigeons = Pigeons()
        pigeons.parse_webhook(inbound("STOP"))
        assert (await pigeons.send(example_event(), BOB)).success
        assert await write_to_ada(pigeons, from_=OTHER_SHOP) is None
        assert await write_to_ada(pigeons, from_="1 555 000 0000") == "opted_out"

    async def test_the_whole_pool_of_numbers_is_meant(self) -> None:
        pigeons = Pigeons()
        pigeons.parse_webhook(inbound("STOP", to=OTHER_SHOP, MessagingServiceSid="MG1"))
        assert await pigeons.opt_outs.is_opted_out(ADA, ["MG1"])
        assert await write_to_ada(pigeons) is None

    async def test_a_stop_to_nobody_in_particular_means_everybody(self) -> None:
        pigeons = Pigeons()
        pigeons.parse_webhook(inbound("STOP", to=""))
        assert await write_to_ada(pigeons) == "opted_out"
        assert await write_to_ada(pigeons, from_=OTHER_SHOP) == "opted_out"

    async def test_help_changes_nothing(self) -> None:
        pigeons = Pigeons()
        pigeons.parse_webhook(inbound("HELP"))
        assert await write_to_ada(pigeons) is None

    async def test_messages_that_came_another_way_count_too(self) -> None:
        pigeons = Pigeons()
        await pigeons.note_inbound(carried(parse_twilio_webhook(inbound("Hello"), "sms")))
        assert await write_to_ada(pigeons) is None
        await pigeons.note_inbound(carried(parse_twilio_webhook(inbound("STOP"), "sms")))
        assert await write_to_ada(pigeons) == "opted_out"

    async def test_a_stop_that_comes_again_after_a_start_is_old_news(self) -> None:
        pigeons, stop = Pigeons(), inbound("STOP")
        pigeons.parse_webhook(stop)
        pigeons.parse_webhook(inbound("START"))
        pigeons.parse_webhook(stop)
        await pigeons.note_inbound(carried(parse_twilio_webhook(stop, "sms")))
        assert await write_to_ada(pigeons) is None

    async def test_providers_may_share_a_registry(self) -> None:
        registry = InMemoryOptOutRegistry()
        one, other = Pigeons(registry), Pigeons(registry)
        one.parse_webhook(inbound("STOP"))
        assert len(registry) == 1
        assert await write_to_ada(other) == "opted_out"

    def test_a_webhook_may_be_parsed_without_an_event_loop(self) -> None:
        pigeons = Pigeons()
        pigeons.parse_webhook(inbound("STOP"))
        assert asyncio.run(write_to_ada(pigeons)) == "opted_out"


class Database(OptOutRegistry):
    """A registry that takes time, and fails when told to."""

    def __init__(self) -> None:
        self.kept = InMemoryOptOutRegistry()
        self.broken = False
        self.opened = asyncio.Event()
        self.opened.set()

    async def set_opted_out(
        self, recipient: str, senders: Collection[str], opted_out: bool
    ) -> None:
        await self.opened.wait()
        if self.broken:
            raise ConnectionError("password=s3cret")
        await self.kept.set_opted_out(recipient, senders, opted_out)

    async def is_opted_out(self, recipient: str, senders: Collection[str]) -> bool:
        if self.broken:
            raise ConnectionError("password=s3cret")
        return await self.kept.is_opted_out(recipient, senders)


class TestSlowRegistries:
    async def test_an_opt_out_counts_before_it_is_written(self) -> None:
        database = Database()
        pigeons = Pigeons(database)
        database.opened.clear()
        pigeons.parse_webhook(inbound("STOP"))
        assert await write_to_ada(pigeons) == "opted_out"
        pigeons.parse_webhook(inbound("START"))
        assert await write_to_ada(pigeons) is None
        pigeons.parse_webhook(inbound("STOP"))
        assert len(database.kept) == 0
        database.opened.set()
        await pigeons.close()
        assert await database.kept.is_opted_out(ADA, [SHOP])

    async def test_a_registry_that_fails_keeps_messages_back(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        database = Database()
        pigeons = Pigeons(database)
        database.broken = True
        result = await pigeons.send(example_event(), ADA)
        assert (result.error_code, result.retryable) == ("opt_out_unknown", True)
        assert not pigeons.flown
        assert "s3cret" not in caplog.text
        assert "s3cret" not in repr(result)

    async def test_what_could_not_be_written_is_written_later(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        database = Database()
        pigeons = Pigeons(database)
        database.broken = True
        pigeons.parse_webhook(inbound("STOP"))
        assert await write_to_ada(pigeons) == "opted_out"
        database.broken = False
        assert (await pigeons.send(example_event(), BOB)).success
        await pigeons.close()
        assert await database.kept.is_opted_out(ADA, [SHOP])
        assert ADA not in caplog.text

    async def test_closing_says_what_is_lost(self, caplog: pytest.LogCaptureFixture) -> None:
        database = Database()
        pigeons = Pigeons(database)
        database.broken = True
        pigeons.parse_webhook(inbound("STOP"))
        await pigeons.close()
        assert "1 opt-outs were never written" in caplog.text

    async def test_a_cancelled_write_is_not_lost(self) -> None:
        database = Database()
        database.opened.clear()
        gate = OptOutGate(database)
        gate.note(ADA, [SHOP], opted_out=True)
        writing = asyncio.ensure_future(gate.write())
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert await gate.is_closed_to(ADA, [SHOP])
        database.opened.set()
        await gate.close()
        assert await database.kept.is_opted_out(ADA, [SHOP])

    @given(
        st.lists(
            st.tuples(st.sampled_from([ADA, BOB]), st.sets(st.sampled_from("ab")), st.booleans())
        )
    )
    def test_the_newest_word_counts(self, words: list[tuple[str, set[str], bool]]) -> None:
        """Whether it has been written or not, for each person and number."""

        async def run() -> None:
            gate, expected = OptOutGate(InMemoryOptOutRegistry()), dict[tuple[str, str], bool]()
            for number, (person, senders, opted_out) in enumerate(words):
                gate.note(person, sorted(senders), opted_out)
                expected.update({(person, sender): opted_out for sender in senders})
                if number % 2:
                    await gate.write()
            for person in (ADA, BOB):
                for sender in "ab":
                    told = await gate.is_closed_to(person, [sender])
                    assert told == expected.get((person, sender), False)
            await gate.close()

        asyncio.run(run())
