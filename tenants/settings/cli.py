"""The command `guanjia rules`: every rule as data, and how one came to be as it is at a site."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, time
from typing import Any, NoReturn

import click
from sqlalchemy import select

from guanjia.db.session import system_session, tenant_session
from guanjia.host import Host
from guanjia.rules.settings import Setting
from guanjia.sdk import Loader, Rule
from guanjia.steps.models import Tenant
from guanjia.words import LANGUAGES, Text, show, speaking
from tenants.settings.levels import Row, Standing, standing
from tenants.settings.scope import COMPANY, SITE, find_scope
from tenants.settings.store import load_settings


@click.group("rules")
def rules() -> None:
    """The rules: what there is, and what is in force where."""


@rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="zh", show_default=True, help="Of the titles in the table."
)
def list_rules(as_json: bool, language: str) -> None:
    """List every rule, records and guidance included, in catalogue order."""
    from guanjia.cli import running

    with running() as (_app, host):
        found = all_rules(host)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    width = max((len(rule["key"]) for rule in found), default=0)
    for rule in found:
        line = f"{rule['key']:<{width}}  {rule['kind']:<9}  {rule['default']:<3}  {', '.join(rule['clauses'])}"
        click.echo(f"{line}  {rule['title_en' if language == 'en' else 'title_zh']}")


def all_rules(host: Host) -> list[dict[str, Any]]:
    """Every rule that has a text, with the defaults that its code declares; those of modules left out are missing."""
    found = []
    for text in sorted(host.texts.values(), key=lambda t: (t.order, t.key)):
        rule = host.rule(text.key)
        on = text.default == "on" if rule is None else rule.on
        found.append({
            "key": text.key,
            "kind": str(text.kind if rule is None else rule.kind),
            "plugin": text.key.split(".", 1)[0],
            "clauses": [clause.ref for clause in text.clauses],
            "title_zh": text.title.zh,
            "title_en": text.title.en,
            "default": "on" if on else "off",
            "params": rule.params.defaults() if rule is not None else {},
        })  # fmt: skip
    return found


@rules.command("explain")
@click.argument("key")
@click.option("--company", required=True, help="The company's code.")
@click.option("--site", "site_code", help="The site's code; without it, as headquarters has it.")
@click.option("--at", "at_text", help="A day or moment, as 2026-12-01 or 2026-12-01T08:00+08:00; else now.")
@click.option("--language", type=click.Choice(LANGUAGES), default="zh", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def explain(key: str, company: str, site_code: str | None, at_text: str | None, language: str, as_json: bool) -> None:
    """Tell how the rule KEY stands at a site: each value, who set it where, since when and why, and what is locked."""
    from guanjia.cli import running

    with running() as (_app, host):
        rule = host.rule(key)
        if rule is None or not rule.switched:
            _give_up(f"There is no rule {key} with a switch. `guanjia rules list` names them all.")
        with system_session() as outside:
            company_id = outside.scalars(select(Tenant.id).where(Tenant.code == company)).one_or_none()
        if company_id is None:
            _give_up(f"There is no company {company}. Look at its code where its staff sign in.")
        with tenant_session(company_id) as session, speaking(language):
            loader = Loader(host, session, host.clock.now())
            site = next((s for s in host.directory.sites(session) if s.code == site_code), None)
            if site_code is not None and site is None:
                _give_up(f"Company {company} has no open site {site_code}. Correct the code.")
            scope = find_scope(loader, SITE, site.id) if site is not None else find_scope(loader, COMPANY, None)
            assert scope is not None  # found just now
            at = loader.now if at_text is None else moment_of(at_text, scope.zone)
            stands = standing(loader, rule, scope, load_settings(session, rule=key), at)
            if as_json:
                click.echo(json.dumps(as_data(loader, stands), ensure_ascii=False, indent=1))
            else:
                _tell(loader, stands)


def moment_of(text: str, zone: Any) -> datetime:
    """The moment a person names; a day alone is its noon, site time."""
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(12), zone)
        moment = datetime.fromisoformat(text)
    except ValueError:
        _give_up(f"{text} is neither a day nor a moment. Write 2026-12-01 or 2026-12-01T08:00+08:00.")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def as_data(loader: Loader, stands: Standing) -> dict[str, Any]:
    """How the rule stands, for programs."""
    text = loader.host.texts[stands.rule.key]
    return {
        "key": text.key,
        "title_zh": text.title.zh,
        "title_en": text.title.en,
        "clauses": [{"clause": c.ref, "asks_zh": c.asks.zh, "asks_en": c.asks.en} for c in text.clauses],
        "scope": {"kind": stands.scope.kind, "id": str(stands.scope.id), "name": stands.scope.name},
        "at": stands.at.astimezone(UTC).isoformat(),
        "on": stands.resolved.on,
        "active": _is_active(stands),
        "values": {row.name: _row_data(loader, row) for row in stands.rows},
    }


def _is_active(stands: Standing) -> bool:
    place = next(place for place in stands.scope.places if place.id == stands.scope.id)
    return stands.rule.plugin in place.plugins


def _row_data(loader: Loader, row: Row) -> dict[str, Any]:
    return {
        "value": row.value,
        "set_by": _setting_data(loader, row.origin) if row.origin is not None else None,
        "locked_by": _setting_data(loader, row.lock) if row.lock is not None else None,
    }


def _setting_data(loader: Loader, setting: Setting) -> dict[str, Any]:
    return {
        "id": str(setting.id),
        "scope": loader.host.directory.scope_name(loader.session, setting.scope),
        "from_day": setting.from_day.isoformat(),
        "saved_at": setting.saved_at.astimezone(UTC).isoformat(),
        "author": _author(loader, setting),
        "reason": setting.reason,
    }


def _author(loader: Loader, setting: Setting) -> str:
    return loader.names([setting.author]).get(setting.author, "") if setting.author is not None else ""


def _tell(loader: Loader, stands: Standing) -> None:
    rule: Rule = stands.rule
    text = loader.host.texts[rule.key]
    click.echo(f"{text.title}  {rule.key}  ({text.refs})")
    for clause in text.clauses:
        click.echo(f"  {clause.ref}: {clause.asks}")
    click.echo(f"{stands.scope.name}  {stands.at.astimezone(stands.scope.zone):%Y-%m-%d %H:%M}")
    if not _is_active(stands):
        click.echo(str(Text("  模块在此停用，规则不起作用。", "  Its module is switched off here, so the rule rests.")))
    for row in stands.rows:
        origin = str(Text("制度默认", "by the regulation")) if row.origin is None else _in_words(loader, row.origin)
        click.echo(f"  {row.label}: {show(row.shown)}  [{origin}]")
        if row.lock is not None:
            click.echo(f"    {Text('已锁定', 'locked')}: {_in_words(loader, row.lock)}")


def _in_words(loader: Loader, setting: Setting) -> str:
    scope = loader.host.directory.scope_name(loader.session, setting.scope)
    return f"{scope}, {setting.from_day}, {_author(loader, setting)}: {setting.reason}"


def _give_up(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(2)
