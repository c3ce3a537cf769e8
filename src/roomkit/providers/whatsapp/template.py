"""Message templates as the Cloud API wants them filled in.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from roomkit.models._frozen import freeze
from roomkit.models.content import TemplateContent

type Json = dict[str, Any]

_PLACEHOLDER = "{text}"
_MOST_TEXT = 1024


def template_message(template: TemplateContent) -> Json:
    """A template with its parameters.

    Parameters with numbers for names fill ``{{1}}``, ``{{2}}`` … of the body, others fill named
    ones. A value that is a mapping is taken as Meta's own form of a parameter. For headers and
    buttons, give all of Meta's ``components`` as the one parameter of that name.
    """
    shape: Json = {"name": template.template_id, "language": {"code": template.language}}
    components = _components(template.parameters)
    return {**shape, "components": components} if components else shape


def filled(template: TemplateContent, words: str) -> TemplateContent:
    """A template with the words of a message in place of ``"{text}"``.

    A parameter must hold neither line breaks nor many spaces in a row, so white space becomes one
    space.
    """
    line = " ".join(words.split())[:_MOST_TEXT]
    values = {name: _replaced(value, line) for name, value in template.parameters.items()}
    return template.evolve(parameters=freeze(values))


def _replaced(value: Any, words: str) -> Any:
    if isinstance(value, str):
        return value.replace(_PLACEHOLDER, words)
    if isinstance(value, dict):
        return {name: _replaced(inner, words) for name, inner in value.items()}
    return [_replaced(inner, words) for inner in value] if isinstance(value, list) else value


def _components(parameters: Mapping[str, Any]) -> list[Any]:
    given = parameters.get("components")
    if isinstance(given, list):
        plain: list[Any] = _plain(given)
        return plain
    positions = sorted((name for name in parameters if _is_position(name)), key=int)
    names = [name for name in parameters if not _is_position(name)]
    filling = [_parameter(parameters[name]) for name in positions]
    filling += [{**_parameter(parameters[name]), "parameter_name": name} for name in names]
    return [{"type": "body", "parameters": filling}] if filling else []


def _is_position(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 4


def _parameter(value: Any) -> Json:
    if isinstance(value, Mapping):
        shape: Json = _plain(value)
        return shape
    return {"type": "text", "text": str(value)}


def _plain(value: Any) -> Any:
    """Only what JSON knows; anything else as its words."""
    return json.loads(json.dumps(value, default=str))
