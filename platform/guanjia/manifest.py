"""The manifest: everything that a plugin adds, visible in one object, checked when the host starts."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guanjia.rules.rule import Rule
from guanjia.schema import StrictSchema
from guanjia.steps.flow import Flow
from guanjia.words import Label

if TYPE_CHECKING:
    from click import Command
    from flask import Blueprint

    from guanjia.channels.ports import Channels
    from guanjia.ports import Directory


@dataclass(frozen=True)
class Permission:
    """Something that staff may do, in words of work. `roles` get it by default; `level` is its lowest scope."""

    key: str
    title: Label
    help: Label
    roles: tuple[str, ...] = ()
    level: str = "site"


@dataclass(frozen=True)
class MenuItem:
    """An entry of the navigation. Hidden where the plugin is off or the permission is missing.

    `area` is `today`, `work`, `records`, `office`, `hq` or `operator`; `endpoint` is Flask's, with `values`.
    """

    area: str
    title: Label
    endpoint: str
    order: int = 100
    permission: str | None = None
    icon: str = "dot"
    values: Mapping[str, str] = field(default_factory=dict)
    on_phone: bool = False


@dataclass(frozen=True)
class Job:
    """Work in the background: `run(ctx, payload)` gets a system context of one company. Can run twice without harm."""

    key: str
    run: Callable[..., Any]
    every: str | None = (
        None  # "day": started by the host for each company shortly after midnight; "hour": at each full hour
    )


@dataclass(frozen=True)
class ApiRead:
    """A reading of the plugin's own in the API: GET `/api/v1/sites/{site_id}/<plugin>/<name>`, or below `/company/` with
    `level="company"`. `read(loader, query)` answers with what `answer` dumps, and stands in the OpenAPI document.

    Only readings: whatever changes is a step, and every step is an operation already.
    """

    name: str
    title: Label
    read: Callable[..., Mapping[str, Any]]
    answer: type[StrictSchema]
    query: type[StrictSchema] | None = None
    level: str = "site"
    permission: str | None = None

    @property
    def key(self) -> str:
        """The name, as other declarations have a key."""
        return self.name


@dataclass(frozen=True, eq=False)
class Plugin:
    """A plugin. `package` names its Python package: templates, static files, translations and migrations lie there."""

    key: str
    title: Label
    package: str
    summary: Label | None = None
    regulation: str = ""
    needs: tuple[str, ...] = ()
    always_on: bool = False
    permissions: Sequence[Permission] = ()
    flows: Sequence[Flow] = ()
    rules: Sequence[Rule] = ()
    menu: Sequence[MenuItem] = ()
    jobs: Sequence[Job] = ()
    commands: Sequence[Command] = ()
    blueprints: Sequence[Blueprint] = ()
    lookups: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    api: Sequence[ApiRead] = ()
    directory: Directory | None = None
    channels: Channels | None = None
    models: str = "models"  # module within the package whose import defines the tables

    @property
    def folder(self) -> Path:
        """The folder of the plugin's package."""
        module = importlib.import_module(self.package)
        assert module.__file__ is not None  # a package with an __init__ file, checked at start
        return Path(module.__file__).parent
