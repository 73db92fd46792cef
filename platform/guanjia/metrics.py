"""Figures for Prometheus: requests, steps, faults of rules, messages, and the database's connections.

No figure names a company: their number would multiply every series, and who scrapes need not know the customers. Under
gunicorn the processes share their figures through the folder in PROMETHEUS_MULTIPROC_DIR.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, Flask, Response, abort, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event, func, select

if TYPE_CHECKING:
    from guanjia.config import Config
    from guanjia.host import Host

REGISTRY = CollectorRegistry(auto_describe=True)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds

_requests = Counter("guanjia_requests", "Requests by rule, method and class of status.", ["endpoint", "method", "status"],
                    registry=REGISTRY)  # fmt: skip
_seconds = Histogram("guanjia_request_seconds", "How long requests took, by rule.", ["endpoint"], buckets=_BUCKETS,
                     registry=REGISTRY)  # fmt: skip
_steps = Counter("guanjia_steps", "Steps by flow and outcome: done, late, denied, waiting, failed.", ["flow", "outcome"],
                 registry=REGISTRY)  # fmt: skip
_faults = Counter("guanjia_plugin_faults", "Faults of plugins' programs: rules by key, pages, jobs, messages.",
                  ["plugin", "kind", "subject"], registry=REGISTRY)  # fmt: skip
_messages = Counter("guanjia_messages", "Messages carried out, by kind and outcome: done, again, dead.",
                    ["kind", "outcome"], registry=REGISTRY)  # fmt: skip
_connections = Gauge("guanjia_database_connections_in_use", "Connections taken from the pools of all processes.",
                     registry=REGISTRY, multiprocess_mode="livesum")  # fmt: skip


def count_request(endpoint: str, method: str, status: int, seconds: float) -> None:
    """A request was answered."""
    _requests.labels(endpoint, method, f"{status // 100}xx").inc()
    _seconds.labels(endpoint).observe(seconds)


def count_step(flow: str, outcome: str) -> None:
    """A step of the flow ended: done, late, denied, waiting, or failed."""
    _steps.labels(flow, outcome).inc()


def count_fault(plugin: str, kind: str, subject: str) -> None:
    """Something of a plugin failed: a rule (by its key) raised or took longer than it may, a page, a job, a message."""
    _faults.labels(plugin, kind, subject).inc()


def count_message(kind: str, outcome: str) -> None:
    """A message was carried out (done), will be tried again (again), or is given up (dead)."""
    _messages.labels(kind, outcome).inc()


def watch_pool(engine: Engine) -> None:
    """Connections that this engine lends out are counted."""
    event.listen(engine, "checkout", lambda *_: _connections.inc())
    event.listen(engine, "checkin", lambda *_: _connections.dec())


# ---- what is asked at each scrape


class Outbox(Collector):
    """How many messages wait and how many are dead, over all companies, at a bounded price.

    The table of what is due stands outside the walls and is asked whole. Messages are counted company by company, each
    within its walls: at each scrape those that were counted longest ago, for at most `budget` seconds; the others keep
    the figure of an earlier scrape. `guanjia_outbox_companies_counted` tells for how many there is a figure.
    """

    def __init__(self, app: Flask, host: Host, *, budget: float = 0.5) -> None:
        self._app, self._host, self._budget = app, host, budget
        self._known: dict[UUID, tuple[float, int, int]] = {}  # company → (counted at, waiting, dead)
        self._lock = threading.Lock()

    def describe(self) -> Iterable[Any]:
        """Nothing: the figures are asked when they are wanted."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures of this moment. A database that does not answer leaves them out."""
        try:
            with self._app.app_context(), self._lock:
                companies, late = self._look()
        except Exception:
            return
        figures = [self._known[i] for i in companies if i in self._known]
        messages = GaugeMetricFamily("guanjia_outbox_messages", "Messages that wait or are dead.", labels=["state"])
        messages.add_metric(["waiting"], sum(figure[1] for figure in figures))
        messages.add_metric(["dead"], sum(figure[2] for figure in figures))
        yield messages
        yield GaugeMetricFamily("guanjia_outbox_companies", "Companies of the installation.", value=len(companies))
        yield GaugeMetricFamily(
            "guanjia_outbox_companies_counted", "Companies in the figures above.", value=len(figures)
        )
        yield GaugeMetricFamily("guanjia_outbox_late_seconds", "How long the oldest due work has waited.", value=late)

    def _look(self) -> tuple[list[UUID], float]:
        from guanjia.db.session import system_session
        from guanjia.steps.models import Beacon, Tenant

        with system_session() as session:
            companies = list(session.scalars(select(Tenant.id)))
            first = session.scalar(select(func.min(Beacon.due_at)))
        ends = time.monotonic() + self._budget
        for company_id in sorted(companies, key=lambda i: self._known[i][0] if i in self._known else 0.0):
            self._known[company_id] = (time.monotonic(), *self._count(company_id))
            if time.monotonic() > ends:
                break
        late = (self._host.clock.now() - first).total_seconds() if first is not None else 0.0
        return companies, max(0.0, late)

    def _count(self, company_id: UUID) -> tuple[int, int]:
        from guanjia.db.session import tenant_session
        from guanjia.steps.models import OutboxMessage

        query = (
            select(OutboxMessage.state, func.count())
            .where(OutboxMessage.company_id == company_id, OutboxMessage.state.in_(("waiting", "dead")))
            .group_by(OutboxMessage.state)
        )
        with tenant_session(company_id) as session:
            found: dict[str, int] = dict(session.execute(query).all())
        return found.get("waiting", 0), found.get("dead", 0)


def scraped(app: Flask, host: Host) -> CollectorRegistry:
    """All figures of this process, or of all that share the folder, and the outbox's."""
    whole = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
    else:
        whole.register(_Own())
    whole.register(Outbox(app, host))
    return whole


class _Own(Collector):
    def collect(self) -> Iterable[Any]:
        return REGISTRY.collect()


# ---- how they are fetched


def install_metrics(app: Flask, host: Host) -> None:
    """`/metrics` answers whoever sends the token of GUANJIA_METRICS_TOKEN; without such a setting there is no page."""
    config: Config = host.config
    registry = scraped(app, host)
    app.extensions["guanjia_metrics"] = registry
    page = Blueprint("metrics", __name__)

    @page.get("/metrics")
    def figures() -> Response:
        wanted = f"Bearer {config.metrics_token}"
        given = request.headers.get("Authorization", "")
        if not config.metrics_token:
            abort(404)
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            return Response("", 401, {"WWW-Authenticate": 'Bearer realm="guanjia metrics"'})
        return Response(
            generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
        )

    app.register_blueprint(page)


def serve_metrics(app: Flask, address: str) -> Any:
    """Serve the figures on a port of their own ("9100" for this machine alone, or "0.0.0.0:9100"), without a token, in a
    thread of this process. Answers with the server, or None for an empty address. Raises ValueError, OSError."""
    if not address:
        return None
    name, _colon, port = address.rpartition(":")
    server, _thread = start_http_server(int(port), name or "127.0.0.1", app.extensions["guanjia_metrics"])
    return server
