"""What stands around every page: the site, the menu, the phone's tabs, the person's own menu, and what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import current_app, g, request, url_for
from flask_login import current_user
from sqlalchemy import func, select
from werkzeug.routing import BuildError

from guanjia.db.session import tenant_session
from guanjia.manifest import MenuItem
from guanjia.ports import ActorInfo, SignedIn, SiteInfo
from guanjia.steps import approvals
from guanjia.steps.flow import COMPANY, SITE, Flow, Step
from guanjia.steps.loader import Loader
from guanjia.steps.models import Approval, Notification, Signature, Task
from guanjia.steps.tasks import open_for
from guanjia.web.addresses import PAGES, endpoint_url, ledger_url, page_url
from guanjia.words import LANGUAGES, Label, current_language, set_zone, words

if TYPE_CHECKING:
    from guanjia.host import Host

_ = words("guanjia")

SITE_COOKIE = "guanjia_site"
LANGUAGE_COOKIE = "guanjia_language"
AREAS: dict[str, Label] = {
    "today": _("Today"), "work": _("Work"), "records": _("Records"), "office": _("Office"), "hq": _("Headquarters"),
}  # fmt: skip
ACCOUNT = "account"  # the area of the person's own menu


@dataclass
class Link:
    """An entry of a menu."""

    title: str
    url: str
    icon: str = "dot"
    badge: int = 0
    active: bool = False
    order: int = 100


@dataclass
class Group:
    """A part of the menu under its heading."""

    title: str
    items: list[Link]


@dataclass
class Here:
    """The site as the top bar names it; at headquarters the company."""

    name: str
    code: str = ""


@dataclass
class Shell:
    """What `guanjia/base.html` draws around a page."""

    lang: str
    lang_urls: dict[str, str] = field(default_factory=dict)
    user_name: str = ""
    user_role: str = ""
    site: Here | None = None
    sites: Sequence[tuple[str, str]] = ()
    menu: Sequence[Group] = ()
    tabs: Sequence[Link] = ()
    account_menu: Sequence[Link] = ()
    sign_out_url: str = ""


class LazyShell:
    """The shell, built when a template first looks at it: fragments and documents never pay for it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(shell(), name)


def shell(_context: object = None) -> Shell:
    """The shell of this request, built once."""
    if "guanjia_shell" not in g:
        g.guanjia_shell = _build()
    return cast(Shell, g.guanjia_shell)


def waiting_here(loader: Loader, staff_id: UUID) -> list[tuple[Approval, Signature]]:
    """The approvals that wait for this person at the site; at headquarters those of all sites that they reach."""

    def read() -> list[tuple[Approval, Signature]]:
        if loader.site is not None:
            found = approvals.waiting_for(loader, staff_id, [loader.site.id])
            return [pair for pair in found if pair[0].site_id is not None]
        sites = loader.host.directory.reachable(loader.session, staff_id, loader.now)
        return approvals.waiting_for(loader, staff_id, [site.id for site in sites])

    return loader.memo("waiting", read)


def tasks_here(loader: Loader, actor: ActorInfo) -> list[Task]:
    """The tasks that this person or one of their roles owes at the place, read once a request."""
    site_id = loader.site.id if loader.site else None
    return loader.memo("tasks", lambda: open_for(loader, actor.id, actor.facts.roles, site_id))


def may_create(loader: Loader, flow: Flow) -> list[Step]:
    """The steps by which this person may open a case of the flow here."""
    fits = loader.site is not None if flow.level == SITE else True
    if not fits or not loader.host.is_active(flow.plugin, loader.place) or not loader.may(flow.permission):
        return []
    return [
        step
        for step in flow.steps.values()
        if step.creates and step.on_page and not step.system_only and loader.may(step.permission)
    ]


def _build() -> Shell:
    found = Shell(current_language(), {code: page_url("language", code=code, next=_here()) for code in LANGUAGES})
    if g.get("guanjia_plain_shell") or not current_user or not current_user.is_authenticated:
        return found
    user = cast(SignedIn, current_user._get_current_object())
    loader = g.get("guanjia_loader")
    if loader is not None:
        _fill(found, user, loader)
        return found
    host: Host = current_app.extensions["guanjia"]
    with tenant_session(user.company_id) as session:
        place = g.get("guanjia_place")
        now = host.clock.now()
        sites = host.directory.reachable(session, user.staff_id, now)
        if place is None:
            last = request.cookies.get(SITE_COOKIE)
            place = next((site for site in sites if site.code == last), None) or (sites[0] if sites else None)
            # No caller() has set the zone: moments would show in UTC, or as the thread's last request had them.
            set_zone((place or host.directory.company(session)).zone)
        site = place if isinstance(place, SiteInfo) else None
        actor = host.directory.actor(session, user.staff_id, site.id if site else None, now)
        _fill(found, user, Loader(host, session, now, site, actor))
    return found


def _here() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else request.path


