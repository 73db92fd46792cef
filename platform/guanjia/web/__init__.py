"""Pages: the shell, the forms, the generic pages of every flow, and whatever plugins bring."""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request, send_from_directory, url_for
from flask_login import current_user
from jinja2 import ChoiceLoader, FileSystemLoader, pass_context
from jinja2.runtime import Context

from guanjia.web.addresses import PAGES, case_url, form_url, ledger_url, page_url, step_url
from guanjia.web.assets import init_assets
from guanjia.web.caller import current_host
from guanjia.web.errors import install_errors
from guanjia.web.pages import install_pages
from guanjia.web.security import init_security
from guanjia.web.shell import LANGUAGE_COOKIE, LazyShell
from guanjia.web.widgets import fen_to_yuan
from guanjia.words import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    Message,
    current_language,
    current_zone,
    show,
    speaking,
    translate,
)

if TYPE_CHECKING:
    from guanjia.host import Host

__all__ = ["PAGES", "install"]


def install(app: Flask, host: Host) -> None:
    """The app answers: security headers, static files, templates, errors, pages, the API, and the plugins' blueprints."""
    _language(app, host)  # first: a refusal of the next ones is said in the reader's language, too
    init_security(app)
    init_assets(app)
    _templates(app, host)
    _filters(app)
    install_errors(app)
    install_pages(app)
    _plugins(app, host)
    if importlib.util.find_spec("guanjia.api") is not None:
        api: Any = importlib.import_module("guanjia.api")
        if hasattr(api, "install"):
            api.install(app, host)


def _templates(app: Flask, host: Host) -> None:
    """The host's templates, then those of each plugin's folder. Messages, by `_` and by `{% trans %}`, are looked up in
    the words of the plugin whose template it is, then in the host's."""
    folders = [plugin.folder / "templates" for plugin in host.plugins.values()]
    own = FileSystemLoader(_own_templates())
    app.jinja_loader = ChoiceLoader([own, *(FileSystemLoader(f) for f in folders if f.is_dir())])
    app.jinja_env.add_extension("jinja2.ext.i18n")

    def domain(context: Context) -> str:
        owner = (context.name or "").split("/", 1)[0]
        return owner if owner in host.plugins else "guanjia"

    @pass_context
    def message(context: Context, text: str, /, **args: Any) -> Message:
        return Message(domain(context), text, tuple(args.items()))

    @pass_context
    def gettext(context: Context, text: str) -> str:
        return translate(domain(context), text, current_language())

    @pass_context
    def ngettext(context: Context, one: str, many: str, n: int) -> str:
        return translate(domain(context), one if n == 1 else many, current_language())

    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["_"] = message


def _own_templates() -> str:
    from pathlib import Path

    return str(Path(__file__).with_name("templates"))


def _filters(app: Flask) -> None:
    """`moment` and `day` in the reader's zone, `yuan` and `money` for whole fen, `size` for bytes."""
    app.jinja_env.filters.update(
        moment=show, yuan=fen_to_yuan, money=lambda fen: "" if fen is None else f"¥{fen_to_yuan(fen)}", day=_day, size=_size,
    )  # fmt: skip
    app.jinja_env.globals.update(
        page_url=page_url, case_url=case_url, ledger_url=ledger_url, step_url=step_url, form_url=form_url,
        plugin_static=plugin_static, fresh_key=lambda: str(current_host().ids.new()),
    )  # fmt: skip

    @app.context_processor
    def around() -> dict[str, Any]:
        return {"shell": LazyShell()}


def _day(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(current_zone()).date().isoformat()


def _size(value: int) -> str:
    if value < 1024 * 1024:
        return f"{max(1, value // 1024)} KB"
    return f"{value // (1024 * 1024)}.{value % (1024 * 1024) * 10 // (1024 * 1024)} MB"


def _language(app: Flask, host: Host) -> None:
    """The reader's language: chosen in the browser, else the person's own, else the installation's; zone until a site is known."""

    @app.before_request
    def speak() -> None:
        # Whoever keeps an application context open over several requests must not find the last one's reader in it.
        for name in [name for name in g if name.startswith("guanjia_")]:
            g.pop(name)
        g.pop("_login_user", None)
        chosen = request.cookies.get(LANGUAGE_COOKIE)
        if chosen not in LANGUAGES:
            known = current_user if request.path.startswith(("/static/", "/assets/")) is False else None
            chosen = known.language if known and known.is_authenticated else host.config.language or DEFAULT_LANGUAGE
        stack = ExitStack()
        stack.enter_context(speaking(str(chosen), UTC))
        g.guanjia_speaking = stack

    @app.teardown_request
    def silent(_error: BaseException | None) -> None:
        stack = g.pop("guanjia_speaking", None)
        if stack is not None:
            stack.close()


def _plugins(app: Flask, host: Host) -> None:
    """Blueprints and static folders of every plugin; whether it is on is asked by `caller`, at each request."""
    owners: dict[str, str] = app.extensions.setdefault("guanjia_blueprints", {})
    for plugin in host.plugins.values():
        for blueprint in plugin.blueprints:
            app.register_blueprint(blueprint)
            owners[blueprint.name] = plugin.key
        folder = plugin.folder / "static"
        if folder.is_dir() and plugin.key != "guanjia":
            _static(app, plugin.key, str(folder))


def _static(app: Flask, key: str, folder: str) -> None:
    def serve(filename: str) -> Response:
        return send_from_directory(folder, filename)

    app.add_url_rule(f"/static/{key}/<path:filename>", f"{key}_static", serve)


def plugin_static(plugin: str, filename: str) -> str:
    """The address of a static file that a plugin brings."""
    return url_for(f"{plugin}_static", filename=filename)
