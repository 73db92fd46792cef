"""The errors a person can meet: one class, one status and one problem type each. Each says what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from guanjia.words import Message, words

if TYPE_CHECKING:
    from guanjia.rules.reason import Reason

_ = words("guanjia")


class GuanjiaError(Exception):
    """Base of all errors that are told to the person. `status` is the HTTP status, `type` the stable problem type."""

    status = 500
    type = "internal"
    title: Message = _("Something went wrong. Try again; if it stays, tell your administrator.")

    def __init__(self, detail: Message | None = None) -> None:
        self.detail = detail or self.title
        super().__init__(self.detail.id)


class NotFound(GuanjiaError):
    """No such thing here; another company's and an unreachable one answer the same."""

    status = 404
    type = "not-found"
    title = _("This does not exist, or you cannot reach it. Check the address, or go back to your list.")


class Forbidden(GuanjiaError):
    """The person reaches the case but lacks the permission for the step."""

    status = 403
    type = "forbidden"
    title = _("Your roles do not allow this. Ask whoever gives out roles at your office.")


class Unauthenticated(GuanjiaError):
    """Nobody is signed in."""

    status = 401
    type = "unauthenticated"
    title = _("Please sign in first.")


class Invalid(GuanjiaError):
    """The input is malformed. `errors` maps field names to lists of messages."""

    status = 422
    type = "invalid"
    title = _("Some entries are not right yet. Correct the fields that are marked and send again.")

    def __init__(self, errors: Mapping[str, Any], detail: Message | None = None) -> None:
        super().__init__(detail)
        self.errors = errors


class WrongState(GuanjiaError):
    """The step does not exist in the state that the case is in."""

    status = 409
    type = "wrong-state"
    title = _("This cannot be done in the present state. Reload the page to see what can be done now.")


class Stale(GuanjiaError):
    """Somebody else changed the case in between. `changed` lists what (steps with actor and time)."""

    status = 409
    type = "stale"
    title = _("Somebody changed this in the meantime. Look at what changed, then send your entry again.")

    def __init__(self, changed: Sequence[Any] = (), *, if_match: bool = False) -> None:
        super().__init__()
        self.changed = changed
        if if_match:
            self.status = 412


class Refused(GuanjiaError):
    """Rules deny the step. `reasons` holds every rule that denied, never the first only."""

    status = 422
    type = "refused"
    title = _("The regulations in force here do not allow this step now. See the reasons below.")

    def __init__(self, reasons: Sequence[Reason], detail: Message | None = None) -> None:
        super().__init__(detail)
        self.reasons = list(reasons)


class Waiting(GuanjiaError):
    """The step is stored and waits for approval. Not a failure: answered with 202."""

    status = 202
    type = "waiting"
    title = _("Your request is stored and waits for approval. You will be told when it is decided.")

    def __init__(self, approval_id: UUID, reasons: Sequence[Reason]) -> None:
        super().__init__()
        self.approval_id = approval_id
        self.reasons = list(reasons)


class KeyReused(GuanjiaError):
    """The same Idempotency-Key came with another body."""

    status = 422
    type = "idempotency-key-reused"
    title = _("This key was already used for another request. Send the request again with a new key.")


class KeyRunning(GuanjiaError):
    """The first request under the same Idempotency-Key has not been answered yet."""

    status = 409
    type = "idempotency-key-running"
    title = _("The first request with this key is still running. Send it again in a few seconds to get its answer.")


class TooMany(GuanjiaError):
    """Too many attempts. `retry_after` is in seconds."""

    status = 429
    type = "too-many"
    title = _("Too many attempts. Wait a little, then try again.")

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class TooLarge(GuanjiaError):
    """The upload exceeds the limit."""

    status = 413
    type = "too-large"
    title = _("This file is too large. Choose a smaller one, or send fewer at once.")


class Unavailable(GuanjiaError):
    """The database or the disk does not answer; reads may still work."""

    status = 503
    type = "unavailable"
    title = _("The service cannot save at the moment. Nothing was changed; try again in a minute.")
    uncertain = _(
        "The database broke off while it was saving, so it may be saved or not. Send the same again: it counts once."
    )
    uncertain_without_key = _(
        "The database broke off while it was saving, so it may be saved or not. Look whether it is there before you send "
        "it again."
    )


class DiskFull(Unavailable):
    """There is no room left to write to; reads still work."""

    type = "disk-full"
    title = _(
        "The disk of the server is full, so nothing was saved; reading still works. Tell whoever runs the server to make "
        "room, then send this again."
    )


class PluginFailed(GuanjiaError):
    """A plugin's own program failed. The message names the module; the fault is counted."""

    type = "plugin-fault"
    title = _(
        "A module of this program has a fault here, so this cannot be done now; nothing was saved. The fault has been "
        "recorded and everything else works. Tell your administrator."
    )
