"""Whether a webhook comes from Microsoft: tokens signed with keys that are published here.

https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers.base import WebhookRequest
from roomkit.providers.teams import BotFrameworkTeamsProvider, TeamsConfig, TrustedIssuer
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import Reply, ScriptedServer
from tests.wire.teams_activities import MESSAGE, having

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
APP = "c9e8c047-2a74-40a2-b28a-b162d5f5327c"
ISSUER = "https://api.botframework.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
MINUTE = 60


def jwk(key: rsa.RSAPrivateKey, key_id: str, **more: Any) -> dict[str, Any]:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    numbers = {name: public[name] for name in ("kty", "n", "e")}
    return {**numbers, "use": "sig", "kid": key_id, "endorsements": ["msteams", "slack"], **more}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    all_of_them = {
        "iss": ISSUER,
        "aud": APP,
        "nbf": now,
        "exp": now + 60 * MINUTE,
        "serviceurl": MESSAGE["serviceUrl"],
        **changes,
    }
    return {name: value for name, value in all_of_them.items() if value is not None}


def bearer(
    key: Any = KEY, *, key_id: str | None = "key-1", algorithm: str = "RS256", **changes: Any
) -> str:
    headers = {} if key_id is None else {"kid": key_id}
    token = jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)
    return f"Bearer {token}"


@dataclass
class Microsoft:
    """The issuer, which publishes its keys on this machine."""

    server: ScriptedServer
    clock: VirtualClock
    bot: BotFrameworkTeamsProvider

    def publishes(self, *keys: Any) -> None:
        self.server.reply(json={"issuer": ISSUER, "jwks_uri": f"{self.server.url}/keys"})
        self.server.reply(json={"keys": list(keys)})

    async def accepts(self, authorization: str | None, activity: Any = MESSAGE) -> bool:
        try:
            await self.bot.authenticate(authorization, activity)
        except PermissionError as refusal:
            assert refusal.__context__ is None or refusal.__suppress_context__
            return False
        return True


def config(url: str, **changes: Any) -> TeamsConfig:
    issuer = TrustedIssuer(
        issuer=ISSUER, openid_metadata_url=f"{url}/openidconfiguration", is_connector=True
    )
    settings = {"app_id": APP, "app_password": "s3cret", "trusted_issuers": [issuer], **changes}
    return TeamsConfig(**settings)


@pytest.fixture
async def microsoft() -> AsyncIterator[Microsoft]:
    async with ScriptedServer(default=Reply(status=404)) as server:
        clock = VirtualClock(NOW)
        bot = BotFrameworkTeamsProvider(config(server.url), clock=clock)
        yield Microsoft(server, clock, bot)
        await bot.close()


class TestGenuine:
    async def test_a_token_of_the_bot_connector(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(OTHER_KEY, "key-0"), jwk(KEY, "key-1"))
        assert await microsoft.accepts(bearer())
        paths = [request.path for request in microsoft.server.requests]
        assert paths == ["/openidconfiguration", "/keys"]

    async def test_the_keys_are_fetched_once(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        accepted = await asyncio.gather(*(microsoft.accepts(bearer()) for _ in range(20)))
        assert all(accepted)
        assert len(microsoft.server.requests) == 2

    async def test_a_whole_request(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        request = WebhookRequest(
            url="https://example.com/webhooks/teams",
            headers={"authorization": bearer(), "content-type": "application/json"},
            body=json.dumps(MESSAGE).encode(),
        )
        # Without waiting, it can only be told once the keys are known.
        assert not microsoft.bot.verify_webhook(request)
        assert await microsoft.bot.authenticate_webhook(request)
        assert microsoft.bot.verify_webhook(request)
        assert microsoft.bot.verifies_webhooks

    async def test_a_bad_request(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        assert await microsoft.accepts(bearer())
        for body in (b"", b"[]", b"\xff", b"null", json.dumps({"type": "message"}).encode()):
            request = WebhookRequest(url="", headers={"authorization": bearer()}, body=body)
            assert not await microsoft.bot.authenticate_webhook(request)
            assert not microsoft.bot.verify_webhook(request)

    async def test_clocks_may_differ_by_five_minutes(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        now = int(NOW.timestamp())
        assert await microsoft.accepts(bearer(exp=now - 4 * MINUTE))
        assert await microsoft.accepts(bearer(nbf=now + 4 * MINUTE))
        assert await microsoft.accepts(bearer(nbf=None))

    async def test_a_token_that_was_put_together_by_hand(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        assert await microsoft.accepts(bearer_of(claims()))


type Forge = Callable[[], str | None]

FORGERIES: dict[str, Forge] = {
    "no header": lambda: None,
    "an empty header": lambda: "",
    "another scheme": lambda: bearer().replace("Bearer", "Basic"),
    "no scheme": lambda: bearer().removeprefix("Bearer "),
    "no token": lambda: "Bearer ",
    "nonsense": lambda: "Bearer x.y.z",
    "half a token": lambda: bearer()[:200],
    "a token without end": lambda: "Bearer " + "x" * 20_000,
    "letters that are none": lambda: "Bearer é\ud800",
    "another issuer": lambda: bearer(iss="https://evil.example"),
    "no issuer": lambda: bearer(iss=None),
    "an issuer that is no text": lambda: bearer_of({**claims(), "iss": [ISSUER]}),
    "another bot": lambda: bearer(aud="another-bot"),
    "several bots": lambda: bearer(aud=[APP, "another-bot"]),
    "no audience": lambda: bearer(aud=None),
    "another key": lambda: bearer(OTHER_KEY),
    "a key that is not published": lambda: bearer(OTHER_KEY, key_id="key-9"),
    "no key id": lambda: bearer(key_id=None),
    "ended ten minutes ago": lambda: bearer(exp=int(NOW.timestamp()) - 10 * MINUTE),
    "begins in ten minutes": lambda: bearer(nbf=int(NOW.timestamp()) + 10 * MINUTE),
    "no end": lambda: bearer(exp=None),
    "an end that is no time": lambda: bearer_of({**claims(), "exp": "2099"}),
    "an end that is a truth": lambda: bearer_of({**claims(), "exp": True}),
    "a beginning that is no time": lambda: bearer_of({**claims(), "nbf": {}}),
    "another service": lambda: bearer(serviceurl="https://evil.example/"),
    "no service": lambda: bearer(serviceurl=None),
    "another algorithm": lambda: bearer(algorithm="RS512"),
    "no algorithm": lambda: f"Bearer {jwt.encode(claims(), '', 'none', {'kid': 'key-1'})}",
    "the public key as a secret": lambda: bearer_by_secret(),
    "changed claims": lambda: changed_claims(),
}


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def bearer_of(payload: Any) -> str:
    """A token with claims that the library would not write."""
    signed = f"{segment({'alg': 'RS256', 'kid': 'key-1', 'typ': 'JWT'})}.{segment(payload)}"
    algorithm = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(algorithm.sign(signed.encode(), KEY)).decode()
    return f"Bearer {signed}.{signature.rstrip('=')}"


def bearer_by_secret() -> str:
    """Signed with the public key, as if it were a shared secret."""
    secret = jwk(KEY, "key-1")["n"]
    token = jwt.encode(claims(), secret, algorithm="HS256", headers={"kid": "key-1"})
    return f"Bearer {token}"


def changed_claims() -> str:
    head, _, signature = bearer().split(".")
    return f"{head}.{segment(claims(exp=int(NOW.timestamp()) + 10**6))}.{signature}"


class TestForged:
    @pytest.mark.parametrize("name", sorted(FORGERIES))
    async def test_a_forged_token(self, microsoft: Microsoft, name: str) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        assert await microsoft.accepts(bearer())
        forged = FORGERIES[name]()
        assert not await microsoft.accepts(forged)
        headers = {} if forged is None else {"authorization": forged}
        request = WebhookRequest(url="", headers=headers, body=json.dumps(MESSAGE).encode())
        assert not await microsoft.bot.authenticate_webhook(request)
        assert not microsoft.bot.verify_webhook(request)

    @pytest.mark.parametrize(
        "activity",
        [
            {},
            having(MESSAGE, serviceUrl="https://evil.example/"),
            having(MESSAGE, serviceUrl=None),
            having(MESSAGE, serviceUrl=[MESSAGE["serviceUrl"]]),
            having(MESSAGE, channelId="directline"),
            having(MESSAGE, channelId=None),
        ],
    )
    async def test_a_token_for_another_activity(self, microsoft: Microsoft, activity: Any) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        assert not await microsoft.accepts(bearer(), activity)

    async def test_a_key_that_signs_for_no_channel(self, microsoft: Microsoft) -> None:
        key = jwk(KEY, "key-1")
        del key["endorsements"]
        microsoft.publishes(key)
        assert not await microsoft.accepts(bearer())

    async def test_an_old_token_is_not_taken_for_ever(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        token = bearer()
        assert await microsoft.accepts(token)
        await microsoft.clock.advance(66 * MINUTE)
        assert not await microsoft.accepts(token)

    @given(
        token=st.text(max_size=40)
        | st.tuples(st.text("eyJ0."), st.text(max_size=9)).map("".join)
        | st.lists(st.dictionaries(st.sampled_from(["alg", "kid", "iss"]), st.text(max_size=5)))
        .map(lambda parts: ".".join(segment(part) for part in parts))
    )  # fmt: skip
    def test_anything_at_all(self, token: str) -> None:
        bot = BotFrameworkTeamsProvider(config("http://127.0.0.1:9"))
        request = WebhookRequest(
            url="", headers={"authorization": f"Bearer {token}"}, body=b'{"type": "message"}'
        )
        assert bot.verify_webhook(request) is False


class TestKeys:
    async def test_new_keys_are_fetched_when_one_is_seen(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        assert await microsoft.accepts(bearer())
        await microsoft.clock.advance(10 * MINUTE)
        microsoft.publishes(jwk(KEY, "key-1"), jwk(OTHER_KEY, "key-2"))
        assert await microsoft.accepts(bearer(OTHER_KEY, key_id="key-2"))

    async def test_a_stranger_cannot_make_us_ask_all_the_time(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        assert await microsoft.accepts(bearer())
        for number in range(50):
            assert not await microsoft.accepts(bearer(OTHER_KEY, key_id=f"made-up-{number}"))
        assert len(microsoft.server.requests) == 2
        assert await microsoft.accepts(bearer())

    async def test_keys_that_are_withdrawn(self, microsoft: Microsoft) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        now = int(NOW.timestamp())
        token = bearer(exp=now + 10**7)
        assert await microsoft.accepts(token)
        await microsoft.clock.advance(25 * 3600)
        microsoft.publishes(jwk(OTHER_KEY, "key-2"))
        assert not await microsoft.accepts(token)

    async def test_known_keys_are_used_while_there_are_no_others(
        self, microsoft: Microsoft
    ) -> None:
        microsoft.publishes(jwk(KEY, "key-1"))
        token = bearer(exp=int(NOW.timestamp()) + 10**7)
        assert await microsoft.accepts(token)
        await microsoft.clock.advance(25 * 3600)
        assert await microsoft.accepts(token)
        assert len(microsoft.server.requests) == 3
        await microsoft.clock.advance(5 * 24 * 3600)
        assert not await microsoft.accepts(token)

    async def test_no_keys_no_entry(self, microsoft: Microsoft) -> None:
        assert not await microsoft.accepts(bearer())
        microsoft.publishes(jwk(KEY, "key-1"))
        assert not await microsoft.accepts(bearer())
        await microsoft.clock.advance(5 * MINUTE)
        assert await microsoft.accepts(bearer())

    @pytest.mark.parametrize(
        "metadata",
        [
            None,
            [],
            {},
            {"jwks_uri": 7},
            {"jwks_uri": "ftp://example.com/keys"},
            {"jwks_uri": "/keys"},
            {"jwks_uri": "http://[::1"},
        ],
    )
    async def test_metadata_that_make_no_sense(self, microsoft: Microsoft, metadata: Any) -> None:
        microsoft.server.reply(body=json.dumps(metadata).encode())
        assert not await microsoft.accepts(bearer())
        assert len(microsoft.server.requests) == 1

    async def test_bad_keys_do_not_take_the_others_with_them(self, microsoft: Microsoft) -> None:
        good = jwk(KEY, "key-1")
        junk: list[Any] = [None, "x", {}, {"kid": "a"}, {**good, "n": 7}, {**good, "n": "%%"}]
        junk += [{**good, "kty": "oct", "k": "AA"}, {**good, "use": "enc"}, {**good, "e": None}]
        junk = [{**one, "kid": f"bad-{n}"} if isinstance(one, dict) else one
                for n, one in enumerate(junk)]  # fmt: skip
        microsoft.publishes(*junk, good)
        assert await microsoft.accepts(bearer())


class TestOtherIssuers:
    @pytest.fixture
    async def directory(self) -> AsyncIterator[Microsoft]:
        """A bot that believes one directory beside the Bot Connector."""
        async with ScriptedServer(default=Reply(status=404)) as server:
            clock = VirtualClock(NOW)
            own = TrustedIssuer(
                issuer="https://sts.windows.net/tenant-1/",
                openid_metadata_url=f"{server.url}/tenant-1/openid-configuration",
            )
            both = [*config(server.url).trusted_issuers, own]
            bot = BotFrameworkTeamsProvider(config(server.url, trusted_issuers=both), clock=clock)
            yield Microsoft(server, clock, bot)
            await bot.close()

    async def test_a_token_of_the_bot_itself(self, directory: Microsoft) -> None:
        plain = jwk(KEY, "key-1")
        del plain["endorsements"]
        directory.publishes(plain)
        own: dict[str, Any] = {"iss": "https://sts.windows.net/tenant-1/", "serviceurl": None}
        assert await directory.accepts(bearer(**own, appid=APP))
        assert await directory.accepts(bearer(**own, azp=APP))
        assert not await directory.accepts(bearer(**own))
        assert not await directory.accepts(bearer(**own, appid="another-bot"))

    async def test_each_issuer_has_its_own_keys(self, directory: Microsoft) -> None:
        directory.publishes(jwk(KEY, "key-1"))
        own = "https://sts.windows.net/tenant-1/"
        assert await directory.accepts(bearer(iss=own, appid=APP))
        # The directory's key must not open the connector's door.
        directory.publishes(jwk(OTHER_KEY, "key-2"))
        assert not await directory.accepts(bearer())

    def test_the_names_of_a_directory(self) -> None:
        issuers = TrustedIssuer.for_tenant("tenant-1")
        assert {one.issuer for one in issuers} == {
            "https://sts.windows.net/tenant-1/",
            "https://login.microsoftonline.com/tenant-1/v2.0",
        }
        assert not any(one.is_connector for one in issuers)


def library_failures() -> list[type[Exception]]:
    found = [getattr(jwt.exceptions, name) for name in dir(jwt.exceptions)]
    return [one for one in found if isinstance(one, type) and issubclass(one, Exception)]


@pytest.mark.parametrize("failure", [*library_failures(), RecursionError, KeyError])
async def test_whatever_the_library_raises_is_a_refusal(
    failure: type[Exception], microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch
) -> None:
    microsoft.publishes(jwk(KEY, "key-1"))
    assert await microsoft.accepts(bearer())
    raised = failure.__new__(failure)

    def stumble(*_: Any, **__: Any) -> Any:
        raise raised

    monkeypatch.setattr(jwt, "decode", stumble)
    assert not await microsoft.accepts(bearer())
