"""What is said outside, in the reader's language, with links that lead back to the application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from guanjia.channels.ports import Robot, Wish
from guanjia.channels.robots import Say
from guanjia.db.session import TenantSession
from guanjia.steps.models import Notification
from guanjia.words import Label, Message, show, speaking, words

if TYPE_CHECKING:
    from guanjia.host import Host

_ = words("guanjia")

MOST = 60  # notices in one digest; the rest is counted


def mail_about(host: Host, session: TenantSession, wish: Wish, notice: Notification) -> tuple[str, str]:
    """Subject and text of the mail about one notice."""
    site = host.directory.site(session, notice.site_id) if notice.site_id else None
    with speaking(wish.language, (site or host.directory.company(session)).zone):
        said = " ".join(str(Message.from_json(notice.message)).split())
        subject = str(_("Urgent: %(said)s", said=said)) if notice.urgent else said
        return subject, "\n".join([*_lines(host, session, notice, said), "", str(_WHY), ""])


def digest_of(host: Host, session: TenantSession, wish: Wish, notices: Sequence[Notification]) -> tuple[str, str]:
    """Subject and text of the day's mail about everything unread, newest first."""
    with speaking(wish.language, wish.zone):
        lines = [str(_("%(count)s unread notices:", count=len(notices)))]
        for notice in notices[:MOST]:
            said = " ".join(str(Message.from_json(notice.message)).split())
            lines += ["", *_lines(host, session, notice, said)]
        if len(notices) > MOST:
            lines += ["", str(_("And %(count)s more.", count=len(notices) - MOST))]
        all_of_them = link_to(host, None, None, None)
        lines += ["", f"{_('All notices')}{_(': ')}{all_of_them}"] if all_of_them else []
        return str(_("%(count)s unread notices", count=len(notices))), "\n".join([*lines, "", str(_WHY), ""])


def said_in_group(host: Host, session: TenantSession, robot: Robot, content: Mapping[str, Any], site_id: Any) -> Say:
    """A title, the document's number and a link; for a group of the whole company the site, too. No name, no phone."""
    site = host.directory.site(session, site_id) if site_id else None
    with speaking(robot.language):
        rule = host.texts.get(content["rule"])
        title: Label | str = rule.title if rule else _step_title(host, content["step"])
        flow = host.flows.get(content["flow"])
        about = " ".join(part for part in (str(flow.title) if flow else "", content["number"] or "") if part)
        where = site.name if site is not None and robot.site_id is None else ""
        case = UUID(content["case"]) if content["case"] else None
        link = link_to(host, content["flow"], case, site.code if site else None)
        return Say(str(title), (about, where), link, str(_("Open")))


def mail_to_try(host: Host, wish: Wish) -> tuple[str, str]:
    """Subject and text of the mail by which somebody tries their own address."""
    with speaking(wish.language, wish.zone):
        text = str(_("Notices from Guanjia reach you at this address. Nothing needs to be done."))
        return str(_("Test message")), "\n".join([text, host.config.public_url, "", str(_WHY), ""])


def said_to_try(host: Host, robot: Robot) -> Say:
    """What a robot says when somebody tries it."""
    with speaking(robot.language):
        text = str(_("This group gets notices from Guanjia. Nothing needs to be done."))
        return Say(str(_("Test message")), (text,), host.config.public_url, str(_("Open")))


def link_to(host: Host, flow: str | None, case_id: UUID | None, site_code: str | None) -> str:
    """The full address of a case's page, or of the reader's notices; empty where GUANJIA_PUBLIC_URL is not set."""
    from guanjia.web.addresses import path_of_case, path_of_page  # the pages need the steps, which need this module

    public = host.config.public_url
    if not public:
        return ""
    if flow is None or flow not in host.flows or case_id is None:
        return public + path_of_page("notifications")
    return public + path_of_case(flow, case_id, site_code)


def _lines(host: Host, session: TenantSession, notice: Notification, said: str) -> list[str]:
    site = host.directory.site(session, notice.site_id) if notice.site_id else None
    rule = host.texts.get(notice.rule or "")
    link = link_to(host, notice.flow, notice.case_id, site.code if site else None)
    told: list[tuple[object, object]] = [(_("Site"), site.name if site else ""), (_("Time"), show(notice.at)),
                                         (_("Rule"), f"{rule.refs} {rule.title}" if rule else ""), (_("Open"), link)]  # fmt: skip
    return [said, *(f"{label}{_(': ')}{value}" for label, value in told if value)]


def _step_title(host: Host, key: str) -> Label | str:
    try:
        return host.step(key).title
    except KeyError:
        return key


_WHY = _("You chose to be told by e-mail. Change that in your account, under Notices by e-mail.")
