"""Which assistant the environment asks for, and that it can be reached."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest
from playwright.async_api import Page, expect

from examples.support_desk.models import VENDORS, choose_assistant
from roomkit.providers.ai.base import StopReason
from roomkit.testing.ai_providers import Script, ScriptedCall
from roomkit.testing.wire import Reply, ScriptedServer
from tests.architecture.source import ROOT
from tests.conformance.anthropic_wire import AnthropicWire
from tests.conformance.openai_wire import OpenAIWire
from tests.conformance.test_gemini_provider import GeminiWire
from tests.conformance.test_mistral_provider import MistralWire
from tests.conformance.test_vllm_provider import VLLMWire
from tests.e2e.page import desk_on, screen_equals_store, visiting

KEY = "secret-key"
MODEL = "SUPPORT_DESK_MODEL"


def environment_of(name: str, url: str = "http://localhost:11434/v1") -> dict[str, str]:
    """All that a vendor needs."""
    vendor = VENDORS[name]
    known = {vendor.key: KEY, vendor.url: url, MODEL: "some-model"}
    return {variable: known[variable] for variable in vendor.needs}


def model_of(**environment: str) -> str:
    return choose_assistant(environment).provider.model_name


def test_without_a_key_it_is_the_script() -> None:
    assert model_of() == "script"
    assert model_of(OPENAI_API_KEY="") == "script"


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_what_a_vendor_needs_is_enough(name: str) -> None:
    chosen = choose_assistant(environment_of(name))
    assert chosen.provider.model_name == VENDORS[name].model or "some-model"
    assert model_of(**{**environment_of(name), MODEL: "another"}) == "another"
    every = {key: value for one in VENDORS for key, value in environment_of(one).items()}
    again = choose_assistant({**every, "SUPPORT_DESK_AI": name})
    assert type(again.provider) is type(chosen.provider)


def test_a_server_of_ones_own_comes_before_the_vendors() -> None:
    both = {**environment_of("openai"), **environment_of("local")}
    assert model_of(**both) == "some-model"
    assert model_of(**both, SUPPORT_DESK_AI="script") == "script"


def test_how_much_a_model_may_think_can_be_said() -> None:
    key = {"ANTHROPIC_API_KEY": KEY}
    assert choose_assistant(key).thinking_budget == 1024
    assert choose_assistant({**key, "SUPPORT_DESK_THINKING": "4096"}).thinking_budget == 4096
    assert choose_assistant({**key, "SUPPORT_DESK_THINKING": "0"}).thinking_budget is None


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"SUPPORT_DESK_AI": "oracle"}, "must be one of local, anthropic, openai, azure"),
        ({"SUPPORT_DESK_AI": "mistral"}, "MISTRAL_API_KEY is not set"),
        ({"SUPPORT_DESK_AI": "local"}, "SUPPORT_DESK_BASE_URL is not set"),
        ({"SUPPORT_DESK_BASE_URL": "http://localhost/v1"}, "SUPPORT_DESK_MODEL is not set"),
        ({"AZURE_OPENAI_API_KEY": KEY}, "AZURE_OPENAI_ENDPOINT is not set"),
        ({"OPENAI_API_KEY": KEY, "SUPPORT_DESK_THINKING": "a lot"}, "number of tokens"),
    ],
)
def test_what_is_missing_is_named(environment: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        choose_assistant(environment)


def test_the_command_says_what_is_missing_and_no_secret() -> None:
    command = [sys.executable, "-m", "examples.support_desk", "--port", "0"]
    environment = {**os.environ, "SUPPORT_DESK_AI": "oracle", "OPENAI_API_KEY": "secret-key"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "SUPPORT_DESK_AI must be one of" in done.stderr
    assert "secret-key" not in done.stderr + done.stdout


WIRES = {
    "local": VLLMWire(),
    "anthropic": AnthropicWire(),
    "openai": OpenAIWire(),
    "azure": OpenAIWire(),
    "gemini": GeminiWire(),
    "mistral": MistralWire(),
}
PATHS = {"local": "/v1", "openai": "/v1"}


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="package")
@pytest.mark.parametrize("name", sorted(VENDORS))
async def test_a_real_model_is_seen_to_think_to_look_up_and_to_answer(
    page: Page, name: str
) -> None:
    """Through the vendor's own SDK, as its API would have it."""
    wire, seen = WIRES[name], asyncio.Event()
    thought = ["They want their order."] if wire.thinks else []
    call = ScriptedCall(id="call_1", name="look_up_order", arguments='{"number": "4712"}')
    seal = "c2VhbA==" if wire.signs else None
    look_up = wire.stream(
        Script(thinking=thought, signature=seal, calls=[call], stop=StopReason.TOOL_CALLS)
    )
    answer = wire.stream(Script(text=["Your helmet", " is being", " packed."]))
    last = next(at for at, piece in enumerate(_bytes(answer)) if b"packed" in piece)
    read = asyncio.Event()
    async with ScriptedServer() as server:
        server.reply(look_up.paused_after(0, until=seen))
        server.reply(answer.paused_after(last, until=read))
        url = server.url + PATHS.get(name, "")
        environment = {**environment_of(name), VENDORS[name].url: url, "SUPPORT_DESK_AI": name}
        async with (
            desk_on(choose_assistant(environment)) as (port, desk),
            visiting(page, port, desk) as visit,
        ):
            await visit.write("Where is order 4712?")
            await visit.sees("#chat-doing", "Robin is thinking")
            await visit.sees("#timeline-log .streaming", "thinking")
            seen.set()
            for log in ("#chat-log", "#timeline-log"):
                growing = await visit.sees(f"{log} .streaming .text", "Your helmet")
                await expect(growing).to_have_text("Your helmet is being")
            read.set()
            await visit.sees("#chat-log .bubble:not(.streaming)", "Your helmet is being packed.")
            tool = await visit.sees(".trace[data-kind=tool]", "look_up_order(number='4712')")
            await expect(tool.locator(".text")).to_contain_text("helmet, size M")
            await expect(visit.page.locator(".trace[data-kind=thinking]")).to_have_count(
                len(thought)
            )
            await screen_equals_store(visit)
            assert visit.errors == []
        asked, told = (str(request.json()) for request in server.requests)
    assert "You are Robin" in asked
    assert "look_up_order" in asked
    assert "helmet, size M" in told


def _bytes(reply: Reply) -> list[bytes]:
    return [piece for piece in reply.pieces or () if isinstance(piece, bytes)]
