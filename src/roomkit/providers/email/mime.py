"""Writing a mail down for SMTP: RFC 5322 and MIME."""

from __future__ import annotations

from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy

from roomkit.providers.email.outgoing import Mailbox, OutgoingMail


class _MessageIds(UnstructuredHeader, BaseHeader):
    """A field that lists message ids, each on a line of its own.

    The standard library would write an id that is longer than a line as an encoded word, which
    makes another id of it.
    """

    def fold(self, *, policy: Policy) -> str:
        ids = f"{policy.linesep} ".join(str(self).split())
        return f"{self.name}: {ids}{policy.linesep}"


class _Registry(HeaderRegistry):
    """The standard library makes a new class for every header of every mail; these are kept. The
    names are those of our own headers, so there are few."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        known = self._classes.get(name)
        if known is None:
            known = self._classes[name] = super().__getitem__(name)
        return known


def _registry() -> HeaderRegistry:
    registry = _Registry()
    for name in ("message-id", "in-reply-to", "references", "x-roomkit-message-id"):
        registry.map_to_type(name, _MessageIds)
    return registry


# Seven bits: no relay on the way has to write the mail anew, which would break its signature.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_registry())


def build_message(mail: OutgoingMail) -> EmailMessage:
    """The mail as a message of the standard library.

    Text comes first, with its formatted form as the alternative; files follow as attachments.
    """
    message = EmailMessage(policy=_POLICY)
    message["Date"] = mail.date
    message["From"] = _written(mail.sender)
    message["To"] = Address(addr_spec=mail.to)
    if mail.reply_to is not None:
        message["Reply-To"] = Address(addr_spec=mail.reply_to)
    message["Subject"] = mail.subject
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    for file in mail.files:
        maintype, _, subtype = file.mime_type.partition("/")
        message.add_attachment(
            file.content, maintype=maintype, subtype=subtype, filename=file.name
        )
    return message


def _written(mailbox: Mailbox) -> Address:
    return Address(display_name=mailbox.name, addr_spec=mailbox.address)
