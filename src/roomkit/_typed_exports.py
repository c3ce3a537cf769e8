"""The top-level names as type checkers see them. A test compares this with `roomkit._exports`."""

from __future__ import annotations

from roomkit._clock import (
    Clock as Clock,
)
from roomkit._clock import (
    SystemClock as SystemClock,
)
from roomkit.ai_docs import (
    get_agents_md as get_agents_md,
)
from roomkit.ai_docs import (
    get_ai_context as get_ai_context,
)
from roomkit.ai_docs import (
    get_llms_full_txt as get_llms_full_txt,
)
from roomkit.ai_docs import (
    get_llms_txt as get_llms_txt,
)
from roomkit.channels.ai import (
    AIChannel as AIChannel,
)
from roomkit.channels.base import (
    Channel as Channel,
)
from roomkit.channels.cli import (
    CLIChannel as CLIChannel,
)
from roomkit.channels.factories import (
    EmailChannel as EmailChannel,
)
from roomkit.channels.factories import (
    HTTPChannel as HTTPChannel,
)
from roomkit.channels.factories import (
    MessengerChannel as MessengerChannel,
)
from roomkit.channels.factories import (
    RCSChannel as RCSChannel,
)
from roomkit.channels.factories import (
    SMSChannel as SMSChannel,
)
from roomkit.channels.factories import (
    TeamsChannel as TeamsChannel,
)
from roomkit.channels.factories import (
    TelegramChannel as TelegramChannel,
)
from roomkit.channels.factories import (
    WhatsAppChannel as WhatsAppChannel,
)
from roomkit.channels.factories import (
    WhatsAppPersonalChannel as WhatsAppPersonalChannel,
)
from roomkit.channels.host import (
    ChannelHost as ChannelHost,
)
from roomkit.channels.streaming import (
    StreamChunk as StreamChunk,
)
from roomkit.channels.streaming import (
    StreamEnd as StreamEnd,
)
from roomkit.channels.streaming import (
    StreamMessage as StreamMessage,
)
from roomkit.channels.streaming import (
    StreamSink as StreamSink,
)
from roomkit.channels.streaming import (
    StreamStart as StreamStart,
)
from roomkit.channels.transport import (
    TransportChannel as TransportChannel,
)
from roomkit.channels.websocket import (
    WebSocketChannel as WebSocketChannel,
)
from roomkit.core.circuit_breaker import (
    CircuitBreaker as CircuitBreaker,
)
from roomkit.core.event_router import (
    EventRouter as EventRouter,
)
from roomkit.core.framework import (
    RoomKit as RoomKit,
)
from roomkit.core.hooks import (
    HookEngine as HookEngine,
)
from roomkit.core.inbound_router import (
    DefaultInboundRoomRouter as DefaultInboundRoomRouter,
)
from roomkit.core.inbound_router import (
    InboundRoomRouter as InboundRoomRouter,
)
from roomkit.core.locks import (
    InMemoryLockManager as InMemoryLockManager,
)
from roomkit.core.locks import (
    RoomLockManager as RoomLockManager,
)
from roomkit.core.rate_limiter import (
    TokenBucketRateLimiter as TokenBucketRateLimiter,
)
from roomkit.core.retry import (
    retry_with_backoff as retry_with_backoff,
)
from roomkit.core.status_bus import (
    InMemoryStatusBus as InMemoryStatusBus,
)
from roomkit.core.status_bus import (
    StatusBus as StatusBus,
)
from roomkit.core.status_bus import (
    StatusUpdate as StatusUpdate,
)
from roomkit.core.transcoder import (
    ContentTranscoder as ContentTranscoder,
)
from roomkit.core.transcoder import (
    DefaultContentTranscoder as DefaultContentTranscoder,
)
from roomkit.errors import (
    ChannelNotFoundError as ChannelNotFoundError,
)
from roomkit.errors import (
    ChannelNotRegisteredError as ChannelNotRegisteredError,
)
from roomkit.errors import (
    DeliveryError as DeliveryError,
)
from roomkit.errors import (
    EventNotFoundError as EventNotFoundError,
)
from roomkit.errors import (
    IdentityNotFoundError as IdentityNotFoundError,
)
from roomkit.errors import (
    KitClosedError as KitClosedError,
)
from roomkit.errors import (
    MissingDependencyError as MissingDependencyError,
)
from roomkit.errors import (
    ParticipantNotFoundError as ParticipantNotFoundError,
)
from roomkit.errors import (
    ProviderError as ProviderError,
)
from roomkit.errors import (
    RoomClosedError as RoomClosedError,
)
from roomkit.errors import (
    RoomKitError as RoomKitError,
)
from roomkit.errors import (
    RoomNotFoundError as RoomNotFoundError,
)
from roomkit.errors import (
    SourceAlreadyAttachedError as SourceAlreadyAttachedError,
)
from roomkit.errors import (
    SourceNotFoundError as SourceNotFoundError,
)
from roomkit.errors import (
    TaskNotFoundError as TaskNotFoundError,
)
from roomkit.errors import (
    VoiceBackendNotConfiguredError as VoiceBackendNotConfiguredError,
)
from roomkit.errors import (
    VoiceNotConfiguredError as VoiceNotConfiguredError,
)
from roomkit.errors import (
    WebhookError as WebhookError,
)
from roomkit.identity.base import (
    IdentityResolver as IdentityResolver,
)
from roomkit.identity.mock import (
    MockIdentityResolver as MockIdentityResolver,
)
from roomkit.models.channel import (
    ChannelBinding as ChannelBinding,
)
from roomkit.models.channel import (
    ChannelCapabilities as ChannelCapabilities,
)
from roomkit.models.channel import (
    ChannelOutput as ChannelOutput,
)
from roomkit.models.channel import (
    RateLimit as RateLimit,
)
from roomkit.models.channel import (
    RetryPolicy as RetryPolicy,
)
from roomkit.models.context import (
    RoomContext as RoomContext,
)
from roomkit.models.delivery import (
    DeliveryResult as DeliveryResult,
)
from roomkit.models.delivery import (
    DeliveryStatus as DeliveryStatus,
)
from roomkit.models.delivery import (
    HookFailure as HookFailure,
)
from roomkit.models.delivery import (
    InboundMessage as InboundMessage,
)
from roomkit.models.delivery import (
    InboundResult as InboundResult,
)
from roomkit.models.delivery import (
    ProviderResult as ProviderResult,
)
from roomkit.models.delivery import (
    RCSResult as RCSResult,
)
from roomkit.models.delivery import (
    WebhookMeta as WebhookMeta,
)
from roomkit.models.enums import (
    Access as Access,
)
from roomkit.models.enums import (
    ChannelCategory as ChannelCategory,
)
from roomkit.models.enums import (
    ChannelDirection as ChannelDirection,
)
from roomkit.models.enums import (
    ChannelMediaType as ChannelMediaType,
)
from roomkit.models.enums import (
    ChannelType as ChannelType,
)
from roomkit.models.enums import (
    DeliveryMode as DeliveryMode,
)
from roomkit.models.enums import (
    EphemeralEventType as EphemeralEventType,
)
from roomkit.models.enums import (
    EventStatus as EventStatus,
)
from roomkit.models.enums import (
    EventType as EventType,
)
from roomkit.models.enums import (
    HookExecution as HookExecution,
)
from roomkit.models.enums import (
    HookTrigger as HookTrigger,
)
from roomkit.models.enums import (
    IdentificationStatus as IdentificationStatus,
)
from roomkit.models.enums import (
    ParticipantRole as ParticipantRole,
)
from roomkit.models.enums import (
    ParticipantStatus as ParticipantStatus,
)
from roomkit.models.enums import (
    RoomStatus as RoomStatus,
)
from roomkit.models.enums import (
    TaskStatus as TaskStatus,
)
from roomkit.models.event import (
    AudioContent as AudioContent,
)
from roomkit.models.event import (
    ChannelData as ChannelData,
)
from roomkit.models.event import (
    CompositeContent as CompositeContent,
)
from roomkit.models.event import (
    DeleteContent as DeleteContent,
)
from roomkit.models.event import (
    EditContent as EditContent,
)
from roomkit.models.event import (
    EventContent as EventContent,
)
from roomkit.models.event import (
    EventSource as EventSource,
)
from roomkit.models.event import (
    LocationContent as LocationContent,
)
from roomkit.models.event import (
    MediaContent as MediaContent,
)
from roomkit.models.event import (
    RichContent as RichContent,
)
from roomkit.models.event import (
    RoomEvent as RoomEvent,
)
from roomkit.models.event import (
    SystemContent as SystemContent,
)
from roomkit.models.event import (
    TemplateContent as TemplateContent,
)
from roomkit.models.event import (
    TextContent as TextContent,
)
from roomkit.models.event import (
    VideoContent as VideoContent,
)
from roomkit.models.framework_event import (
    FrameworkEvent as FrameworkEvent,
)
from roomkit.models.hook import (
    HookResult as HookResult,
)
from roomkit.models.hook import (
    InjectedEvent as InjectedEvent,
)
from roomkit.models.identity import (
    Identity as Identity,
)
from roomkit.models.identity import (
    IdentityHookResult as IdentityHookResult,
)
from roomkit.models.identity import (
    IdentityResult as IdentityResult,
)
from roomkit.models.participant import (
    Participant as Participant,
)
from roomkit.models.room import (
    Room as Room,
)
from roomkit.models.room import (
    RoomTimers as RoomTimers,
)
from roomkit.models.session import (
    SessionStartedEvent as SessionStartedEvent,
)
from roomkit.models.task import (
    Observation as Observation,
)
from roomkit.models.task import (
    Task as Task,
)
from roomkit.orchestration.base import (
    Orchestration as Orchestration,
)
from roomkit.providers.ai.base import (
    AIContext as AIContext,
)
from roomkit.providers.ai.base import (
    AIImagePart as AIImagePart,
)
from roomkit.providers.ai.base import (
    AIMessage as AIMessage,
)
from roomkit.providers.ai.base import (
    AIProvider as AIProvider,
)
from roomkit.providers.ai.base import (
    AIResponse as AIResponse,
)
from roomkit.providers.ai.base import (
    AITextPart as AITextPart,
)
from roomkit.providers.ai.base import (
    AITool as AITool,
)
from roomkit.providers.ai.base import (
    AIToolCall as AIToolCall,
)
from roomkit.providers.ai.base import (
    StreamDone as StreamDone,
)
from roomkit.providers.ai.base import (
    StreamTextDelta as StreamTextDelta,
)
from roomkit.providers.ai.base import (
    StreamThinkingDelta as StreamThinkingDelta,
)
from roomkit.providers.ai.base import (
    StreamToolCall as StreamToolCall,
)
from roomkit.providers.ai.mock import (
    MockAIProvider as MockAIProvider,
)
from roomkit.providers.base import (
    WebhookRequest as WebhookRequest,
)
from roomkit.providers.email.base import (
    EmailProvider as EmailProvider,
)
from roomkit.providers.email.mock import (
    MockEmailProvider as MockEmailProvider,
)
from roomkit.providers.http.base import (
    HTTPProvider as HTTPProvider,
)
from roomkit.providers.http.config import (
    HTTPProviderConfig as HTTPProviderConfig,
)
from roomkit.providers.http.mock import (
    MockHTTPProvider as MockHTTPProvider,
)
from roomkit.providers.http.provider import (
    WebhookHTTPProvider as WebhookHTTPProvider,
)
from roomkit.providers.http.webhook import (
    parse_http_webhook as parse_http_webhook,
)
from roomkit.providers.messenger.base import (
    MessengerProvider as MessengerProvider,
)
from roomkit.providers.messenger.mock import (
    MockMessengerProvider as MockMessengerProvider,
)
from roomkit.providers.rcs.base import (
    RCSProvider as RCSProvider,
)
from roomkit.providers.rcs.mock import (
    MockRCSProvider as MockRCSProvider,
)
from roomkit.providers.sms.base import (
    SMSProvider as SMSProvider,
)
from roomkit.providers.sms.meta import (
    extract_sms_meta as extract_sms_meta,
)
from roomkit.providers.sms.mock import (
    MockSMSProvider as MockSMSProvider,
)
from roomkit.providers.sms.phone import (
    is_valid_phone as is_valid_phone,
)
from roomkit.providers.sms.phone import (
    normalize_phone as normalize_phone,
)
from roomkit.providers.teams.base import (
    TeamsProvider as TeamsProvider,
)
from roomkit.providers.teams.mock import (
    MockTeamsProvider as MockTeamsProvider,
)
from roomkit.providers.telegram.base import (
    TelegramProvider as TelegramProvider,
)
from roomkit.providers.telegram.mock import (
    MockTelegramProvider as MockTelegramProvider,
)
from roomkit.providers.twilio.config import (
    TwilioConfig as TwilioConfig,
)
from roomkit.providers.twilio.sms import (
    TwilioSMSProvider as TwilioSMSProvider,
)
from roomkit.providers.twilio.sms import (
    parse_twilio_webhook as parse_twilio_webhook,
)
from roomkit.providers.whatsapp.base import (
    WhatsAppProvider as WhatsAppProvider,
)
from roomkit.providers.whatsapp.mock import (
    MockWhatsAppProvider as MockWhatsAppProvider,
)
from roomkit.realtime.base import (
    EphemeralCallback as EphemeralCallback,
)
from roomkit.realtime.base import (
    EphemeralEvent as EphemeralEvent,
)
from roomkit.realtime.base import (
    RealtimeBackend as RealtimeBackend,
)
from roomkit.realtime.memory import (
    InMemoryRealtime as InMemoryRealtime,
)
from roomkit.store.base import (
    ConversationStore as ConversationStore,
)
from roomkit.store.memory import (
    InMemoryStore as InMemoryStore,
)
from roomkit.telemetry.base import (
    SpanKind as SpanKind,
)
from roomkit.telemetry.base import (
    TelemetryProvider as TelemetryProvider,
)
from roomkit.telemetry.console import (
    ConsoleTelemetryProvider as ConsoleTelemetryProvider,
)
from roomkit.telemetry.mock import (
    MockTelemetryProvider as MockTelemetryProvider,
)
from roomkit.telemetry.noop import (
    NoopTelemetryProvider as NoopTelemetryProvider,
)
from roomkit.telemetry.opentelemetry import (
    OpenTelemetryProvider as OpenTelemetryProvider,
)

