"""What has to be known of a conversation to write there first, and where that is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict

from roomkit.models._base import FrozenModel


class ConversationReference(FrozenModel):
    """A conversation that the bot takes part in.

    To keep one, store ``reference.model_dump_json()``, and read it with
    ``ConversationReference.model_validate_json``.

    Attributes:
        conversation_id: as in ``binding.metadata["teams_conversation_id"]``. A thread of a channel
            has one of its own, which ends in ``;messageid=…``.
        service_url: the service that the conversation is reached through.
        conversation_type: ``personal``, ``groupChat`` or ``channel``.
        tenant_id: the directory that the conversation belongs to.
        team_id: the team, and `channel_id` the channel, of a conversation in a channel.
        bot_id: the bot's own id there.
        user_id: who the conversation is with, if it is personal.
    """

    conversation_id: str
    service_url: str
    conversation_type: str | None = None
    tenant_id: str | None = None
    team_id: str | None = None
    channel_id: str | None = None
    bot_id: str | None = None
    user_id: str | None = None


class ConversationReferenceStore(ABC):
    """Keeps the references of one bot, by their conversation's id.

    Several processes may share one. Where a reference is missing, the bot still writes, through
    `TeamsConfig.service_url`.
    """

    @abstractmethod
    async def save(self, reference: ConversationReference) -> None:
        """Keep a reference in the place of any earlier one of the same conversation.

        Called with each webhook, so it should be cheap where nothing has changed.
        """

    @abstractmethod
    async def get(self, conversation_id: str) -> ConversationReference | None:
        """The reference of a conversation, None if there is none."""

    @abstractmethod
    async def delete(self, conversation_id: str) -> None:
        """Forget a conversation, for the bot was removed from it. Unknown ones do no harm."""


class InMemoryConversationReferenceStore(ConversationReferenceStore):
    """Keeps references as long as the process lives.

    Args:
        max_references: how many are kept; beyond, those that were not used for longest are
            forgotten.
    """

    def __init__(self, *, max_references: int = 10_000) -> None:
        if max_references < 1:
            raise ValueError("max_references is at least 1")
        self._max_references = max_references
        self._references: OrderedDict[str, ConversationReference] = OrderedDict()

    async def save(self, reference: ConversationReference) -> None:
        self._references[reference.conversation_id] = reference
        self._references.move_to_end(reference.conversation_id)
        if len(self._references) > self._max_references:
            self._references.popitem(last=False)

    async def get(self, conversation_id: str) -> ConversationReference | None:
        reference = self._references.get(conversation_id)
        if reference is not None:
            self._references.move_to_end(conversation_id)
        return reference

    async def delete(self, conversation_id: str) -> None:
        self._references.pop(conversation_id, None)
