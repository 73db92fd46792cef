"""What `guanjia doctor` looks at: each finding says what was looked at, how it stands, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from stat import S_IMODE
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from guanjia.calendar.days import known_years
from guanjia.config import Config
from guanjia.db.base import Base, CompanyScoped, db
from guanjia.db.migrate import pending
from guanjia.db.session import system_session, tenant_session
from guanjia.health import MIN_FREE
from guanjia.host import Host
from guanjia.keeping import KEY_FILE, KeyFault, key_ids
from guanjia.logs import described
from guanjia.plugin_commands.listing import gone
from guanjia.production import is_weak, role_faults
from guanjia.steps.models import Beacon, OutboxMessage, PluginFaultCount, Tenant

OK, WARN, FAULT = "ok", "warn", "fault"
LATE = timedelta(minutes=10)
SKEW = timedelta(seconds=5)
FAULTS_SINCE = timedelta(days=7)
_LITTLE = 1024 * 1024 * 1024  # bytes free, below which it is time to make room
MOST_NAMED = 10

WALLS = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity
       AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS walled
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname = current_schema()
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, its state (ok, warn, fault), what was found, and what to do; nothing to do where it is ok."""

    what: str
    state: str
    note: str
    do: str = ""

    def to_json(self) -> dict[str, str]:
        """As `--json` prints it."""
        return asdict(self)


def examine(host: Host) -> list[Finding]:
    """Everything that can be looked at, in order. Needs an application context; what raises is a finding itself."""
    found = list(settings(host.config))
    looks: tuple[tuple[str, Callable[[Host], Iterator[Finding]]], ...] = (
        ("plugins", _plugins), ("disk", _disk), ("time", _time), ("redis", _redis), ("database", _database),
    )  # fmt: skip
    for what, look in looks:
        found += _looked(what, look, host)
    if any(f.what == "database" and f.state == FAULT for f in found):
        return found
    for what, look in (("migrations", _migrations), ("walls", _walls), ("keys", _sealed), ("messages", _messages)):
        found += _looked(what, look, host)
    return found


def _looked(what: str, look: Callable[[Host], Iterator[Finding]], host: Host) -> list[Finding]:
    try:
        return list(look(host))
    except Exception as error:
        return [Finding(what, FAULT, described(error), "See the log of this command; the check itself failed.")]


def settings(config: Config) -> Iterator[Finding]:
    """Secrets, cookies and what the installation is for."""
    if not config.production:
        do = "Set GUANJIA_ENV=production: it refuses to start without what production needs."
        yield Finding("settings", WARN, "GUANJIA_ENV is not production", do)
    if config.secret_key:
        weak = is_weak(config.secret_key)
        yield Finding("secret", FAULT if weak else OK, "too short or an example" if weak else "set",
                      "Set another GUANJIA_SECRET_KEY; everybody signs in anew." if weak else "")  # fmt: skip
    else:
        yield Finding("secret", WARN, "kept in the data folder", "Set GUANJIA_SECRET_KEY if several machines serve.")
    try:
        names = ", ".join(key_ids(config))
        if config.data_key:
            yield Finding("keys", OK, f"GUANJIA_DATA_KEY names {names}, newest first")
        else:
            do = "Set GUANJIA_DATA_KEY to that file's content and move the file away, so that a copy of the folder tells nothing."
            yield Finding("keys", WARN, f"{KEY_FILE} lies in the data folder ({names})", do)
    except KeyFault as fault:
        yield Finding("keys", FAULT, str(fault), "Correct GUANJIA_DATA_KEY.")
    if not config.secure_cookies:
        do = "Serve through HTTPS and set GUANJIA_SECURE_COOKIES=1."
        yield Finding("cookies", WARN, "they travel without HTTPS", do)
    for name in ("secret.key", KEY_FILE):
        path = config.data_folder / name
        if path.exists() and S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("keys", FAULT, f"others can read {name}", f"chmod 600 {path}")


