"""Every exception that RoomKit raises on purpose.

```text
RoomKitError
├── RoomNotFoundError
├── RoomClosedError
├── ChannelNotFoundError            a channel is not attached to the room
├── ChannelNotRegisteredError       a channel is unknown to the kit
├── ParticipantNotFoundError
├── IdentityNotFoundError
├── EventNotFoundError
├── EventExistsError                another event has this id
├── TaskNotFoundError
├── SourceAlreadyAttachedError
├── SourceNotFoundError
├── VoiceNotConfiguredError         no STT or TTS was given to the kit
├── VoiceBackendNotConfiguredError  the channel has nothing to join
├── KitClosedError                  the kit was closed
├── WebhookError                    a webhook could not be understood
├── DeliveryError                   a message could not be handed over
│   └── ProviderError               the vendor refused or was out of reach
└── MissingDependencyError          an extra is not installed (also an `ImportError`)
```

Each carries what it is about as attributes, and ``retryable``: whether the same call may succeed
later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

_PLACES = 4
_QUOTABLE = frozenset({"builtins", "roomkit._tasks"})
"""The modules whose exceptions may be quoted; the second has those of deadlines."""


class RoomKitError(Exception):
    """The base of all of them. They can be copied and pickled, attributes included."""

    retryable: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        # By default the class would be called with the message, where it takes ids.
        return _restored, (type(self), self.args, self.__dict__)


def _restored[E: RoomKitError](
    kind: type[E], args: tuple[object, ...], attributes: Mapping[str, Any]
) -> E:
    error = kind.__new__(kind)
    super(RoomKitError, error).__init__(*args)
    error.__dict__.update(attributes)
    return error


class _NamedError(RoomKitError):
    """An error about one thing; formats its message from the id."""

    template: ClassVar[str] = "{0}"

    def __init__(self, *ids: str) -> None:
        super().__init__(self.template.format(*ids))
        self.ids = ids


class RoomNotFoundError(_NamedError):
    """There is no room with this id."""

    template = "room {0!r} does not exist; create it with create_room()"

    def __init__(self, room_id: str) -> None:
        super().__init__(room_id)
        self.room_id = room_id


class RoomClosedError(RoomKitError):
    """The room is closed or archived and takes no more writes."""

    def __init__(self, room_id: str, status: str = "closed") -> None:
        super().__init__(f"room {room_id!r} is {status} and accepts nothing new")
        self.room_id = room_id
        self.status = status


class ChannelNotFoundError(_NamedError):
    """The channel is not attached to the room."""

    template = "channel {1!r} is not attached to room {0!r}; attach it with attach_channel()"

    def __init__(self, room_id: str, channel_id: str) -> None:
        super().__init__(room_id, channel_id)
        self.room_id = room_id
        self.channel_id = channel_id


class ChannelNotRegisteredError(_NamedError):
    """No channel with this id was registered."""

    template = "channel {0!r} is not registered; register it with register_channel()"

    def __init__(self, channel_id: str) -> None:
        super().__init__(channel_id)
        self.channel_id = channel_id


class ParticipantNotFoundError(_NamedError):
    """The room has no such participant."""

    template = "room {0!r} has no participant {1!r}"

    def __init__(self, room_id: str, participant_id: str) -> None:
        super().__init__(room_id, participant_id)
        self.room_id = room_id
        self.participant_id = participant_id


class IdentityNotFoundError(_NamedError):
    """The store knows no such identity."""

    template = "identity {0!r} does not exist; create it with store.create_identity()"

    def __init__(self, identity_id: str) -> None:
        super().__init__(identity_id)
        self.identity_id = identity_id


class EventNotFoundError(_NamedError):
    """The room's timeline has no such event."""

    template = "room {0!r} has no event {1!r}"

    def __init__(self, room_id: str, event_id: str) -> None:
        super().__init__(room_id, event_id)
        self.room_id = room_id
        self.event_id = event_id


class EventExistsError(_NamedError):
    """There is an event with this id already; ids are unique among all rooms."""

    template = "event {0!r} is stored already; leave the id out, and the event gets one"

    def __init__(self, event_id: str) -> None:
        super().__init__(event_id)
        self.event_id = event_id


