"""Messages of WhatsApp's own protocol, which only the two devices can read.

The fields are those of WhatsApp's protocol buffers as neonize ships them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roomkit.models.address import canonical_phone
from roomkit.models.content import (
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    TextContent,
)
from roomkit.models.delivery import DeliveryStatus, InboundMessage
from roomkit.providers._chat_items import chat_message
from roomkit.providers._content import File
from roomkit.providers._meta_webhooks import moment, reaction_message, unsupported
from roomkit.providers._webhook_items import content_of, location_from, text
from roomkit.providers.whatsapp.neonize_types import Neonize
from roomkit.providers.whatsapp.personal_files import FILE_FIELDS, file_in

PEOPLE = "s.whatsapp.net"
GROUPS = "g.us"
HIDDEN = "lid"
# Envelopes around the message itself: for messages that vanish, files with captions, and so on.
_ENVELOPES = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
)
_MOST_ENVELOPES = 8
# Between devices only; nobody has written anything.
_SILENT = frozenset(
    {"senderKeyDistributionMessage", "messageContextInfo", "protocolMessage", "chat", "call"}
    | {"keepInChatMessage", "pinInChatMessage", "encReactionMessage", "pollUpdateMessage"}
    | {"stickerSyncRmrMessage", "fastRatchetKeySenderKeyDistributionMessage"}
)
_RECEIPTS: Mapping[str, str] = {"DELIVERED": "delivered", "READ": "read", "PLAYED": "read"}


def address_of(jid: Any) -> str:
    """An account or group as an address: a phone number where that is known."""
    if jid.Server == PEOPLE:
        return canonical_phone(f"+{jid.User}")
    return f"{jid.User}@{jid.Server}" if jid.User else ""


def jid_parts(address: str) -> tuple[str, str]:
    """User and server for an address; the user is "" if it is not one."""
    user, at, server = address.strip().partition("@")
    if at:
        return user, server
    digits = canonical_phone(address).removeprefix("+")
    return (digits if digits.isascii() and digits.isdigit() else ""), PEOPLE


def read_event(event: Any, *, recipient: str) -> InboundMessage | None:
    """The message in a ``MessageEv``; None for our own, and for what nobody has written.

    For a message in a group, ``metadata["phone_number"]`` is the group, where answers go.

    Args:
        recipient: our own address.
    """
    info = event.Info
    source = info.MessageSource
    chat, person = address_of(source.Chat), _person(source)
    if source.IsFromMe or not info.ID or source.Chat.Server not in (PEOPLE, GROUPS, HIDDEN):
        return None
    in_group = source.Chat.Server == GROUPS
    metadata = {
        "recipient": recipient,
        "phone_number": chat if in_group else "",
        "display_name": text(info.Pushname),
        "sent_at": moment(info.Timestamp),
    }
    return _read(unwrapped(event.Message), info.ID, person or chat, metadata)


def _person(source: Any) -> str:
    """Who wrote; by number, if it is known beside the account's hidden name."""
    if source.Sender.Server == HIDDEN and source.SenderAlt.Server == PEOPLE:
        return address_of(source.SenderAlt)
    return address_of(source.Sender)


def unwrapped(message: Any) -> Any:
    """The message inside of its envelopes."""
    for _ in range(_MOST_ENVELOPES):
        for name in _ENVELOPES:
            if message.HasField(name):
                message = getattr(message, name).message
                break
        else:
            break
    return message


def _read(
    message: Any, message_id: str, sender: str, metadata: dict[str, Any]
) -> InboundMessage | None:
    if message.HasField("reactionMessage"):
        part = message.reactionMessage
        return reaction_message(
            sender=sender,
            target=part.key.ID,
            key=message_id,
            emoji=text(part.text),
            metadata=metadata,
        )
    if message.HasField("protocolMessage"):
        content, facts = _revision(message.protocolMessage, message_id)
    else:
        content, facts = _content(message, message_id)
    if content is None:
        return None
    return chat_message(
        sender=sender, content=content, message_id=message_id, metadata={**metadata, **facts}
    )


def _revision(part: Any, message_id: str) -> tuple[EventContent | None, dict[str, Any]]:
    """An edit or a deletion."""
    kinds = type(part)
    target = part.key.ID
    if part.type == kinds.REVOKE and part.HasField("key"):
        return DeleteContent(target_event_id=target), {"target_message_id": target}
    if part.type == kinds.MESSAGE_EDIT and part.HasField("editedMessage"):
        new, facts = _content(unwrapped(part.editedMessage), message_id)
        if new is not None:
            edit = EditContent(target_event_id=target, new_content=new, edit_source="sender")
            return edit, {**facts, "target_message_id": target}
    return None, {}


def _content(message: Any, message_id: str) -> tuple[EventContent | None, dict[str, Any]]:
    kind = next((f.name for f, _ in message.ListFields() if f.name not in _SILENT), "")
    if not kind:
        return None, {}
    part = getattr(message, kind)
    if kind == "conversation":
        return TextContent(body=text(part)), {}
    facts = {"reply_to_message_id": _answered(part)}
    if kind in FILE_FIELDS:
        file, more = file_in(kind, part, message_id)
        caption = text(getattr(part, "caption", ""))
        if isinstance(file, MediaContent):
            return file.evolve(caption=caption or None), {**facts, **more}
        return content_of(caption, [file]), {**facts, **more}
    reader = _READERS.get(kind)
    if reader is None:
        return unsupported(kind.removesuffix("Message")), facts
    content, more = reader(part)
    return content, {**facts, **more}


