"""The known people of the in-memory store and their addresses."""

from __future__ import annotations

from collections.abc import Iterator

from roomkit.errors import IdentityNotFoundError
from roomkit.models.address import canonical_address
from roomkit.models.identity import Identity


class People:
    """Identities by id, and by address within an organisation."""

    def __init__(self) -> None:
        self._identities: dict[str, Identity] = {}
        self._owners: dict[tuple[str | None, str, str], str] = {}

    def add(self, identity: Identity) -> Identity:
        identity = Identity.model_validate(identity.model_dump())
        before = self._identities.get(identity.id)
        if before is not None:
            for key in _keys(before):
                if self._owners.get(key) == identity.id:
                    del self._owners[key]
        self._identities[identity.id] = identity
        self._owners.update((key, identity.id) for key in _keys(identity))
        return identity

    def get(self, identity_id: str) -> Identity | None:
        return self._identities.get(identity_id)

    def find(
        self, organization_id: str | None, channel_type: str, address: str
    ) -> Identity | None:
        owner = self._owners.get(_key(organization_id, channel_type, address))
        return None if owner is None else self._identities[owner]

    def link(self, identity_id: str, channel_type: str, address: str) -> None:
        identity = self._identities.get(identity_id)
        if identity is None:
            raise IdentityNotFoundError(identity_id)
        known = identity.addresses.get(str(channel_type), [])
        if address not in known:
            addresses = {**identity.addresses, str(channel_type): [*known, address]}
            identity = self._identities[identity_id] = identity.evolve(addresses=addresses)
        self._owners[_key(identity.organization_id, channel_type, address)] = identity_id


def _keys(identity: Identity) -> Iterator[tuple[str | None, str, str]]:
    for channel_type, addresses in identity.addresses.items():
        for address in addresses:
            yield _key(identity.organization_id, channel_type, address)


def _key(
    organization_id: str | None, channel_type: str, address: str
) -> tuple[str | None, str, str]:
    return (organization_id, str(channel_type), canonical_address(channel_type, address))
