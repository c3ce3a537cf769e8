"""People who do not want to be written to: the words that say so, and where that is remembered.

The words are those that carriers and vendors act upon by themselves: Twilio
(https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out), Telnyx
(https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out), and the French ones
that Canada and France ask for.
"""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, Literal

from roomkit.models.content import TextContent
from roomkit.models.delivery import InboundMessage

type OptOutAction = Literal["stop", "start", "help"]

_WORDS: dict[OptOutAction, frozenset[str]] = {
    "stop": frozenset(
        ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "ARRET"]
    ),
    # Not YES, for which vendors lift their block: to the question of an agent it is an answer.
    "start": frozenset(["START", "UNSTOP"]),
    "help": frozenset(["HELP", "INFO", "AIDE"]),
}
_ACTIONS: dict[str, OptOutAction] = {
    word: action for action, words in _WORDS.items() for word in words
}
_LONGEST_TEXT = 40


def opt_out_action(text: str) -> OptOutAction | None:
    """What a message asks for if it consists of one of the words, and nothing else.

    Case, accents, spaces and punctuation do not matter: "stop", "Stop." and "STOP ALL" are words,
    "please stop calling me" is not.
    """
    if len(text) > _LONGEST_TEXT:
        return None
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return _ACTIONS.get("".join(filter(str.isalnum, plain)).upper())


def opt_out_facts(action: OptOutAction, *, answered: bool = False) -> dict[str, Any]:
    """What the metadata of such a message holds: ``opt_out``, and ``no_reply`` where an answer is
    out of place.

    Args:
        answered: the vendor has answered by itself.
    """
    facts: dict[str, Any] = {"opt_out": action}
    if answered or action != "help":
        facts["no_reply"] = True
    return facts


def mark_opt_out(message: InboundMessage) -> InboundMessage:
    """The message, with these facts if its words are such a request and nobody has noted it yet.

    The readers of webhooks note it by themselves. This is for messages that came another way.
    """
    if "opt_out" in message.metadata or not isinstance(message.content, TextContent):
        return message
    action = opt_out_action(message.content.body)
    if action is None:
        return message
    return message.evolve(metadata={**message.metadata, **opt_out_facts(action)})


class OptOutRegistry(ABC):
    """Who has opted out, of messages from whom.

    An SMS provider asks before each message, and tells whenever somebody sends STOP or START. One
    registry may serve several providers and rooms at once. An entry must never be forgotten by
    itself: writing to somebody who has opted out is against the law in many countries.
    """

    @abstractmethod
    async def set_opted_out(
        self, recipient: str, senders: Collection[str], opted_out: bool
    ) -> None:
        """Remember what somebody asked for. Setting the same twice changes nothing.

        Args:
            recipient: their number in E.164 form.
            senders: our numbers, and the ids of the vendor's pools of numbers, that they mean; ""
                stands for all, where the vendor did not say which number they wrote to.
        """

    @abstractmethod
    async def is_opted_out(self, recipient: str, senders: Collection[str]) -> bool:
        """Whether somebody has opted out of messages from any of these senders.

        What this raises counts as "perhaps": the message is not sent, and may be tried again.
        """


class InMemoryOptOutRegistry(OptOutRegistry):
    """Opt-outs for as long as the process lives.

    Without a limit, since none may be dropped. They are gone after a restart, when only the
    vendor's own block is left: keep a registry of your own where opt-outs have to last.
    """

    def __init__(self) -> None:
        self._entries: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._entries)

    async def set_opted_out(
        self, recipient: str, senders: Collection[str], opted_out: bool
    ) -> None:
        entries = {(sender, recipient) for sender in senders}
        if opted_out:
            self._entries |= entries
        else:
            self._entries -= entries

    async def is_opted_out(self, recipient: str, senders: Collection[str]) -> bool:
        return any((sender, recipient) in self._entries for sender in senders)
