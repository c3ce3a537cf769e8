"""The URL that somebody outside called: behind a proxy not the one that the process sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestLine:
    """What a server says about a request.

    `path` is as it was sent, with its percent signs, and may begin with the server's `root_path`.
    """

    scheme: str
    path: str
    query: str
    headers: Mapping[str, str]
    root_path: str = ""


class PublicAddress:
    """Knows where the application is to be found from outside.

    Args:
        base: scheme, host and, if the proxy strips one, path prefix, as outsiders write them:
            ``"https://chat.example.com"``. None means that the process is called directly.
        trust_forwarded: whether ``X-Forwarded-Proto`` and ``X-Forwarded-Host`` are believed. Only
            for processes that nobody can reach but through a proxy that sets both.

    Raises:
        ValueError: `base` is not an address of that form.
    """

    def __init__(self, base: str | None = None, *, trust_forwarded: bool = False) -> None:
        if base is not None:
            parts = urlsplit(base)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError('public_url must look like "https://chat.example.com"')
            if parts.query or parts.fragment:
                raise ValueError("public_url must have neither query nor fragment")
            base = base.rstrip("/")
        self._base = base
        self._trust_forwarded = trust_forwarded

    def url(self, request: RequestLine) -> str:
        """The whole URL of a request."""
        base, path, root = self._base or self._seen(request), request.path, request.root_path
        # A server that was told of the prefix that its proxy strips puts it back in front.
        if root and path.startswith(f"{root}/") and urlsplit(base).path.endswith(root):
            path = path.removeprefix(root)
        return f"{base}{path}" + (f"?{request.query}" if request.query else "")

    def admits(self, request: RequestLine, allowed_origins: Collection[str]) -> bool:
        """Whether the page that a browser's request comes from may make it.

        It may if it is this application's own, or named in `allowed_origins` (``"*"`` names all).
        Other clients than browsers send no ``Origin`` and are not held up.
        """
        origin = request.headers.get("origin")
        if origin is None or "*" in allowed_origins or origin in allowed_origins:
            return True
        own = {_host_of(self._seen(request)), _host_of(self._base or "")}
        return _host_of(origin) in own - {None}

    def _seen(self, request: RequestLine) -> str:
        scheme, host = request.scheme, request.headers.get("host", "")
        if self._trust_forwarded:
            scheme = _first(request.headers.get("x-forwarded-proto")) or scheme
            host = _first(request.headers.get("x-forwarded-host")) or host
        return f"{scheme}://{host}"


def _first(header: str | None) -> str:
    """The value that the outermost of several proxies has set."""
    return (header or "").partition(",")[0].strip()


def _host_of(url: str) -> tuple[str, int | None] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None