def _fill(found: Shell, user: SignedIn, loader: Loader) -> None:
    directory = loader.host.directory
    found.user_name = loader.actor.name if loader.actor else user.name
    reachable = directory.reachable(loader.session, user.staff_id, loader.now)
    at_company = directory.actor(loader.session, user.staff_id, None, loader.now) is not None
    company = directory.company(loader.session)
    found.sites = [(site.name, page_url("today", site.code)) for site in reachable]
    headquarters = str(_("%(company)s, headquarters", company=company.name))
    if at_company:
        found.sites = [(headquarters, page_url("overview")), *found.sites]
    found.site = Here(loader.site.name, loader.site.code) if loader.site else Here(headquarters)
    found.account_menu = _plugin_links(loader, ACCOUNT)
    found.sign_out_url = _sign_out()
    if loader.actor is None:
        return
    roles = [str(directory.role_title(loader.session, role)) for role in loader.actor.facts.roles]
    found.user_role = ("、" if found.lang == "zh" else ", ").join(roles)
    _fill_menu(found, loader, loader.actor)


def _fill_menu(found: Shell, loader: Loader, actor: ActorInfo) -> None:
    code = loader.site.code if loader.site else None
    unread = unread_count(loader, actor.id)
    start = (Link(str(_("Today")), page_url("today", code), "house") if code
             else Link(str(_("Overview")), page_url("overview"), "buildings"))  # fmt: skip
    inbox = Link(str(_("Approvals")), page_url("inbox", code), "check2-square", len(waiting_here(loader, actor.id)))
    duties = Link(str(_("Duties")), page_url("duties", code), "list-check", len(tasks_here(loader, actor)))
    notices = Link(str(_("Messages")), page_url("notifications"), "bell", unread)
    groups = []
    for area, title in AREAS.items():
        items = _plugin_links(loader, area)
        if area == ("work" if code else "hq"):
            items += _flow_links(loader)
        items.sort(key=lambda link: link.order)
        if area == "today":
            groups.append(Group("", [start, *items, inbox, duties, notices]))
        elif items:
            groups.append(Group(str(title if code or area != "office" else _("Administration")), items))
    found.menu = groups
    on_phone = [link for item, link in _plugin_items(loader) if item.on_phone][:2]
    found.tabs = [start, *on_phone, inbox, duties, notices][:5]
    _mark_active([link for group in groups for link in group.items], found.tabs)


def unread_count(loader: Loader, staff_id: UUID) -> int:
    """How many notices the person has not read."""
    query = (
        select(func.count())
        .select_from(Notification)
        .where(
            Notification.company_id == loader.company_id,
            Notification.staff_id == staff_id,
            Notification.read_at.is_(None),
        )
    )
    return int(loader.session.scalars(query).one())


def _plugin_links(loader: Loader, area: str) -> list[Link]:
    return [link for item, link in _plugin_items(loader) if item.area == area]


def _plugin_items(loader: Loader) -> list[tuple[MenuItem, Link]]:
    def read() -> list[tuple[MenuItem, Link]]:
        found = []
        for plugin in loader.host.plugins.values():
            if not loader.host.is_active(plugin.key, loader.place):
                continue
            for item in plugin.menu:
                with loader.host.faults.apart("menu", item.endpoint, plugin=plugin.key, company_id=loader.company_id):
                    url = _item_url(loader, item) if loader.may(item.permission) else None
                    if url is not None:
                        found.append((item, Link(str(item.title), url, item.icon, order=item.order)))
        return sorted(found, key=lambda pair: pair[0].order)

    return loader.memo("menu items", read)


def _item_url(loader: Loader, item: MenuItem) -> str | None:
    """The entry's address at this place; None where it does not belong here."""
    if item.area in ("hq", "operator") and loader.site is not None:
        return None
    if item.endpoint == f"{PAGES}.ledger":
        flow = loader.host.flows.get(f"{item.values.get('plugin')}.{item.values.get('flow')}")
        if flow is None or not loader.may(flow.permission) or (flow.level == SITE and loader.site is None):
            return None
    try:
        return endpoint_url(
            item.endpoint, loader.site.code if loader.site else None, None, **dict[str, Any](item.values)
        )
    except BuildError:
        return None


def _flow_links(loader: Loader) -> list[Link]:
    level = SITE if loader.site else COMPANY
    code = loader.site.code if loader.site else None
    return [
        Link(str(flow.title), ledger_url(flow, code), "journal-text", order=200 + n)
        for n, flow in enumerate(loader.host.flows.values())
        if flow.menu and flow.level == level and flow.plugin != "guanjia"
        and loader.host.is_active(flow.plugin, loader.place) and loader.may(flow.permission)
    ]  # fmt: skip


def _mark_active(*lists: Sequence[Link]) -> None:
    """Mark the entry whose address is the longest beginning of this one."""
    for links in lists:
        fitting = [link for link in links if _leads_here(link.url)]
        if fitting:
            max(fitting, key=lambda link: len(link.url)).active = True


def _leads_here(url: str) -> bool:
    path = url.split("?")[0].rstrip("/")
    here = request.path.rstrip("/")
    is_start = url in (page_url("overview"),) or (url.count("/") <= 3 and url.startswith("/s/") and url.endswith("/"))
    return here == path or (not is_start and here.startswith(path + "/"))


def _sign_out() -> str:
    for rule in current_app.url_map.iter_rules():
        if rule.rule == "/sign-out":
            return url_for(rule.endpoint)
    return ""
