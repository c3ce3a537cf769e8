"""The closed sets of names that the whole library speaks in. All members are lower-case
strings."""

from __future__ import annotations

from enum import StrEnum


class ChannelType(StrEnum):
    """What kind of endpoint a channel is. A generic HTTP webhook is `WEBHOOK`."""

    SMS = "sms"
    MMS = "mms"
    RCS = "rcs"
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    WEBSOCKET = "websocket"
    AI = "ai"
    VOICE = "voice"
    PUSH = "push"
    MESSENGER = "messenger"
    WEBHOOK = "webhook"
    SYSTEM = "system"
    TEAMS = "teams"
    TELEGRAM = "telegram"
    WHATSAPP_PERSONAL = "whatsapp_personal"
    REALTIME_VOICE = "realtime_voice"
    VIDEO = "video"
    AUDIO_VIDEO = "audio_video"
    REALTIME_AUDIO_VIDEO = "realtime_audio_video"
    CLI = "cli"


class ChannelCategory(StrEnum):
    """`TRANSPORT` pushes events to people, `INTELLIGENCE` reacts to them with new ones."""

    TRANSPORT = "transport"
    INTELLIGENCE = "intelligence"


class ChannelDirection(StrEnum):
    """Which way messages may flow; as the direction of an event: which way it did."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    BIDIRECTIONAL = "bidirectional"


class ChannelMediaType(StrEnum):
    """Kinds of content a channel can carry without conversion."""

    TEXT = "text"
    RICH = "rich"
    MEDIA = "media"
    AUDIO = "audio"
    VIDEO = "video"
    LOCATION = "location"
    TEMPLATE = "template"


class EventType(StrEnum):
    """What a row of the timeline records."""

    MESSAGE = "message"
    SYSTEM = "system"
    TYPING = "typing"
    READ_RECEIPT = "read_receipt"
    DELIVERY_RECEIPT = "delivery_receipt"
    PRESENCE = "presence"
    REACTION = "reaction"
    EDIT = "edit"
    DELETE = "delete"
    PARTICIPANT_JOINED = "participant_joined"
    PARTICIPANT_LEFT = "participant_left"
    PARTICIPANT_IDENTIFIED = "participant_identified"
    CHANNEL_ATTACHED = "channel_attached"
    CHANNEL_DETACHED = "channel_detached"
    CHANNEL_MUTED = "channel_muted"
    CHANNEL_UNMUTED = "channel_unmuted"
    CHANNEL_UPDATED = "channel_updated"
    TASK_CREATED = "task_created"
    OBSERVATION = "observation"


class EventStatus(StrEnum):
    """Where an event stands: `PENDING` waits for a paused room, `BLOCKED` was withheld by a
    gate."""

    PENDING = "pending"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    BLOCKED = "blocked"


class RoomStatus(StrEnum):
    """The life of a room; `CLOSED` and `ARCHIVED` accept no messages."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"
    ARCHIVED = "archived"


class Access(StrEnum):
    """What a channel may do in a room: send (write), receive (read), both or neither."""

    READ_WRITE = "read_write"
    READ_ONLY = "read_only"
    WRITE_ONLY = "write_only"
    NONE = "none"


class IdentificationStatus(StrEnum):
    """How sure the room is of who somebody is."""

    IDENTIFIED = "identified"
    PENDING = "pending"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    CHALLENGE_SENT = "challenge_sent"
    REJECTED = "rejected"


class ParticipantRole(StrEnum):
    """What somebody is in a room. Owners and agents may delete other people's messages."""

    OWNER = "owner"
    AGENT = "agent"
    MEMBER = "member"
    OBSERVER = "observer"
    BOT = "bot"


class ParticipantStatus(StrEnum):
    """Whether somebody takes part. The messages of a `BANNED` participant are blocked."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    LEFT = "left"
    BANNED = "banned"


class TaskStatus(StrEnum):
    """The state of a piece of work."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveryMode(StrEnum):
    """Which connections of a channel get an event: all, the addressed one, or one in turn."""

    BROADCAST = "broadcast"
    DIRECT = "direct"
    ROUND_ROBIN = "round_robin"