__all__ = [
    "AIChannel",
    "AIContext",
    "AIImagePart",
    "AIMessage",
    "AIProvider",
    "AIResponse",
    "AITextPart",
    "AITool",
    "AIToolCall",
    "Access",
    "AudioContent",
    "CLIChannel",
    "Channel",
    "ChannelBinding",
    "ChannelCapabilities",
    "ChannelCategory",
    "ChannelData",
    "ChannelDirection",
    "ChannelHost",
    "ChannelMediaType",
    "ChannelNotFoundError",
    "ChannelNotRegisteredError",
    "ChannelOutput",
    "ChannelType",
    "CircuitBreaker",
    "Clock",
    "CompositeContent",
    "ConsoleTelemetryProvider",
    "ContentTranscoder",
    "ConversationStore",
    "DefaultContentTranscoder",
    "DefaultInboundRoomRouter",
    "DeleteContent",
    "DeliveryError",
    "DeliveryMode",
    "DeliveryResult",
    "DeliveryStatus",
    "EditContent",
    "EmailChannel",
    "EmailProvider",
    "EphemeralCallback",
    "EphemeralEvent",
    "EphemeralEventType",
    "EventContent",
    "EventNotFoundError",
    "EventRouter",
    "EventSource",
    "EventStatus",
    "EventType",
    "FrameworkEvent",
    "HTTPChannel",
    "HTTPProvider",
    "HTTPProviderConfig",
    "HookEngine",
    "HookExecution",
    "HookFailure",
    "HookResult",
    "HookTrigger",
    "IdentificationStatus",
    "Identity",
    "IdentityHookResult",
    "IdentityNotFoundError",
    "IdentityResolver",
    "IdentityResult",
    "InMemoryLockManager",
    "InMemoryRealtime",
    "InMemoryStatusBus",
    "InMemoryStore",
    "InboundMessage",
    "InboundResult",
    "InboundRoomRouter",
    "InjectedEvent",
    "KitClosedError",
    "LocationContent",
    "MediaContent",
    "MessengerChannel",
    "MessengerProvider",
    "MissingDependencyError",
    "MockAIProvider",
    "MockEmailProvider",
    "MockHTTPProvider",
    "MockIdentityResolver",
    "MockMessengerProvider",
    "MockRCSProvider",
    "MockSMSProvider",
    "MockTeamsProvider",
    "MockTelegramProvider",
    "MockTelemetryProvider",
    "MockWhatsAppProvider",
    "NoopTelemetryProvider",
    "Observation",
    "OpenTelemetryProvider",
    "Orchestration",
    "Participant",
    "ParticipantNotFoundError",
    "ParticipantRole",
    "ParticipantStatus",
    "ProviderError",
    "ProviderResult",
    "RCSChannel",
    "RCSProvider",
    "RCSResult",
    "RateLimit",
    "RealtimeBackend",
    "RetryPolicy",
    "RichContent",
    "Room",
    "RoomClosedError",
    "RoomContext",
    "RoomEvent",
    "RoomKit",
    "RoomKitError",
    "RoomLockManager",
    "RoomNotFoundError",
    "RoomStatus",
    "RoomTimers",
    "SMSChannel",
    "SMSProvider",
    "SessionStartedEvent",
    "SourceAlreadyAttachedError",
    "SourceNotFoundError",
    "SpanKind",
    "StatusBus",
    "StatusUpdate",
    "StreamChunk",
    "StreamDone",
    "StreamEnd",
    "StreamMessage",
    "StreamSink",
    "StreamStart",
    "StreamTextDelta",
    "StreamThinkingDelta",
    "StreamToolCall",
    "SystemClock",
    "SystemContent",
    "Task",
    "TaskNotFoundError",
    "TaskStatus",
    "TeamsChannel",
    "TeamsProvider",
    "TelegramChannel",
    "TelegramProvider",
    "TelemetryProvider",
    "TemplateContent",
    "TextContent",
    "TokenBucketRateLimiter",
    "TransportChannel",
    "TwilioConfig",
    "TwilioSMSProvider",
    "VideoContent",
    "VoiceBackendNotConfiguredError",
    "VoiceNotConfiguredError",
    "WebSocketChannel",
    "WebhookError",
    "WebhookHTTPProvider",
    "WebhookMeta",
    "WebhookRequest",
    "WhatsAppChannel",
    "WhatsAppPersonalChannel",
    "WhatsAppProvider",
    "extract_sms_meta",
    "get_agents_md",
    "get_ai_context",
    "get_llms_full_txt",
    "get_llms_txt",
    "is_valid_phone",
    "normalize_phone",
    "parse_http_webhook",
    "parse_twilio_webhook",
    "retry_with_backoff",
]
