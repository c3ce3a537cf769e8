"""What the contract of language models is told with: scripts, the vendor's wire, the vendor."""

from __future__ import annotations

import asyncio
import unittest
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Self

from roomkit.errors import ProviderError
from roomkit.models._base import EMPTY_DICT
from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIPart,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    AITool,
    AIToolCall,
    AIToolResult,
    StopReason,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
    StreamToolCall,
)
from roomkit.providers.ai.streams import closable
from roomkit.testing.wire import ReceivedRequest, Reply, ScriptedServer

PATIENCE = 20.0
"""Seconds of real time after which a test has failed rather than being slow."""

_QUIET = 0.02

SOON = {"retry-after": "0.01"}
"""The pause that a vendor asks for; an SDK that tries again keeps to it."""

LATER = {"retry-after": "3600"}
"""A pause that is longer than anybody waits for an answer."""


class NotOnThisWireError(Exception):
    """The vendor's protocol has no way to say it: the tests that need it are skipped."""


@dataclass(frozen=True, kw_only=True)
class ScriptedCall:
    """A tool call as a model writes it. `arguments` is the text it writes, JSON or not."""

    id: str
    name: str
    arguments: str = "{}"


@dataclass(frozen=True, kw_only=True)
class ScriptedUsage:
    """Tokens: `input` and `output` are all of them, the others how many of these were what."""

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, kw_only=True)
class Script:
    """What a model answers.

    Attributes:
        text: in the pieces in which a stream brings it.
        thinking: the same for its reasoning, which comes first.
        signature: the vendor's seal on the reasoning.
        refusal: whether `text` is the vendor's refusal to answer; `stop` is ``REFUSED`` then.
    """

    text: Sequence[str] = ()
    thinking: Sequence[str] = ()
    signature: str | None = None
    calls: Sequence[ScriptedCall] = ()
    stop: StopReason = StopReason.COMPLETED
    usage: ScriptedUsage | None = None

    @property
    def refusal(self) -> bool:
        return self.stop is StopReason.REFUSED


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request in words of no vendor.

    Attributes:
        system: all that was said as the system, outside of `messages`.
        messages: pictures with the URLs they were given by; roles as in `AIMessage`.
        tools: None if the request has no field for them.
        streamed: whether the answer was asked for in pieces.
        reasoning: whether the model was told to reason.
    """

    messages: Sequence[AIMessage]
    system: str = ""
    tools: Sequence[AITool] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    streamed: bool = False
    reasoning: bool = False

    def parts[Part: AIPart](self, kind: type[Part]) -> list[Part]:
        """All pieces of one kind, in order."""
        return [
            part
            for message in self.messages
            if not isinstance(message.content, str)
            for part in message.content
            if isinstance(part, kind)
        ]

    @property
    def words(self) -> str:
        """All text of it, in order, and that of tools' results."""
        said = [self.system]
        for message in self.messages:
            said.append(message.text)
            if not isinstance(message.content, str):
                results = [part for part in message.content if isinstance(part, AIToolResult)]
                said += [text_of_result(result) for result in results]
        return "\n".join(said)


class ModelWire(ABC):
    """A vendor's protocol, as its server speaks it.

    Methods raise `NotOnThisWireError` for what the protocol cannot say. A subclass overrides what
    differs from these facts:

    Attributes:
        tool_name: what the names of tools have to match, from beginning to end.
        thinks: whether answers may show reasoning; it is asked for with a ``thinking_budget``.
        signs: whether reasoning has signatures, which are sent back.
        image_links: whether a picture may be given by an ``https:`` URL. If not, a mark is.
        same_role_twice: whether two messages of the user, or of the assistant, may follow each
            other.
        trailing_assistant: whether the last message may be the assistant's.
    """

    tool_name: str = "[a-zA-Z0-9_-]{1,64}"
    thinks: bool = False
    signs: bool = False
    image_links: bool = True
    same_role_twice: bool = True
    trailing_assistant: bool = True

    @abstractmethod
    def answer(self, script: Script) -> Reply:
        """A whole answer."""

    @abstractmethod
    def stream(self, script: Script) -> Reply:
        """The answer in pieces (`Reply.of_events`), at least one for each of the script's."""

    @abstractmethod
    def error(self, code: str, explanation: str) -> Reply:
        """The refusal that is to become a `ProviderError` with this code.

        Args:
            code: ``rejected``, ``unauthorized``, ``forbidden``, ``not_found``, ``rate_limited``,
                ``unavailable``, ``overloaded`` or ``context_too_long``.
            explanation: goes where the vendor explains itself in prose.
        """

    @abstractmethod
    def error_in_stream(self, explanation: str) -> bytes:
        """The piece with which the vendor breaks off a stream because it is overloaded."""

    @abstractmethod
    def asked(self, request: ReceivedRequest) -> Asked:
        """What a request says."""


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """How a provider is to be made.

    Attributes:
        url: the server's address, without a slash at the end; "" if there is no server.
        timeout: seconds that it waits for an answer, and for the next piece of one.
        max_retries: how often the SDK asks again.
        max_tokens: the cap to put into the configuration.
        temperature: the same.
        vision: whether the model can see pictures.
    """

    url: str = ""
    timeout: float = 30.0
    max_retries: int = 1
    max_tokens: int = 640
    temperature: float | None = None
    vision: bool = True