def _answered(part: Any) -> str:
    context = getattr(part, "contextInfo", None)
    return "" if context is None else text(context.stanzaID)


def _place(part: Any) -> tuple[EventContent, dict[str, Any]]:
    place = location_from(
        part.degreesLatitude,
        part.degreesLongitude,
        label=text(getattr(part, "name", "")),
        address=text(getattr(part, "address", "")),
    )
    return (unsupported("location") if place is None else place), {}


def _contact(part: Any) -> tuple[EventContent, dict[str, Any]]:
    name = text(part.displayName)
    return TextContent(body=f"[Contact: {name}]"), {"contacts": [{"name": name}]}


def _tapped(label: str, payload: str) -> tuple[EventContent, dict[str, Any]]:
    return TextContent(body=text(label) or text(payload)), {"postback_data": text(payload)}


_READERS: Mapping[str, Any] = {
    "extendedTextMessage": lambda part: (TextContent(body=text(part.text)), {}),
    "locationMessage": _place,
    "liveLocationMessage": _place,
    "contactMessage": _contact,
    "buttonsResponseMessage": lambda part: _tapped(
        part.selectedDisplayText, part.selectedButtonID
    ),
    "templateButtonReplyMessage": lambda part: _tapped(part.selectedDisplayText, part.selectedID),
    "listResponseMessage": lambda part: _tapped(part.title, part.singleSelectReply.selectedRowID),
}


def read_receipt(event: Any) -> list[DeliveryStatus]:
    """What a ``ReceiptEv`` says about messages of ours."""
    source = event.MessageSource
    status = _RECEIPTS.get(type(event).ReceiptType.Name(event.Type))
    if status is None or source.IsFromMe:
        return []
    return [
        DeliveryStatus(
            provider="whatsapp_personal",
            message_id=message_id,
            status=status,
            recipient=_person(source),
            timestamp=moment(event.Timestamp) or None,
        )
        for message_id in event.MessageIDs
    ]


class PersonalMessages:
    """Makes messages to send."""

    def __init__(self, neonize: Neonize) -> None:
        self._whatsapp, self._neonize = neonize.whatsapp_pb, neonize.neonize_pb
        self._kinds = neonize.kinds

    def jid(self, address: str) -> Any:
        """An address as neonize wants it; None if it is not one."""
        user, server = jid_parts(address)
        if not user or not server:
            return None
        return self._neonize.JID(
            User=user, Server=server, RawAgent=0, Device=0, Integrator=0, IsEmpty=False
        )

    def text(self, words: str) -> Any:
        return self._whatsapp.Message(conversation=words)

    def place(self, place: LocationContent) -> Any:
        part = self._whatsapp.LocationMessage(
            degreesLatitude=place.latitude,
            degreesLongitude=place.longitude,
            name=place.label or "",
            address=place.address or "",
        )
        return self._whatsapp.Message(locationMessage=part)

    def upload_kind(self, mime_type: str) -> Any:
        """Which of WhatsApp's stores a file belongs into."""
        kinds = self._kinds.MediaType
        return {
            "image": kinds.MediaImage,
            "video": kinds.MediaVideo,
            "audio": kinds.MediaAudio,
        }.get(_family(mime_type), kinds.MediaDocument)

    def file(self, file: File, uploaded: Any) -> Any:
        """A message with a file that was uploaded (an ``UploadResponse``)."""
        fields: dict[str, Any] = {
            "URL": uploaded.url,
            "directPath": uploaded.DirectPath,
            "mediaKey": uploaded.MediaKey,
            "fileEncSHA256": uploaded.FileEncSHA256,
            "fileSHA256": uploaded.FileSHA256,
            "fileLength": uploaded.FileLength,
            "mimetype": file.mime_type,
        }
        pb, family = self._whatsapp, _family(file.mime_type)
        caption = getattr(file, "caption", None) or ""
        if family == "image":
            return pb.Message(imageMessage=pb.ImageMessage(**fields, caption=caption))
        if family == "video":
            return pb.Message(videoMessage=pb.VideoMessage(**fields, caption=caption))
        if family == "audio":
            voice = "ogg" in file.mime_type or "opus" in file.mime_type
            return pb.Message(audioMessage=pb.AudioMessage(**fields, PTT=voice))
        name = getattr(file, "filename", None) or "file"
        part = pb.DocumentMessage(**fields, fileName=name, title=name, caption=caption)
        return pb.Message(documentMessage=part)


def _family(mime_type: str) -> str:
    """What WhatsApp shows such a file as; "" for a document."""
    kind = mime_type.partition(";")[0].strip().lower()
    if kind in ("image/jpeg", "image/png", "video/mp4", "video/3gpp"):
        return kind.partition("/")[0]
    return "audio" if kind.startswith("audio/") else ""
