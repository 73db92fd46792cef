"""Those who try the doors: browsers and programs of each kind of person, and what they are answered."""

from __future__ import annotations

import contextvars
import logging
import secrets
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from access.world import PASSWORD, Place, Plans
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.sdk import Context
from guanjia.steps.outcome import Done
from tenants.models import Role
from tenants.operators import sign_in_operator
from tenants.own import make_token
from tenants.sign_in import sign_in

# who → (company, account); `anonymous` and `operator` belong to no company
ACCOUNTS = {
    "rival": ("rival", "admin"), "west": ("acme", "west-site_manager"), "guest": ("acme", "east-guest"),
    "receptionist": ("acme", "east-receptionist"), "technician": ("acme", "east-repair_technician"),
    "head": ("acme", "east-department_head"), "manager": ("acme", "east-site_manager"), "hq": ("acme", "admin"),
    "region": ("acme", "region"), "rival_manager": ("rival", "east-site_manager"),
    "west_desk": ("acme", "west-receptionist"), "rival_desk": ("rival", "east-receptionist"),
}  # fmt: skip


class Faults(logging.Handler):
    """Collects what the application logged as its own fault."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message with the last line of the trace."""
        why = repr(record.exc_info[1])[:300] if record.exc_info and record.exc_info[1] else ""
        self.found.append(f"{record.getMessage()[:200]} {why}")


@dataclass
class Browser:
    """A browser; each request runs outside the test's own application context, as it does in a server."""

    app: Flask
    client: Client
    token: str = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        """The page."""
        return contextvars.Context().run(self.client.get, path, **options)

    def post(self, path: str, data: Any = None, *, token: bool = True, **options: Any) -> TestResponse:
        """The post of a form, with the page's token unless told otherwise."""
        sent = {**(data or {}), **({"csrf_token": self.token} if token else {})}
        return contextvars.Context().run(self.client.post, path, data=sent, **options)


@dataclass
class World:
    """The application with its people."""

    app: Flask
    plans: Plans
    faults: Faults = field(default_factory=Faults)
    _browsers: dict[str, Browser] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _addresses: Iterator[str] = field(default_factory=lambda: (f"10.0.{n // 250}.{n % 250}" for n in count()))

    def __post_init__(self) -> None:
        self.plans = deepcopy(self.plans)  # the template's serve all files of tests
        for name in ("guanjia.web", "guanjia.api", "guanjia.steps"):
            logging.getLogger(name).addHandler(self.faults)

    @property
    def host(self) -> Host:
        """The host."""
        found: Host = self.app.extensions["guanjia"]
        return found

    @property
    def east(self) -> Place:
        """The office that the tables speak of."""
        return self.plans.places["east"]

    def place(self, code: str) -> Place:
        """`east`, `west`, or `rival`."""
        return self.plans.places[code]

    def browser(self, who: str) -> Browser:
        """The person's browser, signed in once."""
        if who not in self._browsers:
            self._browsers[who] = self.fresh_browser(who)
        return self._browsers[who]

    def fresh_browser(self, who: str) -> Browser:
        """A browser with a session of its own."""
        client = self.app.test_client()
        raw = secrets.token_hex(16)
        signed: dict[str, str] = {"csrf_token": raw}
        if who == "operator":
            signed["operator"] = str(sign_in_operator(self.host, account="root", password=PASSWORD, address="127.0.0.1",
                                                      user_agent=""))  # fmt: skip
        elif who != "anonymous":
            company, account = ACCOUNTS[who]
            opened = sign_in(
                self.host, company=company, account=account, password=PASSWORD, address=next(self._addresses)
            )
            signed["_user_id"] = opened.signed_in.get_id()
        with contextvars.Context().run(client.session_transaction) as session:
            session.update(signed, _fresh=True)
        token = URLSafeTimedSerializer(self.app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(raw)
        return Browser(self.app, client, str(token))

    def token(self, who: str) -> str:
        """The person's bearer token; `manager/read` is an API token of the manager limited to that scope."""
        if who not in self._tokens:
            self._tokens[who] = self.fresh_token(who)
        return self._tokens[who]

    def fresh_token(self, who: str) -> str:
        """A token that nobody else uses."""
        person, _slash, scope = who.partition("/")
        company, account = ACCOUNTS[person]
        signed_in, bearer, _until = self.host.directory.sign_in(company, account, PASSWORD, next(self._addresses))
        if not scope:
            return bearer
        ctx = Context(self.host, signed_in.company_id, signed_in.staff_id, self.east.site_id)
        by_browser = replace(signed_in, is_token=False)
        return make_token(self.host, by_browser, ctx, name=scope, scopes=[scope], until_day=date(2026, 12, 31))

    def session_of(self, browser: Browser) -> UUID:
        """The id of the session that the browser is signed in with."""
        with contextvars.Context().run(browser.client.session_transaction) as session:
            return UUID(session["_user_id"].split(".")[1])

    def role_id(self, key: str) -> UUID:
        """The id of one of the test company's roles."""
        company = self.plans.acme.company_id
        with tenant_session(company) as session:
            return session.scalars(select(Role.id).where(Role.company_id == company, Role.key == key)).one()

    def no_faults(self) -> None:
        """The application logged no fault of its own since this was asked last."""
        found, self.faults.found = self.faults.found, []
        assert not found, "\n".join(found)

    def call(self, method: str, path: str, who: str, **options: Any) -> TestResponse:
        """A request to the API; `path` is below /api/v1."""
        headers = dict(options.pop("headers", {}))
        headers.setdefault("Accept-Language", "en")
        if who not in ("anonymous", "operator"):
            headers["Authorization"] = f"Bearer {self.token(who)}"
        client = self.browser(who).client if who == "operator" else self.app.test_client()
        return contextvars.Context().run(client.open, "/api/v1" + path, method=method, headers=headers, **options)

    def takes(self, who: str, step: str, case: Any = None, place: Place | None = None, **form: Any) -> Done:
        """The person takes a step, past pages and API."""
        where = place or self.east
        company, account = ACCOUNTS[who]
        plan = self.plans.acme if company == "acme" else self.plans.rival
        staff = plan.admin_id if account == "admin" else plan.staff[account]
        return Context(self.host, plan.company_id, staff, where.site_id).perform(step, case, form)
