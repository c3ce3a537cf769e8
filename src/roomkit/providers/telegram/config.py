"""A Telegram bot."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from roomkit.providers._config import NOT_SET, OptionalSecret, ProviderConfig, Secret


class TelegramConfig(ProviderConfig):
    """What @BotFather says about a bot, and how to speak to Telegram.

    Attributes:
        bot_token: as ``123456:ABC-DEF…``. It signs in, as a part of each URL.
        secret_token: of your own choosing, 1 to 256 letters, digits, ``_`` and ``-``; Telegram
            sends it along with each webhook, see `TelegramBotProvider.set_webhook`. Without it
            webhooks cannot be verified.
        username: the bot's name without the ``@``, by which it notices that it is mentioned in a
            group.
        base_url: a Bot API server of your own, or a stand-in for tests.
        timeout: seconds for one request as a whole, be it for a message or for a file.
        max_concurrency: how many requests may be under way at once.
    """

    bot_token: Secret
    secret_token: OptionalSecret = NOT_SET
    username: str | None = Field(default=None, min_length=1)
    base_url: str = "https://api.telegram.org"
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("username")
    @classmethod
    def _without_at(cls, name: str | None) -> str | None:
        return None if name is None else name.removeprefix("@")

    @field_validator("secret_token")
    @classmethod
    def _that_telegram_accepts(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None:
            return None
        value = token.get_secret_value()
        plain = value.isascii() and value.replace("_", "a").replace("-", "a").isalnum()
        if not plain or len(value) > 256:
            raise ValueError("secret_token is 1 to 256 letters, digits, _ and -")
        return token

    @property
    def bot_id(self) -> str | None:
        """The bot's own id, which its token begins with."""
        number, colon, _ = self.bot_token.get_secret_value().partition(":")
        return number if colon and number.isascii() and number.isdigit() else None