class TaskNotFoundError(_NamedError):
    """The store knows no such task."""

    template = "task {0!r} does not exist"

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id)
        self.task_id = task_id


class SourceAlreadyAttachedError(_NamedError):
    """The channel already has a source."""

    template = "channel {0!r} already has a source; detach it first"

    def __init__(self, channel_id: str) -> None:
        super().__init__(channel_id)
        self.channel_id = channel_id


class SourceNotFoundError(_NamedError):
    """The channel has no source."""

    template = "channel {0!r} has no source; attach one with attach_source()"

    def __init__(self, channel_id: str) -> None:
        super().__init__(channel_id)
        self.channel_id = channel_id


class VoiceNotConfiguredError(RoomKitError):
    """Speech was asked for, but the kit was built without the part that makes it."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"no {missing} provider is configured; pass RoomKit({missing}=...)")
        self.missing = missing


class VoiceBackendNotConfiguredError(RoomKitError):
    """The channel has no audio or video transport, so nobody can join through it."""

    def __init__(self, channel_id: str) -> None:
        super().__init__(
            f"channel {channel_id!r} has no voice or video backend; "
            "join a channel that was built with one"
        )
        self.channel_id = channel_id


class KitClosedError(RoomKitError):
    """The kit was closed; it takes no more messages."""

    def __init__(self) -> None:
        super().__init__("this RoomKit was closed; create a new one")


class WebhookError(RoomKitError):
    """A webhook's body is not what its vendor sends. Answer 400: sending it again would not
    help."""


class DeliveryError(RoomKitError):
    """A message could not be handed over to its channel.

    Attributes:
        code: a stable word such as ``no_recipient``, ``no_provider``, ``circuit_open`` or
            ``timeout``.
        retryable: whether trying again may help.
        retry_after: how long to wait first, in seconds, if the other side said so.
        details: what else is known, such as the vendor's own code; kept with the outcome.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "failed",
        retryable: bool = False,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.details = dict(details or {})


class ProviderError(DeliveryError):
    """A vendor refused a request or could not be reached.

    Attributes:
        provider: the vendor's name.
        status_code: the HTTP status, if there was an answer.
        vendor_code: the vendor's own code for what went wrong, if it gave one.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        status_code: int | None = None,
        vendor_code: str | None = None,
        code: str = "provider_error",
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        known = {"status_code": status_code, "vendor_code": vendor_code}
        super().__init__(
            message,
            code=code,
            retryable=retryable,
            retry_after=retry_after,
            details={name: value for name, value in known.items() if value is not None},
        )
        self.provider = provider
        self.status_code = status_code
        self.vendor_code = vendor_code


class MissingDependencyError(RoomKitError, ImportError):
    """A feature was used whose extra is not installed.

    Attributes:
        extra: the extra's name, as in ``pip install 'roomkit[extra]'``.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'roomkit[{extra}]'")
        self.feature = feature
        self.extra = extra


def describe_error(error: BaseException) -> str:
    """What may be said about an exception outside of the process.

    RoomKit's own errors, deadlines and Python's built-in errors are quoted. The text of any other
    library's exception is left out, since HTTP clients quote URLs, and URLs carry tokens.
    """
    name = type(error).__name__
    if isinstance(error, RoomKitError):
        return str(error)
    if type(error).__module__ in _QUOTABLE and str(error):
        return f"{name}: {error}"
    return name


def locate_error(error: BaseException) -> str:
    """An exception's class and where it was raised, innermost place last: ``ValueError at
    hooks.py:12 > decoder.py:355``.

    This is what a log may say of an exception from foreign code. The text is left out, and so is a
    traceback, which ends with it: a hook that fails may well quote the message that it failed on.
    """
    places: list[str] = []
    traceback = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename.replace("\\", "/").rsplit("/", 1)[-1]
        places.append(f"{file}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    name = type(error).__name__
    return f"{name} at {' > '.join(places[-_PLACES:])}" if places else name