def _plugins(host: Host) -> Iterator[Finding]:
    yield Finding("plugins", OK, ", ".join(host.plugins))
    if host.left_out:
        yield Finding("plugins", WARN, f"left out, their rules do not count: {', '.join(host.left_out)}",
                      "Mend them and take them off GUANJIA_LEAVE_OUT.")  # fmt: skip
    for plugin in gone(host):
        yield Finding("plugins", WARN, f"{plugin.key} is uninstalled; {len(plugin.tables)} tables of it remain, its rules rest",
                      f"Install it again, or run `guanjia plugin remove {plugin.key}`.")  # fmt: skip


def _disk(host: Host) -> Iterator[Finding]:
    folder = host.config.data_folder
    free = shutil.disk_usage(folder).free
    probe = folder / ".doctor"
    try:
        probe.write_text("x")
        probe.unlink()
    except OSError as error:
        yield Finding(
            "disk", FAULT, f"cannot write: {described(error)}", f"Give the service's user the folder {folder}."
        )
        return
    state = FAULT if free < MIN_FREE else WARN if free < _LITTLE else OK
    yield Finding(
        "disk", state, f"{free // (1024 * 1024)} MB free", "" if state == OK else "Make room, or move GUANJIA_DATA."
    )


def _time(host: Host) -> Iterator[Finding]:
    try:
        ZoneInfo("Asia/Shanghai")
        yield Finding("time", OK, "time zones are known")
    except Exception:
        yield Finding("time", FAULT, "time zones are not known", "Install the package tzdata.")
    year = host.clock.now().year
    if year not in known_years():
        do = "Enter the year's notice under Calendar, or install a newer release; until then dates are provisional."
        yield Finding("time", WARN, f"the public holidays of {year} are not known", do)


def _redis(host: Host) -> Iterator[Finding]:
    if not host.config.redis_url:
        yield Finding("redis", OK, "not used: the worker carries messages out itself")
        return
    from redis import Redis

    try:
        Redis.from_url(host.config.redis_url, socket_connect_timeout=3, socket_timeout=3).ping()
        yield Finding("redis", OK, "answers")
    except Exception as error:
        do = "Start Redis or correct GUANJIA_REDIS_URL; nothing is lost meanwhile, the worker carries on without."
        yield Finding("redis", FAULT, type(error).__name__, do)


def _database(host: Host) -> Iterator[Finding]:
    try:
        with db.engine.connect() as connection:
            kind = db.engine.dialect.name
            connection.execute(text("select 1"))
            there = connection.execute(text("select clock_timestamp()")).scalar() if kind == "postgresql" else None
    except SQLAlchemyError as error:
        yield Finding("database", FAULT, described(error), "Start it, or correct GUANJIA_DATABASE_URL.")
        return
    yield Finding("database", OK, kind)
    if there is not None and abs(there - datetime.now(UTC)) > SKEW:
        apart = abs(there - datetime.now(UTC)).total_seconds()
        yield Finding(
            "time", WARN, f"this clock and the database's are {apart:.0f} s apart", "Let both follow one time server."
        )


def _migrations(host: Host) -> Iterator[Finding]:
    lacking = pending(host, host.config.database_url)
    if lacking:
        yield Finding("migrations", FAULT, f"{len(lacking)} revisions are missing", "Run `guanjia db upgrade`.")
    else:
        yield Finding("migrations", OK, "up to date")


