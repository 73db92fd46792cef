"""An operation of the API: its route and its place in the OpenAPI document come from one declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response
from werkzeug.routing import Map, Rule

from guanjia.schema import StrictSchema
from guanjia.words import Label

PREFIX = "/api/v1"
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Operation:
    """One method on one path. `path` is below the prefix, in Flask's writing; `name` is endpoint and operationId.

    `answers` maps a status to the name of its schema (empty: no body); `problems` are the statuses of errors beyond
    those that every operation may give; `headers` name request headers of the document's components; `guarded_by`
    is the step whose rules may refuse. `keeps_key`: the operation itself acts once under an Idempotency-Key; for all others
    that change something `guanjia.api.keys` sees to it. `gives_secret`: the answer is never kept in clear.
    """

    method: str
    path: str
    name: str
    view: Callable[..., Response]
    summary: Label
    tag: str
    answers: Mapping[int, str]
    problems: tuple[int, ...] = ()
    description: str = ""
    query: type[StrictSchema] | None = None
    headers: tuple[str, ...] = ()
    body: type[StrictSchema] | None = None
    takes_file: bool = False
    public: bool = False
    keeps_key: bool = False
    gives_secret: bool = False
    guarded_by: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether it changes something, and so takes an Idempotency-Key."""
        return self.method not in ("GET", "HEAD")

    @property
    def documented_path(self) -> str:
        """The whole path as OpenAPI writes it."""
        return PREFIX + _CONVERTER.sub(r"{\1}", self.path)

    @property
    def path_names(self) -> tuple[str, ...]:
        """The names of the parts of the path that vary."""
        return tuple(_CONVERTER.findall(self.path))


def documented(rule: Rule) -> str:
    """A registered rule's path as OpenAPI writes it."""
    return _CONVERTER.sub(r"{\1}", rule.rule)


def routes(url_map: Map) -> set[tuple[str, str]]:
    """(method, path) of every route of the API that the application really answers."""
    found = set()
    for rule in url_map.iter_rules():
        if rule.rule.startswith(PREFIX + "/"):
            found |= {(m, documented(rule)) for m in rule.methods or () if m not in ("HEAD", "OPTIONS")}
    return found
