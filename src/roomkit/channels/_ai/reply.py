"""What an answer has come to so far, and what becomes of one that does not come to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from roomkit.models.task import Observation, Task
from roomkit.providers.ai.base import (
    AIMessage,
    AIPart,
    AIResponse,
    AIToolCall,
    AIToolResult,
    StopReason,
)

_TOLD = AIMessage.constant(role="tool", content="")


@dataclass(slots=True)
class Reply:
    """What a turn has come to.

    Attributes:
        text: what is said: all that was shown of a streamed answer, else the last words.
        end_reason: why it ended: ``completed``, ``length``, ``refused``, ``max_tool_rounds``,
            ``deadline``, ``tool_calls`` (left to the application) or ``error``.
        open_calls: the calls that are left to the application.
        exchange: the tool calls and their results, as the model sees them.
        failure: what has cut it short. The rest is what there was by then.
    """

    text: str = ""
    end_reason: str = StopReason.COMPLETED.value
    finish_reason: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    open_calls: list[AIToolCall] = field(default_factory=list)
    exchange: list[AIMessage] = field(default_factory=list)
    failure: BaseException | None = None

    def cut_short(self, failure: BaseException, end_reason: str) -> None:
        """It will not come to its end."""
        self.failure = failure
        self.end_reason = end_reason
        self.finish_reason = None

    def add(self, response: AIResponse) -> None:
        """Take one more generation into account."""
        if response.content.strip():
            self.text = response.content
        for name, count in response.usage.items():
            self.usage[name] = self.usage.get(name, 0) + count
        self.tasks.extend(response.tasks)
        self.observations.extend(response.observations)
        self.finish_reason = response.finish_reason
        reason = response.stop_reason
        if reason not in (StopReason.LENGTH, StopReason.REFUSED):
            reason = StopReason.COMPLETED
        self.end_reason = reason.value

    def add_round(
        self,
        response: AIResponse,
        calls: Sequence[AIToolCall],
        finished: dict[str, AIToolResult],
    ) -> list[AIToolResult]:
        """Add a generation's calls, under the ids that they have by now, with a result for each;
        returns the results."""
        results = [finished.get(call.id) or _cancelled(call) for call in calls]
        self.exchange.append(_with_calls(response, calls))
        self.exchange.append(_TOLD.evolve(content=[*results]))
        return results


def _with_calls(response: AIResponse, calls: Sequence[AIToolCall]) -> AIMessage:
    """The answer as the assistant's turn, its calls under their new ids."""
    message = response.as_message()
    renamed = iter(calls)
    content: list[AIPart] = [
        next(renamed, part) if isinstance(part, AIToolCall) else part
        for part in message.content
        if not isinstance(part, str)
    ]
    return message.evolve(content=content)


def _cancelled(call: AIToolCall) -> AIToolResult:
    content = '{"error": "cancelled before it was done; its outcome is not known"}'
    return AIToolResult(tool_call_id=call.id, name=call.name, content=content, is_error=True)
