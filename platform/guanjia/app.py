"""The application: configuration, database, host, pages and API put together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from flask_login import LoginManager
from sqlalchemy.pool import NullPool
from werkzeug.middleware.proxy_fix import ProxyFix

from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.db.session import prepare_engine
from guanjia.host import Host, discover
from guanjia.logs import install_request_log
from guanjia.manifest import Plugin
from guanjia.metrics import install_metrics, watch_pool
from guanjia.production import check_settings
from guanjia.words import load_catalogue


def create_app(
    config: Config | None = None,
    *,
    plugins: Sequence[Plugin] | None = None,
    clock: Clock | None = None,
    seed: int | None = None,
    null_pool: bool = False,
) -> Flask:
    """The Flask application. `plugins` defaults to all installed ones; `clock` and `seed` make a run repeatable.

    Raises PluginFault, by name, for a plugin that cannot be loaded, and ConfigFault for settings that lack something.
    """
    config = config or Config.from_environment()
    check_settings(config)
    config.data_folder.mkdir(parents=True, exist_ok=True)
    app = Flask("guanjia", static_folder=None, template_folder=None)
    app.config.update(
        SECRET_KEY=config.secret(),
        SQLALCHEMY_DATABASE_URI=config.database_url,
        # Parameters are what people typed: no message of an error repeats them.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True}
        | ({"poolclass": NullPool} if null_pool else {"pool_pre_ping": True}),
        MAX_CONTENT_LENGTH=6 * config.max_upload,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        SESSION_COOKIE_NAME="guanjia",
        WTF_CSRF_TIME_LIMIT=None,
    )
    if config.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    install_request_log(app)  # first, so that its line is written when all others have had their say
    load_catalogue("guanjia", _here() / "translations")
    host = Host(
        config,
        discover(config.leave_out) if plugins is None else plugins,
        clock=clock,
        seed=seed,
        left_out=config.leave_out,
    )
    app.extensions["guanjia"] = host
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        watch_pool(db.engine)
    _sign_in(app, host)
    from guanjia.health import install_health
    from guanjia.web import install

    install_health(app, host)
    install_metrics(app, host)
    install(app, host)
    return app


def _here() -> Path:
    return Path(__file__).parent


def _sign_in(app: Flask, host: Host) -> None:
    manager = LoginManager()
    manager.init_app(app)
    manager.user_loader(lambda cookie_id: host.directory.signed_in(cookie_id))
