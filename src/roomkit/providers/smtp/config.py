"""A mail server that takes mail for delivery."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from roomkit.providers._config import NOT_SET, OptionalSecret
from roomkit.providers.email.config import EmailConfig

type Security = Literal["starttls", "tls", "none"]

_PORTS: dict[str, int] = {"starttls": 587, "tls": 465, "none": 25}
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class SMTPConfig(EmailConfig):
    """A mail server, and who mail comes from.

    Attributes:
        host: the server's name, which its certificate must be for.
        port: None means the usual one: 587 with ``starttls``, 465 with ``tls``, 25 with ``none``.
        username: the account's name; None does not sign in.
        password: required with `username`. Never sent in the clear to another machine.
        security: ``starttls`` begins in the clear and goes on only if the server can encrypt;
            ``tls`` is encrypted from the first byte; ``none`` never is.
        timeout: seconds for one mail as a whole, from connecting to the server's last word.
        max_connections: how many connections may be open at once. They are kept for further mail.
    """

    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    username: str | None = Field(default=None, min_length=1)
    password: OptionalSecret = NOT_SET
    security: Security = "starttls"
    timeout: float = Field(default=30.0, gt=0)
    max_connections: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _credentials_are_safe(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        in_the_clear = self.security == "none" and self.host.lower() not in _THIS_MACHINE
        if self.password is not None and in_the_clear:
            raise ValueError("a password needs security='starttls' or 'tls'")
        return self

    @property
    def actual_port(self) -> int:
        """The port to connect to."""
        return self.port or _PORTS[self.security]