class HookExecution(StrEnum):
    """`SYNC` hooks run one after the other and may decide; `ASYNC` hooks observe, together."""

    SYNC = "sync"
    ASYNC = "async"


class HookTrigger(StrEnum):
    """The moments at which hooks run."""

    BEFORE_BROADCAST = "before_broadcast"
    AFTER_BROADCAST = "after_broadcast"
    ON_CHANNEL_ATTACHED = "on_channel_attached"
    ON_CHANNEL_DETACHED = "on_channel_detached"
    ON_CHANNEL_MUTED = "on_channel_muted"
    ON_CHANNEL_UNMUTED = "on_channel_unmuted"
    ON_ROOM_CREATED = "on_room_created"
    ON_ROOM_PAUSED = "on_room_paused"
    ON_ROOM_CLOSED = "on_room_closed"
    ON_IDENTITY_AMBIGUOUS = "on_identity_ambiguous"
    ON_IDENTITY_UNKNOWN = "on_identity_unknown"
    ON_PARTICIPANT_IDENTIFIED = "on_participant_identified"
    ON_DELIVERY_STATUS = "on_delivery_status"
    ON_TASK_CREATED = "on_task_created"
    ON_ERROR = "on_error"
    ON_SPEECH_START = "on_speech_start"
    ON_SPEECH_END = "on_speech_end"
    ON_TRANSCRIPTION = "on_transcription"
    ON_PARTIAL_TRANSCRIPTION = "on_partial_transcription"
    BEFORE_TTS = "before_tts"
    AFTER_TTS = "after_tts"
    ON_VAD_SILENCE = "on_vad_silence"
    ON_VAD_AUDIO_LEVEL = "on_vad_audio_level"
    ON_SPEAKER_CHANGE = "on_speaker_change"
    ON_BARGE_IN = "on_barge_in"
    ON_TTS_CANCELLED = "on_tts_cancelled"
    ON_DTMF = "on_dtmf"
    ON_TURN_COMPLETE = "on_turn_complete"
    ON_TURN_INCOMPLETE = "on_turn_incomplete"
    ON_BACKCHANNEL = "on_backchannel"
    ON_RECORDING_STARTED = "on_recording_started"
    ON_RECORDING_STOPPED = "on_recording_stopped"
    ON_INPUT_AUDIO_LEVEL = "on_input_audio_level"
    ON_OUTPUT_AUDIO_LEVEL = "on_output_audio_level"
    ON_SESSION_STARTED = "on_session_started"
    ON_TOOL_CALL = "on_tool_call"
    ON_AI_THINKING = "on_ai_thinking"
    ON_REALTIME_TEXT_INJECTED = "on_realtime_text_injected"
    ON_TASK_DELEGATED = "on_task_delegated"
    ON_TASK_COMPLETED = "on_task_completed"
    ON_FEEDBACK = "on_feedback"


class EphemeralEventType(StrEnum):
    """What an ephemeral (never stored) event tells."""

    TYPING_START = "typing_start"
    TYPING_STOP = "typing_stop"
    PRESENCE_ONLINE = "presence_online"
    PRESENCE_AWAY = "presence_away"
    PRESENCE_OFFLINE = "presence_offline"
    READ_RECEIPT = "read_receipt"
    REACTION = "reaction"
    TOOL_CALL_START = "tool_call_start"
    TOOL_CALL_END = "tool_call_end"
    THINKING_START = "thinking_start"
    THINKING_END = "thinking_end"
    CUSTOM = "custom"


class ConversationPhase(StrEnum):
    """The usual phases of a conversation. Any other string will do as well."""

    INTAKE = "intake"
    QUALIFICATION = "qualification"
    HANDLING = "handling"
    ESCALATION = "escalation"
    RESOLUTION = "resolution"
    FOLLOWUP = "followup"
