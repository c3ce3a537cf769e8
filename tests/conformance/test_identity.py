"""The mock resolver keeps the contract that it stands in for."""

from __future__ import annotations

import pytest

from roomkit.identity.mock import MockIdentityResolver
from roomkit.models.identity import Identity
from roomkit.testing import Directory, IdentityResolverContract
from roomkit.testing.identity import message_from


class TestMockIdentityResolver(IdentityResolverContract):
    @pytest.fixture
    def directory(self) -> Directory:
        resolver = MockIdentityResolver(mapping={"+15551234567": Identity(id="ada")})
        return Directory(resolver=resolver, known=message_from("+15551234567"), identity_id="ada")
