"""Excel files as answers."""

from __future__ import annotations

from flask import Response

from plugins.registry.workbook import MEDIA_TYPE


def excel(content: bytes, name: str) -> Response:
    """The file for download; it is kept nowhere on the way."""
    response = Response(content, mimetype=MEDIA_TYPE)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response
