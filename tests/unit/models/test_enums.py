"""The closed sets of names, word by word: stored data and other people's code depend on them."""

from __future__ import annotations

from enum import StrEnum

import pytest

from roomkit.core.circuit_breaker import CircuitState
from roomkit.models.enums import (
    Access,
    ChannelCategory,
    ChannelDirection,
    ChannelMediaType,
    ChannelType,
    ConversationPhase,
    DeliveryMode,
    EphemeralEventType,
    EventStatus,
    EventType,
    HookExecution,
    HookTrigger,
    IdentificationStatus,
    ParticipantRole,
    ParticipantStatus,
    RoomStatus,
    TaskStatus,
)
from roomkit.telemetry.base import SpanKind

VALUES: dict[type[StrEnum], str] = {
    ChannelType: """
        sms mms rcs email whatsapp websocket ai voice push messenger webhook system
        teams telegram whatsapp_personal realtime_voice video audio_video realtime_audio_video cli
    """,
    ChannelCategory: "transport intelligence",
    ChannelDirection: "inbound outbound bidirectional",
    ChannelMediaType: "text rich media audio video location template",
    EventType: """
        message system typing read_receipt delivery_receipt presence reaction edit delete
        participant_joined participant_left participant_identified
        channel_attached channel_detached channel_muted channel_unmuted channel_updated
        task_created observation
    """,
    EventStatus: "pending delivered read failed blocked",
    RoomStatus: "active paused closed archived",
    Access: "read_write read_only write_only none",
    IdentificationStatus: "identified pending ambiguous unknown challenge_sent rejected",
    ParticipantRole: "owner agent member observer bot",
    ParticipantStatus: "active inactive left banned",
    TaskStatus: "pending in_progress completed failed cancelled",
    DeliveryMode: "broadcast direct round_robin",
    ConversationPhase: "intake qualification handling escalation resolution followup",
    HookExecution: "sync async",
    HookTrigger: """
        before_broadcast after_broadcast
        on_channel_attached on_channel_detached on_channel_muted on_channel_unmuted
        on_room_created on_room_paused on_room_closed
        on_identity_ambiguous on_identity_unknown on_participant_identified
        on_delivery_status on_task_created on_error
        on_speech_start on_speech_end on_transcription on_partial_transcription
        before_tts after_tts on_vad_silence on_vad_audio_level on_speaker_change
        on_barge_in on_tts_cancelled on_dtmf
        on_turn_complete on_turn_incomplete on_backchannel
        on_recording_started on_recording_stopped on_input_audio_level on_output_audio_level
        on_session_started on_tool_call on_ai_thinking on_realtime_text_injected
        on_task_delegated on_task_completed on_feedback
    """,
    EphemeralEventType: """
        typing_start typing_stop presence_online presence_away presence_offline
        read_receipt reaction tool_call_start tool_call_end thinking_start thinking_end custom
    """,
    CircuitState: "closed open half_open",
    SpanKind: """
        inbound_pipeline hook_sync hook_async broadcast delivery llm_generate llm_tool_call
        voice_session audio_pipeline stt_transcribe tts_synthesize
        realtime_session realtime_turn realtime_tool_call
    """,
}


@pytest.mark.parametrize("enum", VALUES, ids=lambda enum: enum.__name__)
def test_the_values_are_exactly_these(enum: type[StrEnum]) -> None:
    assert {member.value for member in enum} == set(VALUES[enum].split())


@pytest.mark.parametrize("enum", VALUES, ids=lambda enum: enum.__name__)
def test_a_member_is_its_value_in_capitals(enum: type[StrEnum]) -> None:
    for member in enum:
        assert member == member.value == member.name.lower()
        assert f"{member}" == member.value


def test_the_numbers_are_those_of_the_documentation() -> None:
    assert len(EventType) == 19
    assert len(HookTrigger) == 41
    assert len(EphemeralEventType) == 12
    assert len(SpanKind) == 14