@dataclass(kw_only=True)
class ModelVendor:
    """A vendor that is played by a server on this machine.

    Attributes:
        make: makes a provider.
        server: plays the vendor. Without one, only what can be tested with any answer is.
        wire: the vendor's protocol; given together with `server`.
        secrets: credentials that must not be seen anywhere.
        share: two providers over one client of the SDK that belongs to the caller, and closes at
            the end of the ``async with``.
    """

    make: Callable[[ModelSettings], AIProvider]
    server: ScriptedServer | None = None
    wire: ModelWire | None = None
    secrets: Sequence[str] = ()
    share: (
        Callable[[ModelSettings], AbstractAsyncContextManager[tuple[AIProvider, AIProvider]]]
        | None
    ) = None
    settings: ModelSettings = field(init=False)
    provider: AIProvider = field(init=False)
    _made: list[AIProvider] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.settings = ModelSettings(url=self.server.url if self.server else "")
        self.provider = self.another()

    def another(self, **changes: Any) -> AIProvider:
        """A provider with other settings."""
        provider = self.make(replace(self.settings, **changes))
        self._made.append(provider)
        return provider

    def need_server(self) -> ScriptedServer:
        """The server."""
        if self.server is None:
            raise unittest.SkipTest("needs a server that plays the vendor")
        return self.server

    def need_wire(self) -> ModelWire:
        """The vendor's protocol."""
        if self.wire is None:
            raise unittest.SkipTest("needs a server that plays the vendor")
        return self.wire

    def reply(self, script: Script, *, streamed: bool = False) -> None:
        """Let the vendor's next answer be this; without a server, anything goes."""
        if self.server is not None:
            self.server.reply(self.told(script, streamed=streamed))

    def told(self, script: Script, *, streamed: bool = False) -> Reply:
        """The script in the vendor's words."""
        wire = self.need_wire()
        try:
            return wire.stream(script) if streamed else wire.answer(script)
        except NotOnThisWireError as error:
            raise unittest.SkipTest(str(error)) from error

    def refusal(self, code: str, explanation: str = "no") -> Reply:
        """The vendor's refusal of this kind, with the shortest of pauses."""
        wire = self.need_wire()
        try:
            reply = wire.error(code, explanation)
        except NotOnThisWireError as error:
            raise unittest.SkipTest(str(error)) from error
        return replace(reply, headers={**reply.headers, **SOON})

    async def ask(
        self, context: AIContext, *, streamed: bool = False, provider: AIProvider | None = None
    ) -> AIResponse:
        """The whole answer, however it comes."""
        asked = provider or self.provider
        async with asyncio.timeout(PATIENCE):
            if not streamed:
                return await asked.generate(context)
            return (await listen(asked, context)).response

    def last_asked(self) -> Asked:
        """The last request that the server got."""
        return self.need_wire().asked(self.need_server().requests[-1])

    async def close(self) -> None:
        """Close all providers."""
        for provider in self._made:
            await provider.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@dataclass
class Heard:
    """The events of a stream, as far as it came.

    Attributes:
        error: what broke it off.
    """

    events: list[AIStreamEvent] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def deltas(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, StreamTextDelta)]

    @property
    def thinking(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, StreamThinkingDelta)]

    @property
    def calls(self) -> list[AIToolCall]:
        return [event.call for event in self.events if isinstance(event, StreamToolCall)]

    @property
    def done(self) -> list[StreamDone]:
        return [event for event in self.events if isinstance(event, StreamDone)]

    @property
    def response(self) -> AIResponse:
        """The whole answer; raises what broke the stream off."""
        if self.error is not None:
            raise self.error
        assert self.done, "the stream ended without StreamDone"
        return self.done[-1].response


async def listen(provider: AIProvider, context: AIContext, heard: Heard | None = None) -> Heard:
    """Hear a stream to its end, good or bad; `heard` is what is filled and returned."""
    heard = heard or Heard()
    async with asyncio.timeout(PATIENCE):
        try:
            async with aclosing(events_of(provider, context)) as events:
                async for event in events:
                    heard.events.append(event)
        except ProviderError as error:
            heard.error = error
    return heard


async def time_passes(seconds: float, for_whom: asyncio.Task[Any]) -> None:
    """Let the event loop believe that so much time has passed, once nothing happens any more.

    Time limits run out at once then, whatever library has set them, and a slow machine has as long
    as it needs for what comes before.
    """
    loop = asyncio.get_running_loop()
    await asyncio.wait([for_whom], timeout=_QUIET)
    now = loop.time
    loop.time = lambda: now() + seconds  # type: ignore[method-assign]


def events_of(provider: AIProvider, context: AIContext) -> AsyncGenerator[AIStreamEvent]:
    """A provider's stream, for `contextlib.aclosing`."""
    return closable(provider.generate_stream(context))


def question(text: str = "Wie spät ist es? 🕰", **values: Any) -> AIContext:
    """A request with one message of a user."""
    return AIContext(messages=[AIMessage(role="user", content=text)], **values)


def tool(name: str = "book_table", parameters: dict[str, Any] = EMPTY_DICT) -> AITool:
    """A function that a model may ask for."""
    return AITool(name=name, description=f"Does {name}.", parameters=parameters)


def text_of_result(result: AIToolResult) -> str:
    """The words in what a tool answered."""
    if isinstance(result.content, str):
        return result.content
    return "".join(part.text for part in result.content if part.type == "text")
