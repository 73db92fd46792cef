"""The API's description as OpenAPI 3.1, made from the same operations, flows, forms and rules that answer it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Response
from marshmallow import Schema, fields

from guanjia.api.components import CASE_HEAD, CASE_REST, HEADERS, SCHEMAS, Json, page_of, record, ref
from guanjia.api.operation import Operation
from guanjia.api.plain import safe
from guanjia.api.reads import schema_name
from guanjia.host import Host
from guanjia.steps.flow import Column
from guanjia.words import Message, Text, speaking, words

_ = words("guanjia")

_INTRODUCTION = """Everything that staff do in the portal, as operations. A change is a *step* of a flow: it is decided by
the rules in force at the site and day, and a refusal (`/problems/refused`) lists every rule with its clause, its parameters
and who may approve. Where a rule asks for a signature, the step waits (202) and runs at the last yes.

Every operation that changes something takes an `Idempotency-Key`: the same request under the same key within seven days is
answered as the first was and does nothing again; another request under it is refused (`/problems/idempotency-key-reused`).
What failed keeps no key: it is decided anew.

`POST /api/v1/session` gives a token for `Authorization: Bearer`; cookies are not accepted. A token may be limited to scopes:
`read`, permissions, or keys of single steps. Moments are UTC, money is whole fen, lists go on at `next_cursor`.
What you cannot reach answers 404, like what does not exist. Texts come in Chinese or English (`Accept-Language`)."""
_PROBLEMS = {
    400: ("Malformed", "The request cannot be read."),
    401: ("Unauthenticated", "No token, or one that has ended."),
    403: ("Forbidden", "Roles or the token's scopes do not allow it."),
    404: ("NotFound", "It does not exist, or you cannot reach it."),
    409: ("WrongState", "The present state does not know the step, or the first request with this key still runs."),
    412: ("Stale", "Somebody changed it in the meantime; `changed` tells what."),
    413: ("TooLarge", "The request is too large."),
    415: ("UnsupportedMediaType", "The body has another media type."),
    422: ("Invalid", "Entries are wrong (`errors`), or rules refuse (`reasons`)."),
    429: ("TooMany", "Too many attempts; see Retry-After."),
    503: ("Unavailable", "Nothing was changed; see Retry-After."),
}
_KINDS: dict[str, Json] = {
    "text": {"type": ["string", "array", "object", "null"], "description": "text, or texts by number or name"},
    "choice": {"type": ["string", "array", "null"], "items": {"type": "string"}, "description": "a code, or several"},
    "staff": {"type": ["string", "null"]},
    "state": {"type": ["string", "null"]},
    "link": {"type": ["string", "null"]},
    "flag": {"type": ["boolean", "null"]},
    "number": {"type": ["integer", "string", "null"], "description": "whole, or a decimal as text"},
    "money": {"type": ["integer", "null"], "description": "fen"},
    "moment": {"type": ["string", "null"], "format": "date-time", "description": "UTC"},
    "due": {"type": ["string", "null"], "format": "date-time", "description": "UTC; null: none, or to be agreed"},
    "date": {"type": ["string", "null"], "format": "date"},
}


def description_of(host: Host, operations: Sequence[Operation]) -> Operation:
    """The operation that answers with the description of `operations` and of itself. It is made once, when first asked for."""
    kept: list[bytes] = []
    lock = threading.Lock()

    def view() -> Response:
        with lock:
            if not kept:
                kept.append(json.dumps(document(host, [*operations, own]), ensure_ascii=False).encode())
        return Response(kept[0], mimetype="application/json")

    own = Operation(
        "GET",
        "/openapi.json",
        "openapi",
        partial(view),
        _("This description"),
        "description",
        {200: "Description"},
        public=True,
    )
    return own


def document(host: Host, operations: Sequence[Operation]) -> Json:
    """The OpenAPI 3.1 document, in English."""
    with speaking("en"):
        return _Writer(host).write(operations)


class _Writer:
    def __init__(self, host: Host) -> None:
        self.host = host
        self.forms = MarshmallowPlugin(schema_name_resolver=_form_name)
        self.spec = APISpec(
            "Guanjia",
            _version(),
            "3.1.0",
            plugins=[self.forms],
            info={
                "description": _INTRODUCTION,
                "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
            },
        )
        converter = self.forms.converter
        assert converter is not None  # made by APISpec just now
        converter.add_attribute_function(_described)  # type: ignore[no-untyped-call]

    def write(self, operations: Sequence[Operation]) -> Json:
        self._components()
        paths: dict[str, Json] = {}
        for operation in operations:
            paths.setdefault(operation.documented_path, {})[operation.method.lower()] = self._operation(operation)
        for path, methods in paths.items():
            self.spec.path(path, operations=methods)
        found: Json = self.spec.to_dict()
        found["servers"] = [{"url": "/"}]
        found["security"] = [{"bearer": []}]
        found["tags"] = self._tags(operations)
        plain: Json = _plain(found)
        return plain

    def _components(self) -> None:
        self.spec.components.security_scheme(
            "bearer", {"type": "http", "scheme": "bearer", "description": "gj_<company>_<secret>"}
        )
        for name, schema in SCHEMAS.items():
            self.spec.components.schema(name, schema)
        for name, header in HEADERS.items():
            self.spec.components.parameter(name, "header", header)
        for status, (name, text) in _PROBLEMS.items():
            self.spec.components.response(name, _problem(text, self._example() if status == 422 else None))
        for flow in self.host.flows.values():
            values = record({c.name: _column(c) for c in flow.columns if c.in_api})
            state: Json = {
                "type": "string",
                "enum": [s.key for s in flow.states],
                "description": "; ".join(f"{s.key}: {s.title}" for s in flow.states),
            }
            head = CASE_HEAD | {"state": state, "values": ref(f"{flow.key}.Values")}
            self.spec.components.schema(f"{flow.key}.Values", values)
            self.spec.components.schema(f"{flow.key}.Item", record(head))
            self.spec.components.schema(f"{flow.key}.Page", page_of(ref(f"{flow.key}.Item")))
            self.spec.components.schema(f"{flow.key}.Case", record(head | CASE_REST))

        for plugin in self.host.plugins.values():
            for read in plugin.api:
                self.spec.components.schema(schema_name(plugin, read), schema=read.answer())

    def _tags(self, operations: Sequence[Operation]) -> list[Json]:
        names = dict.fromkeys(operation.tag for operation in operations)
        return [
            {"name": n, "description": str(self.host.flows[n].title)} if n in self.host.flows else {"name": n}
            for n in names
        ]

    def _operation(self, operation: Operation) -> Json:
        found: Json = {
            "operationId": operation.name,
            "summary": str(operation.summary),
            "tags": [operation.tag],
            "parameters": self._parameters(operation),
            "responses": self._responses(operation),
        }
        rules = self._rules(operation.guarded_by)
        lines = [operation.description, *(_rule_line(self.host, key) for key in rules)]
        described = "\n\n".join(line for line in lines if line)
        if described:
            found["description"] = described
        if rules:
            found["x-rules"] = rules
        if operation.public:
            found["security"] = []
        if operation.method == "POST":
            found["requestBody"] = self._body(operation)
        return found

    def _parameters(self, operation: Operation) -> list[Json | str]:
        found: list[Json | str] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
            for name in operation.path_names
        ]
        key = ["IdempotencyKey"] if operation.changes and not operation.keeps_key else []
        found += ["AcceptLanguage", *key, *operation.headers]  # apispec makes references of names
        if operation.query is not None:
            converter = self.forms.converter
            assert converter is not None
            found += converter.schema2parameters(operation.query(), location="query")
        return found

    def _body(self, operation: Operation) -> Json:
        if operation.takes_file:
            schema: Json = {
                "type": "object",
                "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
                "required": ["file"],
                "additionalProperties": False,
            }
            return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
        if operation.body is None:
            return {"required": False, "content": {"application/json": {"schema": record({})}}}
        form: Any = operation.body()
        return {
            "required": bool(any(f.required for f in form.fields.values())),
            "content": {"application/json": {"schema": form}},
        }

    def _responses(self, operation: Operation) -> Json:
        found: Json = {}
        for status, name in operation.answers.items():
            found[str(status)] = _answer(status, name)
        problems = {
            *operation.problems,
            *(() if operation.public else (401,)),
            *((400, 413) if operation.method == "POST" else ()),
            *((409, 422) if operation.changes else ()),
        }
        for status in sorted(problems):
            found[str(status)] = {"$ref": f"#/components/responses/{_PROBLEMS[status][0]}"}
        rules = self._rules(operation.guarded_by)
        if rules:
            found["422"] = _problem(_PROBLEMS[422][1], self._example(rules[0]))
        return found

    def _rules(self, step: str | None) -> list[str]:
        if step is None:
            return []
        keys = [rule.key for rule in self.host.rules.values() if any(step in guard.steps for guard in rule.guards)]
        return sorted(keys, key=self.host.rule_order)

    def _example(self, key: str | None = None) -> Json | None:
        """A refusal by the rule (or by the first that there is), as it would be told."""
        key = key or next((k for k in sorted(self.host.texts, key=self.host.rule_order) if k in self.host.rules), None)
        text = self.host.texts.get(key) if key else None
        rule = self.host.rules.get(key) if key else None
        if text is None or rule is None:
            return None
        title = "The regulations in force here do not allow this step now. See the reasons below."
        reason = {
            "rule": rule.key, "title": str(text.title), "outcome": "deny", "message": str(text.title),
            "clauses": [{"clause": c.ref, "text": str(c.asks)} for c in text.clauses],
            "params": {str(text.params.get(n, n)): _shown(v) for n, v in rule.params.defaults().items()},
            "role": None, "who_may_approve": [],
        }  # fmt: skip
        return {
            "type": "/problems/refused",
            "title": title,
            "status": 422,
            "detail": title,
            "instance": "/api/v1/…",
            "reasons": [reason],
        }


def _problem(text: str, example: Json | None = None) -> Json:
    content: Json = {"schema": ref("Problem")}
    if example is not None:
        content["examples"] = {"refused": {"value": example}}
    return {"description": text, "content": {"application/problem+json": content}}


def _answer(status: int, name: str) -> Json:
    words_of = {200: "Done.", 201: "It exists now.", 202: "Stored; waits for approval.", 204: "Done; nothing to tell."}
    if not name:
        return {"description": words_of[status]}
    if name == "binary":
        return {"description": "The content, with its own media type.", "content": {"*/*": {"schema": {}}}}
    return {"description": words_of[status], "content": {"application/json": {"schema": ref(name)}}}


def _rule_line(host: Host, key: str) -> str:
    """One rule that may refuse the step: title, clauses, what they ask, parameters with units and defaults."""
    text, rule = host.texts.get(key), host.rules[key]
    if text is None:
        return f"- Rule `{key}`"
    asks = " ".join(f"{clause.ref}: {clause.asks}" for clause in text.clauses)
    params = [
        f"{text.params.get(name, name)} (`{name}`{', ' + text.units[name] if name in text.units else ''}) = {_shown(default)}"
        for name, default in rule.params.defaults().items()
    ]
    return f"- Rule `{key}`, {text.title}. {asks}" + (f" Parameters: {'; '.join(params)}." if params else "")


def _column(column: Column) -> Json:
    found = dict(_KINDS.get(column.kind, {}))
    lines = [str(column.title), str(found.get("description", ""))]
    if column.labels:
        lines.append("; ".join(f"{code}: {label}" for code, label in column.labels.items()))
    return found | {"description": _sentences(lines)}


def _described(self: Any, field: fields.Field[Any], ret: Json) -> Json:
    """Label, help, unit and the meaning of choices, and the bounds that strict schemas add."""
    meta = field.metadata
    lines = [str(meta[name]) for name in ("label", "help") if meta.get(name) is not None]
    if meta.get("unit") is not None:
        lines.append(f"Unit: {meta['unit']}")
    choices = meta.get("choices")
    if isinstance(choices, list | tuple):
        pairs = [pair for pair in choices if isinstance(pair, list | tuple) and len(pair) == 2]
        lines.append("; ".join(f"{code}: {label}" for code, label in pairs))
    found: Json = {"description": _sentences(lines)} if any(lines) else {}
    if isinstance(field, fields.Integer) and "integer" in str(ret.get("type")):
        found["format"] = "int64"
    if isinstance(field, fields.Decimal):
        found |= {
            "type": ["string", "number", "null"] if field.allow_none else ["string", "number"],
            "format": "decimal",
        }
        found |= {name: _bound(ret[name]) for name in ("minimum", "maximum") if name in ret}
    if isinstance(meta.get("pattern"), str) and not isinstance(field, fields.String):
        found["pattern"] = None
    return found


def _bound(value: Any) -> int | float:
    """A decimal's bound as JSON Schema wants it: a number."""
    return int(value) if value == int(value) else float(value)


def _sentences(lines: Sequence[str]) -> str:
    """The lines as one text; what ends as a sentence gets no second stop."""
    told = [line for line in lines if line]
    return " ".join(line if line[-1] in ".?!:" or line is told[-1] else line + "." for line in told)


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(safe(value))


def _form_name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    name: str = f"{cls.__module__.removeprefix('guanjia.').removeprefix('plugins.')}.{cls.__name__}"
    return name.removesuffix("Schema").replace("<", "").replace(">", "") if issubclass(cls, Schema) else name


def _plain(value: Any) -> Any:
    """The document with words as text and without empty patterns."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items() if not (k == "pattern" and v is None)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Message | Text):
        return str(value)
    return safe(value)


def _version() -> str:
    try:
        return version("guanjia")
    except PackageNotFoundError:
        return "0"
