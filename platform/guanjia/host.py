"""The host: plugins found by their entry points, checked at start, and all that they declare, by key."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import update

from guanjia.channels.ports import Channels, NoChannels
from guanjia.clock import Clock, Ids
from guanjia.config import Config
from guanjia.db.base import Base
from guanjia.db.session import TenantSession
from guanjia.manifest import Job, Permission, Plugin
from guanjia.ports import CompanyInfo, Directory, SiteInfo
from guanjia.rules.clauses import ClauseBook, RuleText, load_clauses
from guanjia.rules.rule import Rule
from guanjia.steps.context import Context
from guanjia.steps.flow import Flow, Step
from guanjia.steps.models import Tenant
from guanjia.words import Label, Text, load_catalogue

if TYPE_CHECKING:
    from guanjia.faults import Faults
    from guanjia.files.store import FileStore
    from guanjia.jobs.relay import Relay
    from guanjia.steps.reactions import Reactions
    from guanjia.steps.rulebooks import Rulebooks

GROUP = "guanjia.plugins"
_log = logging.getLogger("guanjia.host")


class PluginFault(RuntimeError):
    """A plugin that cannot be loaded. The message is one sentence: which plugin, what is wrong, what to do."""

    holds_no_values = True


class Host:
    """Plugins, rules, flows and services of one installation."""

    rulebooks: Rulebooks
    reactions: Reactions
    faults: Faults
    files: FileStore
    relay: Relay

    def __init__(
        self,
        config: Config,
        plugins: Sequence[Plugin],
        *,
        clock: Clock | None = None,
        seed: int | None = None,
        left_out: Sequence[str] = (),
    ) -> None:
        from guanjia.faults import Faults
        from guanjia.files.store import FileStore
        from guanjia.jobs.relay import Relay
        from guanjia.steps.host_plugin import host_plugin
        from guanjia.steps.reactions import Reactions
        from guanjia.steps.rulebooks import Rulebooks

        self.config = config
        self.clock = clock or Clock()
        self.ids = Ids(self.clock, seed)
        self.left_out = tuple(left_out)
        self.plugins: dict[str, Plugin] = {}
        self.rules: dict[str, Rule] = {}
        self.texts: dict[str, RuleText] = {}
        self.labels: dict[str, Text] = {}
        self.regulations: dict[int, Text] = {}
        self.flows: dict[str, Flow] = {}
        self.permissions: dict[str, Permission] = {}
        self.jobs: dict[str, Job] = {}
        self._directory: Directory | None = None
        self.channels: Channels = NoChannels()
        for plugin in in_order([host_plugin(), *plugins]):
            self._add(plugin)
        self._check()
        self.faults = Faults(self)
        self.rulebooks = Rulebooks(self)
        self.reactions = Reactions(self)
        self.files = FileStore(self)
        self.relay = Relay(self)

    def _add(self, plugin: Plugin) -> None:
        if plugin.key in self.plugins:
            raise PluginFault(f"Two plugins call themselves {plugin.key}: uninstall one of them.")
        self.plugins[plugin.key] = plugin
        declared: tuple[tuple[str, dict[str, Any], Sequence[Any]], ...] = (
            ("permission", self.permissions, plugin.permissions),
            ("rule", self.rules, plugin.rules),
            ("flow", self.flows, plugin.flows),
            ("job", self.jobs, plugin.jobs),
        )
        for kind, table, items in declared:
            for item in items:
                if not item.key.startswith(plugin.key + "."):
                    raise PluginFault(
                        f'Plugin {plugin.key}: the {kind} {item.key} must begin with "{plugin.key}."; rename it.'
                    )
                if item.key in table:
                    raise PluginFault(f"Plugin {plugin.key}: the {kind} {item.key} is declared twice; remove one.")
                table[item.key] = item
        if plugin.directory is not None:
            self._directory = plugin.directory
        if plugin.channels is not None:
            self.channels = plugin.channels
        with _told_of(plugin, f"the package {plugin.package} cannot be imported", "correct its name"):
            folder = plugin.folder
        with _told_of(plugin, "clauses.toml cannot be read", "correct that entry"):
            if (folder / "clauses.toml").exists():
                self._add_clauses(load_clauses(folder / "clauses.toml"))
        with _told_of(plugin, "its translations cannot be read", "correct the .po file"):
            load_catalogue(plugin.key, folder / "translations")

    def _add_clauses(self, book: ClauseBook) -> None:
        self.texts |= book.rules
        self.labels |= book.labels
        self.regulations |= book.regulations

    def _check(self) -> None:
        for plugin in self.plugins.values():
            for flow in plugin.flows:
                for step in flow.steps.values():
                    if step.permission is not None and step.permission not in self.permissions:
                        raise PluginFault(
                            f"Plugin {plugin.key}: step {step.key} asks for the unknown permission {step.permission}; declare it."
                        )
            for job in plugin.jobs:
                if job.every not in (None, "day", "hour"):
                    raise PluginFault(
                        f'Plugin {plugin.key}: the job {job.key} cannot run every "{job.every}"; say "day" or "hour".'
                    )
            self._check_api(plugin)
            self._check_tables(plugin)
            for rule in plugin.rules:
                if rule.key not in self.texts:
                    raise PluginFault(
                        f"Plugin {plugin.key}: the rule {rule.key} has no entry in clauses.toml; write one."
                    )
                self._check_steps(plugin, rule)

    def _check_api(self, plugin: Plugin) -> None:
        names = [read.name for read in plugin.api]
        for read in plugin.api:
            if names.count(read.name) > 1 or f"{plugin.key}.{read.name}" in self.flows:
                raise PluginFault(
                    f"Plugin {plugin.key}: the address of the API reading {read.name} is taken, by another one or by a flow; rename it."
                )
            if read.permission is not None and read.permission not in self.permissions:
                raise PluginFault(
                    f"Plugin {plugin.key}: the API reading {read.name} asks for the unknown permission {read.permission}; declare it."
                )

    def _check_tables(self, plugin: Plugin) -> None:
        for name in tables_of(plugin):
            if not name.startswith(plugin.key + "_"):
                raise PluginFault(f'Plugin {plugin.key}: the table {name} must begin with "{plugin.key}_"; rename it.')

    def _check_steps(self, plugin: Plugin, rule: Rule) -> None:
        for function in (*rule.guards, *rule.deadlines, *rule.reactions, *rule.duties):
            for key in (
                *function.steps,
                *function.options.get("ends", ()),
                *function.options.get("met_by", ()),
            ):
                flow, _, name = key.rpartition(".")
                owner = key.split(".", 1)[0]
                if owner in self.plugins and (flow not in self.flows or name not in self.flows[flow].steps):
                    raise PluginFault(
                        f"Plugin {plugin.key}: rule {rule.key} names the unknown step {key}; correct its name."
                    )

    @property
    def directory(self) -> Directory:
        """The tenant core."""
        if self._directory is None:
            raise PluginFault("No tenant core is installed: install the distribution guanjia anew.")
        return self._directory

    def rule(self, key: str) -> Rule | None:
        """The rule of that key, or None."""
        return self.rules.get(key)

    def rule_order(self, key: str) -> int:
        """The rule's place in catalogue order; rules without one come last, by key."""
        text = self.texts.get(key)
        return text.order if text else 1_000_000

    def flow(self, key: str) -> Flow:
        """The flow of that key. Raises KeyError."""
        return self.flows[key]

    def step(self, step: Step | str) -> Step:
        """The step, by itself or by key. Raises KeyError."""
        if isinstance(step, Step):
            return step
        flow, _, name = step.rpartition(".")
        return self.flows[flow].steps[name]

    def is_active(self, plugin: str, place: SiteInfo | CompanyInfo) -> bool:
        """The one place that decides whether a plugin is on: installed, allowed for the company, on at the site."""
        found = self.plugins.get(plugin)
        return found is not None and (found.always_on or plugin in place.plugins)

    def rulebook_of(self, session: TenantSession, flow: str, case_id: Any) -> UUID | None:
        """The rulebook kept by a case of `flow`, for a record that serves it."""
        try:
            key = UUID(str(case_id))
        except ValueError:
            return None
        case = session.get(self.flow(flow).model, (session.company_id, key))
        return getattr(case, "rulebook_id", None)

    def directory_changed(self, session: TenantSession) -> None:
        """Move the company's version, so that every process refreshes what it keeps of it."""
        session.execute(update(Tenant).where(Tenant.id == session.company_id).values(version=Tenant.version + 1))

    def system(self, company_id: UUID, cause: str, site_id: UUID | None = None) -> Context:
        """A context of the system in one company, in the name of `cause`."""
        return Context(self, company_id, None, site_id, via="job", cause=cause)

    def after_commit(self, company_id: UUID) -> None:
        """Wake the relay: something may be due."""
        self.relay.wake(company_id)

    def label(self, key: str) -> Label | str:
        """The label of a coded value (a category, a field, a step at the door), or the key itself."""
        return self.labels.get(key, key)


