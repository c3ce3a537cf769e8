"""The files around the code agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.architecture.source import ROOT, extras, listing

PYPI = {"pypi.org", "files.pythonhosted.org"}

# Every extra that the documentation tells people to install.
DOCUMENTED_EXTRAS = [
    "aicoustics",
    "all",
    "anthropic",
    "azure",
    "deepgram",
    "dev",
    "elevenlabs",
    "fastrtc",
    "gemini",
    "gradium",
    "httpx",
    "local-audio",
    "mcp",
    "mistral",
    "neutts",
    "openai",
    "opentelemetry",
    "phonenumbers",
    "postgres",
    "providers",
    "pynacl",
    "qwen-asr",
    "qwen-tts",
    "realtime-gemini",
    "realtime-openai",
    "rtp",
    "sherpa-onnx",
    "sip",
    "smart-turn",
    "sources",
    "sse",
    "teams",
    "telegram",
    "twilio",
    "vllm",
    "webrtc-aec",
    "websocket",
    "webtransport",
    "whatsapp-personal",
]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(read("pyproject.toml"))
    return found


def test_lock_names_public_hosts_only() -> None:
    hosts = {urlsplit(url).hostname for url in re.findall(r'https?://[^"]+', read("uv.lock"))}
    assert hosts == PYPI
    registries = set(re.findall(r'registry = "([^"]+)"', read("uv.lock")))
    assert registries == {"https://pypi.org/simple"}


def test_version_is_the_newest_in_the_changelog() -> None:
    version = re.search(r'__version__ = "([^"]+)"', read("src/roomkit/_version.py"))
    newest = re.search(r"^## ([0-9][^\s]*)", read("docs/changelog.md"), re.MULTILINE)
    assert version is not None
    assert newest is not None
    assert version[1] == newest[1]


def test_pydantic_is_the_only_dependency() -> None:
    dependencies = project()["project"]["dependencies"]
    assert [re.split(r"[<>=!~\[; ]", item)[0] for item in dependencies] == ["pydantic"]


@pytest.mark.parametrize("extra", DOCUMENTED_EXTRAS)
def test_documented_extra_exists(extra: str) -> None:
    assert extra in extras()


def test_extras_are_bounded_on_both_sides() -> None:
    optional = project()["project"]["optional-dependencies"]
    problems = [
        f"{extra}: {requirement}"
        for extra, requirements in optional.items()
        for requirement in requirements
        if not requirement.startswith("roomkit[")
        and not (">=" in requirement and "<" in requirement)
    ]
    assert not problems, listing(problems)


def test_extras_in_the_text_exist() -> None:
    pages = [ROOT / "README.md", ROOT / "AGENTS.md", ROOT / "llms.txt"]
    pages += sorted((ROOT / "docs").rglob("*.md")) + sorted((ROOT / "docs").rglob("*.txt"))
    problems = [
        f"{page.relative_to(ROOT)}: roomkit[{extra}]"
        for page in pages
        for found in re.findall(r"roomkit\[([a-z0-9,-]+)\]", page.read_text(encoding="utf-8"))
        for extra in found.split(",")
        if extra not in extras()
    ]
    assert not problems, listing(problems)


def test_pages_of_the_documentation_are_in_the_navigation() -> None:
    navigation = read("mkdocs.yml").partition("\nnav:\n")[2]
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert pages == set(re.findall(r"[\w./-]+\.md", navigation))


def test_wheel_contents_exist() -> None:
    wheel = project()["tool"]["hatch"]["build"]["targets"]["wheel"]
    for source in wheel["force-include"]:
        assert Path(ROOT / source).is_file()
    assert (ROOT / "src/roomkit/py.typed").is_file()
