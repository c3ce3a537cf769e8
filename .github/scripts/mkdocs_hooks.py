"""Hooks of MkDocs; see `hooks` in mkdocs.yml."""

from __future__ import annotations

import logging

# `roomkit.__all__` is computed from a table, which the reader of the source does not follow.
# Nothing in the pages depends on it, but in a strict build the notice would be an error.
_EXPECTED = "Unsupported item in roomkit.__all__"


class _Known(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return _EXPECTED not in record.getMessage()


def on_startup(*, command: str, dirty: bool) -> None:
    """Called by MkDocs when it starts."""
    logging.getLogger("mkdocs.plugins.griffe").addFilter(_Known())


def on_post_page(output: str, **_event: object) -> str:
    """Called by MkDocs with each page. Leaves out what makes the theme ask GitHub for stars."""
    return output.replace(' data-md-component="source"', "")


def on_post_template(output_content: str, **_event: object) -> str:
    """Called by MkDocs with each page that is not made from Markdown, such as 404.html."""
    return on_post_page(output_content)