def tables_of(plugin: Plugin) -> list[str]:
    """The tables that the plugin's package defines."""
    package = plugin.package + "."
    found = [m.class_ for m in Base.registry.mappers if (m.class_.__module__ + ".").startswith(package)]
    return sorted({str(model.__tablename__) for model in found})


@contextmanager
def _told_of(plugin: Plugin, what: str, remedy: str) -> Iterator[None]:
    """Whatever goes wrong in the block is told as a fault of the plugin."""
    try:
        yield
    except Exception as fault:
        raise PluginFault(f"Plugin {plugin.key}: {what} ({type(fault).__name__}: {fault}); {remedy}.") from fault


def discover(left_out: Iterable[str] = ()) -> list[Plugin]:
    """The installed plugins. Raises PluginFault, by name, for one that does not load: left out in silence, it would
    take its guards along. The operator may leave one out by name (GUANJIA_LEAVE_OUT)."""
    skipped = set(left_out)
    found = []
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        if entry.name in skipped:
            _log.warning("plugin %s is left out by the operator; its rules do not count", entry.name)
            continue
        try:
            plugin = entry.load()
        except Exception as fault:
            raise PluginFault(
                f"Plugin {entry.name} does not load ({type(fault).__name__}: {fault}). Mend or uninstall it, or leave it "
                f"out on purpose with GUANJIA_LEAVE_OUT={entry.name}; its rules then do not count, and headquarters sees that."
            ) from fault
        if not isinstance(plugin, Plugin):
            raise PluginFault(f"Plugin {entry.name}: {entry.value} is no Plugin; let the entry point name one.")
        found.append(plugin)
    return found


def in_order(plugins: Sequence[Plugin]) -> list[Plugin]:
    """The plugins, each after what it needs. Raises PluginFault for an unknown or circular need."""
    by_key: Mapping[str, Plugin] = {plugin.key: plugin for plugin in plugins}
    if len(by_key) != len(plugins):
        keys = [plugin.key for plugin in plugins]
        double = next(key for key in keys if keys.count(key) > 1)
        raise PluginFault(f"Two plugins call themselves {double}: uninstall one of them.")
    done: dict[str, Plugin] = {}

    def add(plugin: Plugin, path: tuple[str, ...]) -> None:
        if plugin.key in done:
            return
        if plugin.key in path:
            raise PluginFault(
                f"Plugins need each other in a circle: {' -> '.join([*path, plugin.key])}; remove one need."
            )
        for need in plugin.needs:
            if need not in by_key:
                raise PluginFault(
                    f"Plugin {plugin.key} needs {need}, which is not installed: install it, or leave {plugin.key} out."
                )
            add(by_key[need], (*path, plugin.key))
        done[plugin.key] = plugin

    for plugin in plugins:
        add(plugin, ())
    return list(done.values())
