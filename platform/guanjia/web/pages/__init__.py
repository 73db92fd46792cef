"""The generic pages: one module for each thing that people do with every flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask

from guanjia.web.addresses import PAGES

View = Callable[..., Any]


def install_pages(app: Flask) -> None:
    """All generic pages are registered; each of `/s/<site>` with its twin below `/hq`."""
    from guanjia.web.pages import (
        case,
        dates,
        duties,
        explain,
        files,
        inbox,
        ledger,
        lookup,
        messages,
        notices,
        start,
        step,
    )
    from guanjia.web.pages.documents import document

    pages = Blueprint(PAGES, __name__)

    def both(path: str, name: str, view: View, *methods: str) -> None:
        options: dict[str, Any] = {"methods": methods or ("GET",)}
        pages.add_url_rule(f"/s/<site_code>{path}", name, view, **options)
        pages.add_url_rule(f"/hq{path}", name, view, defaults={"site_code": None}, **options)

    pages.add_url_rule("/", "home", start.home)
    pages.add_url_rule("/language/<code>", "language", start.language)
    pages.add_url_rule("/s/<site_code>/", "today", start.today)
    pages.add_url_rule("/hq/", "overview", start.overview)
    pages.add_url_rule("/hq/messages", "messages", messages.failed, methods=("GET", "POST"))
    pages.add_url_rule("/notifications", "notifications", notices.notifications)
    pages.add_url_rule("/notifications/read", "read_all", notices.read_all, methods=("POST",))
    pages.add_url_rule("/notifications/<uuid:notice_id>", "open_notice", notices.open_notice, methods=("POST",))
    pages.add_url_rule("/files/<uuid:file_id>", "file", files.file)
    both("/inbox", "inbox", inbox.inbox)
    both("/inbox/<uuid:approval_id>/<any(grant,reject,withdraw):act>", "decide", inbox.decide, "POST")
    both("/duties", "duties", duties.duties)
    both("/dates", "dates", dates.dates, "GET", "POST")
    both("/lookup/<name>", "lookup", lookup.lookup)
    flow = "/<plugin>/<flow>"
    both(flow, "ledger", ledger.ledger)
    both(f"{flow}/export.xlsx", "export", ledger.export)
    both(f"{flow}/new/<step>", "new", step.new, "GET", "POST")
    both(f"{flow}/<uuid:case_id>", "case", case.case)
    both(f"{flow}/<uuid:case_id>/explain", "explain", explain.explain)
    both(f"{flow}/<uuid:case_id>/print/<doc>", "document", document)
    both(f"{flow}/<uuid:case_id>/<step>", "step", step.step, "GET", "POST")
    app.register_blueprint(pages)
