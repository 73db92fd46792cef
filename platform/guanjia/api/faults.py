"""Errors that only HTTP knows: a body that is no JSON, a method that is not there."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.exceptions import HTTPException

from guanjia.errors import GuanjiaError, NotFound, TooLarge, Unavailable
from guanjia.words import words

_ = words("guanjia")


class Malformed(GuanjiaError):
    """The request cannot be read at all."""

    status = 400
    type = "malformed"
    title = _("This request cannot be read. Send it in the form that the description of the API asks for.")


class WrongMethod(GuanjiaError):
    """The address exists, but not for this method. `allowed` lists those that it answers."""

    status = 405
    type = "method-not-allowed"
    title = _("This address does not answer this method. Look it up in the description of the API.")

    def __init__(self, allowed: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.allowed = allowed


class WrongMediaType(GuanjiaError):
    """The body has another media type than the operation takes."""

    status = 415
    type = "unsupported-media-type"
    title = _("This media type is not accepted here. Send JSON with Content-Type: application/json.")


class Fault(GuanjiaError):
    """The program is at fault; its log says more."""


def from_http(error: HTTPException) -> GuanjiaError:
    """Our error for one of the framework's."""
    code = error.code or 500
    if code == 405:
        return WrongMethod(tuple(sorted(getattr(error, "valid_methods", None) or ())))
    known: dict[int, Callable[[], GuanjiaError]] = {
        404: NotFound, 413: TooLarge, 415: WrongMediaType, 503: Unavailable,
    }  # fmt: skip
    if code in known:
        return known[code]()
    if 400 <= code < 500:
        found = Malformed()
        found.status = code
        return found
    return Fault()
