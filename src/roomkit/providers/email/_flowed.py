"""``format=flowed``: text whose lines were broken for old mail programs. RFC 3676."""

from __future__ import annotations

_SIGNATURE = "-- "


def unflow(text: str, *, delete_space: bool = False) -> str:
    """The text with its paragraphs in one line each.

    Args:
        delete_space: the parameter ``delsp=yes``: the space that marks a soft line break is not
            part of the text.
    """
    out: list[str] = []
    flowing: int | None = None  # the depth of the quotation that the last line goes on in
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != _SIGNATURE
        if soft and delete_space:
            content = content[:-1]
        if flowing == depth and content != _SIGNATURE:
            out[-1] += content
        else:
            out.append(f"{'>' * depth} {content}" if depth else content)
        flowing = depth if soft else None
    return "\n".join(line if line == _SIGNATURE else line.rstrip(" ") for line in out)
