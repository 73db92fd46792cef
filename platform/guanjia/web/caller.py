"""Who calls, and from where: what every page begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import current_app, g, request
from flask_login import current_user

from guanjia.db.session import tenant_session
from guanjia.errors import NotFound, Unauthenticated
from guanjia.host import Host
from guanjia.ports import CompanyInfo, SignedIn, SiteInfo
from guanjia.steps.context import Context
from guanjia.steps.loader import Loader
from guanjia.web.shell import shell
from guanjia.words import current_language, set_zone

__all__ = ["caller", "current_host", "is_api", "place", "plugin_of_blueprint", "reading", "shell", "signed_in"]


def current_host() -> Host:
    """The host of the running app."""
    return cast(Host, current_app.extensions["guanjia"])


def is_api() -> bool:
    """Whether the request came to the API, so that errors are answered as problem+json."""
    return request.path.startswith("/api/")


def signed_in() -> SignedIn:
    """Who is signed in. Raises Unauthenticated, which a page answers with the sign-in form."""
    if not current_user or not current_user.is_authenticated:
        raise Unauthenticated()
    return cast(SignedIn, current_user._get_current_object())


def caller(site_code: str | None = None) -> Context:
    """The signed-in person at that site, or at the company itself; moments are shown in its zone from here on.

    Raises Unauthenticated; NotFound for a site that the person does not reach, for headquarters where no assignment
    reaches the company, and for a page of a plugin that is off there.
    """
    user, host = signed_in(), current_host()
    now = host.clock.now()
    where: SiteInfo | CompanyInfo | None
    with tenant_session(user.company_id) as session:
        if site_code is None:
            where = host.directory.company(session)
            if host.directory.actor(session, user.staff_id, None, now) is None:
                raise NotFound()
        else:
            sites = host.directory.reachable(session, user.staff_id, now)
            where = next((site for site in sites if site.code == site_code), None)
            if where is None:
                raise NotFound()
    owner = plugin_of_blueprint(request.blueprint)
    if owner is not None and not host.is_active(owner, where):
        raise NotFound()
    set_zone(where.zone)
    site_id = where.id if isinstance(where, SiteInfo) else None
    context = Context(host, user.company_id, user.staff_id, site_id, language=current_language(),
                      via="api" if is_api() else "page")  # fmt: skip
    g.guanjia_place, g.guanjia_context = where, context
    return context


def place() -> SiteInfo | CompanyInfo | None:
    """Where the request is made, once `caller` has answered; else None."""
    return cast("SiteInfo | CompanyInfo | None", g.get("guanjia_place"))


@contextmanager
def reading(context: Context) -> Iterator[Loader]:
    """A loader for the length of the block, which the shell of the page reads with too."""
    with context.reading() as loader:
        g.guanjia_loader = loader
        try:
            yield loader
        finally:
            g.pop("guanjia_loader", None)


def plugin_of_blueprint(name: str | None) -> str | None:
    """The plugin whose hand-made pages stand in that blueprint; None for the host's own."""
    owners: dict[str, str] = current_app.extensions.get("guanjia_blueprints", {})
    return owners.get((name or "").split(".")[0])
