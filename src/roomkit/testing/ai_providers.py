"""What a provider of a language model has to get right, as tests that its author inherits.

The vendor is a server on this machine. Its protocol is a `ModelWire` of yours, which puts the
scripts of the tests into the vendor's words, and the provider's requests into words of no vendor;
`make` makes a provider from `ModelSettings`:

```python
class TestAcme(AIProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[ModelVendor]:
        async with ScriptedServer() as server:
            wire = AcmeWire()
            vendor = ModelVendor(make=make, server=server, wire=wire, secrets=["s3cret"])
            async with vendor:
                yield vendor
```

Every setting of `ModelSettings` has to reach the provider: tests make others with a short timeout,
another temperature or no eyes. What the protocol cannot say, such as arguments that are no JSON,
raises `NotOnThisWireError`, and its tests are skipped.

A provider that speaks to no server is tested with ``ModelVendor(make=make)`` alone, as far as
that goes; the other tests are skipped. Its `make` is given ``settings.url == ""``.

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``. For failures that show values, call
``pytest.register_assert_rewrite("roomkit.testing")`` in ``conftest.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from roomkit.testing._ai._base import (
    Asked,
    ModelSettings,
    ModelVendor,
    ModelWire,
    NotOnThisWireError,
    Script,
    ScriptedCall,
    ScriptedUsage,
)
from roomkit.testing._ai.answers import MALFORMED, STOPS, TextRules, ThinkingRules, ToolCallRules
from roomkit.testing._ai.failures import (
    NONSENSE,
    REFUSALS,
    ConnectionRules,
    RefusalRules,
    SecrecyRules,
)
from roomkit.testing._ai.lifetime import LifetimeRules
from roomkit.testing._ai.requests import MESSAGES, ImageRules, MessageRules, SettingRules

__all__ = [
    "AIProviderContract",
    "Asked",
    "ModelSettings",
    "ModelVendor",
    "ModelWire",
    "NotOnThisWireError",
    "Script",
    "ScriptedCall",
    "ScriptedUsage",
]

_PARAMETERS: dict[str, Sequence[Any]] = {
    "conversation": list(MESSAGES),
    "malformed": list(MALFORMED),
    "nonsense": list(NONSENSE),
    "refusal": list(REFUSALS),
    "stop_name": list(STOPS),
}


class AIProviderContract(
    TextRules,
    ToolCallRules,
    ThinkingRules,
    MessageRules,
    ImageRules,
    SettingRules,
    RefusalRules,
    ConnectionRules,
    SecrecyRules,
    LifetimeRules,
):
    """Inherit, and define a fixture ``vendor`` that gives a `ModelVendor`."""

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Called by pytest: most tests for whole and for streamed answers, many for each case."""
        for name, values in _PARAMETERS.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values)
        if "streamed" in metafunc.fixturenames:
            metafunc.parametrize("streamed", [False, True], ids=["whole", "streamed"])
