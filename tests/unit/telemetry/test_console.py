"""Telemetry in a terminal: timings and ids, never what people said."""

from __future__ import annotations

import logging

import pytest

from roomkit.telemetry import ConsoleTelemetryProvider, SpanKind
from roomkit.testing import VirtualClock


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "roomkit.telemetry")


async def test_a_finished_span_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock(auto=True)
    telemetry = ConsoleTelemetryProvider(clock=clock)
    with telemetry.span(SpanKind.LLM_GENERATE, "answer", {"room_id": "r1", "model": "m-1"}) as it:
        await clock.sleep(0.25)
        it.set(tokens=12)
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    line = record.getMessage()
    assert line.startswith("llm_generate answer 250.0 ms ok ")
    assert f"id={it.id} parent=-" in line
    assert line.endswith(" room_id=r1 model=m-1 tokens=12")


def test_an_error_stands_out(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = ConsoleTelemetryProvider(level=logging.DEBUG)
    with pytest.raises(ValueError, match="x"), telemetry.span(SpanKind.HOOK_SYNC, "redact"):
        raise ValueError("x")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "error(ValueError)" in record.getMessage()


def test_a_measurement_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    ConsoleTelemetryProvider().record_metric("latency", 12.5, unit="ms", attributes={"n": 1})
    assert [record.getMessage() for record in caplog.records] == ["metric latency=12.5ms n=1"]


def test_words_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = ConsoleTelemetryProvider()
    with telemetry.span(SpanKind.STT_TRANSCRIBE, "stt", {"transcript": "my PIN is xyzzy"}) as span:
        span.set(prompt="my PIN is xyzzy")
    telemetry.record_metric("words", 4, attributes={"text": "my PIN is xyzzy"})
    assert len(caplog.records) == 2
    assert "xyzzy" not in caplog.text


def test_another_logger_can_be_used(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = ConsoleTelemetryProvider(logger=logging.getLogger("roomkit.telemetry.mine"))
    telemetry.record_metric("x", 1)
    assert [record.name for record in caplog.records] == ["roomkit.telemetry.mine"]
