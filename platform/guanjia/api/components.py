"""The schemas of answers that all flows share, as OpenAPI 3.1 writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

STRING: Json = {"type": "string"}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}
UUID: Json = {"type": "string", "format": "uuid"}
UUID_OR_NULL: Json = {"type": ["string", "null"], "format": "uuid"}
MOMENT: Json = {"type": "string", "format": "date-time", "description": "UTC"}
MOMENT_OR_NULL: Json = {"type": ["string", "null"], "format": "date-time", "description": "UTC"}
INTEGER: Json = {"type": "integer"}
BOOLEAN: Json = {"type": "boolean"}
ANY: Json = {}


def ref(name: str) -> Json:
    """A reference to a schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Json) -> Json:
    """A list of `items`."""
    return {"type": "array", "items": items}


def record(properties: Mapping[str, Json], *, optional: tuple[str, ...] = (), description: str = "") -> Json:
    """An object with exactly these properties."""
    found: Json = {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        "required": [name for name in properties if name not in optional],
    }
    return found | ({"description": description} if description else {})


def nullable(schema: Json) -> Json:
    """`schema`, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def page_of(items: Json) -> Json:
    """A stretch of a list."""
    return record(
        {
            "items": array(items),
            "next_cursor": {"type": ["string", "null"], "description": "cursor of the next page; null at the end"},
        }
    )


CLAUSE = record({"clause": {"type": "string", "description": "regulation/clause, such as 5/5.2.4"}, "text": STRING})
REASON = record(
    {
        "rule": {"type": "string", "description": "key of the rule; stable"},
        "title": STRING,
        "outcome": {"type": "string", "enum": ["deny", "ask"]},
        "message": STRING,
        "clauses": array(ref("Clause")),
        "params": {
            "type": "object",
            "additionalProperties": STRING,
            "description": "parameters in force: label → value",
        },
        "role": {"type": ["string", "null"], "description": "title of the role that may say yes"},
        "who_may_approve": {"type": "array", "items": STRING, "description": "names of those who hold the role here"},
    },
    description="A rule that stands against a step, or that asks for a signature.",
)
PROBLEM = record(
    {
        "type": {"type": "string", "format": "uri-reference", "description": "stable; compare this, not the title"},
        "title": STRING,
        "status": INTEGER,
        "detail": STRING,
        "instance": STRING,
        "request_id": {"type": "string", "description": "of a fault (5xx): the installation's log has it, too"},
        "errors": {
            "type": "object",
            "additionalProperties": array(STRING),
            "description": "messages by field; paths into lists and objects joined with dots; _schema: of the whole",
        },
        "reasons": array(ref("Reason")),
        "changed": array(ref("Change")),
    },
    optional=("errors", "reasons", "changed", "request_id"),
    description="RFC 9457. `reasons` come with /problems/refused, `changed` with /problems/stale.",
)
ORIGIN = record(
    {
        "origin": {"type": "string", "enum": ["default", "setting", "unknown"]},
        "scope_id": UUID, "scope": STRING, "author": TEXT_OR_NULL, "from_day": {"type": "string", "format": "date"},
        "saved_at": MOMENT, "reason": STRING,
    },
    optional=("scope_id", "scope", "author", "from_day", "saved_at", "reason"),
    description="Who set a value: the product's default, a setting, or unknown where settings changed since.",
)  # fmt: skip
RULE_HEAD = {"rule": STRING, "title": STRING, "clauses": array(ref("Clause"))}
EXPLAINED_RULE = record(
    RULE_HEAD
    | {
        "outcome": {
            "type": "string",
            "enum": ["allow", "deny", "ask", "given", "excepted", "asked_on_submit"],
            "description": "given: the own role says the yes that is asked",
        },
        "message": TEXT_OR_NULL,
        "role": TEXT_OR_NULL,
        "who_may_approve": array(STRING),
        "excepted_by": TEXT_OR_NULL,
        "facts": {"type": "array", "items": STRING, "description": "groups of facts that the rule reads"},
        "params": array(
            record({"name": STRING, "label": STRING, "value": ANY, "unit": TEXT_OR_NULL, "set_by": ref("Origin")})
        ),
        "switched_on_by": ref("Origin"),
    }
)
EXPLANATION = record(
    {
        "id": UUID, "flow": STRING, "state": STRING, "opened_at": MOMENT,
        "rulebook": {**UUID, "description": "the rules that the case keeps"},
        "facts": {"type": "object", "description": "case, actor and site as the rules see them"},
        "steps": array(record({
            "step": STRING, "title": STRING, "permitted": BOOLEAN, "possible_in_state": BOOLEAN,
            "rules": array(ref("ExplainedRule")), "off": array(record(RULE_HEAD, description="would ask, but is off here")),
            "facts": {"type": "object", "description": "facts that single rules bring"},
        })),
    }
)  # fmt: skip
FILE = record(
    {
        "id": UUID, "name": STRING, "media_type": STRING, "size": {"type": "integer", "description": "bytes"},
        "sha256": STRING, "uploaded_at": MOMENT, "step": TEXT_OR_NULL, "field": TEXT_OR_NULL, "href": STRING,
    }
)  # fmt: skip
SITE = record({"id": UUID, "code": STRING, "name": STRING, "zone": STRING, "closed": BOOLEAN, "plugins": array(STRING)})
STAFF = record({"id": UUID, "name": STRING, "language": {"type": "string", "enum": ["zh", "en"]}})
DEADLINE = record(
    {
        "name": STRING, "rule": STRING, "state": {"type": "string", "enum": ["open", "met", "superseded", "cancelled"]},
        "due_at": {**MOMENT_OR_NULL, "description": "UTC; null: to be agreed"}, "cause": STRING,
        "provisional": {"type": "boolean", "description": "rests on a calendar that is not announced yet"},
        "owed_by": TEXT_OR_NULL, "set_at": MOMENT, "ended_at": MOMENT_OR_NULL, "breached_at": MOMENT_OR_NULL,
        "late_excused": BOOLEAN,
    }
)  # fmt: skip
STEP = record(
    {
        "name": STRING, "key": STRING, "title": STRING, "href": STRING,
        "enabled": {"type": "boolean", "description": "no rule denies it now; rules on the entries speak when it is sent"},
        "reasons": array(ref("Reason")), "asks": array(ref("Reason")), "needs_key": BOOLEAN, "may_be_reported_late": BOOLEAN,
    }
)  # fmt: skip
SIGNATURE = record(
    {
        "rule": STRING,
        "role": STRING,
        "state": {"type": "string", "enum": ["waiting", "granted", "rejected"]},
        "decided_by": UUID_OR_NULL,
        "on_behalf_of": UUID_OR_NULL,
        "decided_at": MOMENT_OR_NULL,
    }
)
CASE_HEAD: dict[str, Json] = {
    "id": UUID, "flow": STRING, "site_id": UUID_OR_NULL, "number": TEXT_OR_NULL, "state": STRING, "version": INTEGER,
    "opened_at": MOMENT, "changed_at": MOMENT, "closed_at": MOMENT_OR_NULL,
}  # fmt: skip
CASE_REST: dict[str, Json] = {
    "title": STRING,
    "state_title": STRING,
    "closed": BOOLEAN,
    "deadlines": array(ref("Deadline")),
    "clock_stops": array(record({"reason": STRING, "from_at": MOMENT, "to_at": MOMENT_OR_NULL})),
    "steps": array(ref("Step")),
    "approvals": array(
        record(
            {
                "id": UUID,
                "step": STRING,
                "state": STRING,
                "opened_at": MOMENT,
                "requester_id": UUID_OR_NULL,
                "signatures": array(ref("Signature")),
            }
        )
    ),
    "files": array(ref("File")),
}
TIMELINE = page_of(record(
    {
        "seq": INTEGER, "at": MOMENT, "step": STRING, "title": STRING, "actor": STRING,
        "outcome": {"type": "string", "enum": ["done", "denied", "waiting", "late"]}, "note": STRING,
        "reasons": array(ref("Reason")), "changes": array(record({"title": STRING, "old": STRING, "new": STRING})),
        "dates": array(record({"name": STRING, "due_at": MOMENT_OR_NULL, "cause": STRING})),
        "files": array(ref("File")), "late": array(STRING),
    }
))  # fmt: skip
DONE = record(
    {
        "case_id": UUID, "step": STRING, "version": INTEGER, "state": STRING, "number": TEXT_OR_NULL,
        "deadlines": array(record({"name": STRING, "rule": STRING, "cause": STRING, "provisional": BOOLEAN, "due_at": MOMENT_OR_NULL})),
    }
)  # fmt: skip
WAITING = record(
    {
        "type": STRING,
        "title": STRING,
        "status": INTEGER,
        "detail": STRING,
        "instance": STRING,
        "approval_id": UUID,
        "reasons": array(ref("Reason")),
    },
    description="The step is stored and runs as soon as everybody asked said yes.",
)
APPROVALS = page_of(record(
    {
        "id": UUID, "href": STRING, "state": STRING, "version": INTEGER, "opened_at": MOMENT, "site_id": UUID_OR_NULL,
        "step": STRING, "step_title": STRING, "flow": STRING, "flow_title": STRING, "target_id": UUID_OR_NULL,
        "target_href": TEXT_OR_NULL, "requester": nullable(record({"id": UUID, "name": STRING})), "role": STRING,
        "about": {"type": "object", "description": "the values that the signature is for"},
        "form": {"type": "object", "description": "what was entered, without private fields"}, "reasons": array(ref("Reason")),
    }
))  # fmt: skip
NOTIFICATION = record(
    {
        "id": UUID, "at": MOMENT, "message": STRING, "rule": TEXT_OR_NULL, "flow": TEXT_OR_NULL, "case_id": UUID_OR_NULL,
        "site_id": UUID_OR_NULL, "urgent": BOOLEAN, "href": TEXT_OR_NULL, "read_at": MOMENT_OR_NULL,
    }
)  # fmt: skip
ME = record(
    {
        "staff": ref("Staff"), "company": record({"id": UUID, "code": STRING, "name": STRING, "zone": STRING}),
        "credential": record({"id": UUID, "is_token": BOOLEAN, "scopes": array(STRING)}),
        "permissions": {"type": "array", "items": STRING, "description": "at the company itself"},
    }
)  # fmt: skip

SCHEMAS: dict[str, Json] = {
    "Clause": CLAUSE,
    "Reason": REASON,
    "Problem": PROBLEM,
    "Change": record({"step": STRING, "title": STRING, "at": MOMENT, "actor": STRING}),
    "Origin": ORIGIN,
    "ExplainedRule": EXPLAINED_RULE,
    "Explanation": EXPLANATION,
    "File": FILE,
    "Site": SITE,
    "Sites": page_of(ref("Site")),
    "Staff": STAFF,
    "Session": record({"token": STRING, "expires_at": MOMENT, "staff": ref("Staff"), "sites": array(ref("Site"))}),
    "Me": ME,
    "Deadline": DEADLINE,
    "Step": STEP,
    "Signature": SIGNATURE,
    "Timeline": TIMELINE,
    "Done": DONE,
    "Waiting": WAITING,
    "Approvals": APPROVALS,
    "Notification": NOTIFICATION,
    "Notifications": page_of(ref("Notification")),
    "Description": {"type": "object", "description": "an OpenAPI 3.1 document"},
}

HEADERS: dict[str, Json] = {
    "AcceptLanguage": {"name": "Accept-Language", "in": "header", "required": False, "schema": {"type": "string"},
                       "description": "zh (default) or en"},
    "IfMatch": {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}")$'},
                "description": "The version that you saw, as it came in ETag; another one answers 412 with what changed."},
    "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": False,
                       "schema": {"type": "string", "pattern": r"^[!-~]{1,200}$"},
                       "description": "A key of your own: within seven days a repeated request answers as the first did."},
    "OccurredAt": {"name": "Occurred-At", "in": "header", "required": False, "schema": {"type": "string", "format": "date-time"},
                   "description": "When it happened, where it is reported later; with its zone."},
}  # fmt: skip
HEADERS["IdempotencyKeyNeeded"] = HEADERS["IdempotencyKey"] | {
    "required": True,
    "description": "This step moves money: a key of your own is required.",
}