def _walls(_host: Host) -> Iterator[Finding]:
    if db.engine.dialect.name != "postgresql":
        yield Finding(
            "walls", OK, "SQLite: the sessions and composite keys keep companies apart, no row-level security"
        )
        return
    faults = role_faults(db.engine)
    for fault in faults:
        yield Finding(
            "walls", FAULT, fault, "Name a plain role in GUANJIA_DATABASE_URL (docs/operations.md, PostgreSQL)."
        )
    if not faults:
        yield Finding("walls", OK, "the application's role owns nothing and is bound by row-level security")
    wanted = {mapper.local_table.name for mapper in Base.registry.mappers if issubclass(mapper.class_, CompanyScoped)}  # type: ignore[attr-defined]
    with db.engine.connect() as connection:
        walled: dict[str, bool] = {row.relname: row.walled for row in connection.execute(text(WALLS))}
    open_ones = sorted(name for name in wanted if walled.get(name) is False)
    if open_ones:
        yield Finding("walls", FAULT, f"no forced row-level security: {', '.join(open_ones[:MOST_NAMED])}",
                      "Run `guanjia db upgrade`; a plugin's own tables need secure_tables in their migration.")  # fmt: skip
    else:
        yield Finding("walls", OK, f"row-level security is forced on {len(wanted & set(walled))} tables")


def _companies() -> list[tuple[Any, str]]:
    with system_session() as session:
        return [(row.id, row.code) for row in session.execute(select(Tenant.id, Tenant.code).order_by(Tenant.code))]


def _sealed(host: Host) -> Iterator[Finding]:
    """Keys that stored values were sealed with, so that none is taken away too early."""
    columns = [
        (mapper.class_, attribute.key)
        for mapper in Base.registry.mappers
        for attribute in mapper.column_attrs
        if attribute.columns[0].info.get("sealed")
    ]
    listed, used = set(key_ids(host.config)), set()
    for company_id, _code in _companies():
        with tenant_session(company_id) as session:
            for model, name in columns:
                column = getattr(model, name)
                query = select(func.substr(column, 4, 8)).where(model.company_id == company_id, column != "")
                used |= set(session.scalars(query.distinct()))
    lost = sorted(used - listed)
    if lost:
        yield Finding("keys", FAULT, f"values were sealed with keys that are not listed: {', '.join(lost)}",
                      "Put these keys back into GUANJIA_DATA_KEY, behind the newest; without them the values are lost.")  # fmt: skip
    elif used:
        yield Finding("keys", OK, f"every sealed value can be opened (keys in use: {', '.join(sorted(used))})")


def _messages(host: Host) -> Iterator[Finding]:
    now = host.clock.now()
    with system_session() as session:
        first = session.scalar(select(func.min(Beacon.due_at)))
    if first is not None and now - first > LATE:
        minutes = int((now - first).total_seconds() // 60)
        yield Finding(
            "messages", FAULT, f"the oldest due message has waited {minutes} minutes", "Start `guanjia worker`."
        )
    dead: dict[str, int] = {}
    faulty: dict[str, int] = {}
    for company_id, code in _companies():
        with tenant_session(company_id) as session:
            counted = select(func.count()).select_from(OutboxMessage)
            n = (
                session.scalar(counted.where(OutboxMessage.company_id == company_id, OutboxMessage.state == "dead"))
                or 0
            )
            if n:
                dead[code] = n
            query = select(PluginFaultCount).where(
                PluginFaultCount.company_id == company_id, PluginFaultCount.last_at > now - FAULTS_SINCE
            )
            for row in session.scalars(query):
                faulty[f"{row.kind} {row.subject}"] = faulty.get(f"{row.kind} {row.subject}", 0) + row.count
    if dead:
        named = ", ".join(f"{code} {n}" for code, n in sorted(dead.items(), key=lambda item: -item[1])[:MOST_NAMED])
        do = 'Their headquarters sees them under "Messages that failed", and tries them again there.'
        yield Finding("messages", WARN, f"given up: {named}", do)
    else:
        yield Finding("messages", OK, "none is given up")
    if faulty:
        named = ", ".join(f"{what} {n}" for what, n in sorted(faulty.items(), key=lambda item: -item[1])[:MOST_NAMED])
        yield Finding(
            "plugins", WARN, f"faults within the last 7 days: {named}", "Send the log to whoever made the plugin."
        )
