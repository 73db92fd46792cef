"""Probes for whoever runs the installation: `/health` touches nothing, `/ready` asks database, migrations and disk."""

from __future__ import annotations

import os
import shutil

from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy import text

from guanjia.db.base import db
from guanjia.db.migrate import pending
from guanjia.host import Host

MIN_FREE = 64 * 1024 * 1024  # bytes


def install_health(app: Flask, host: Host) -> None:
    """Add the two probes. They need no sign-in and tell nothing of any company."""
    probes = Blueprint("health", __name__)
    known: dict[str, bool] = {}

    @probes.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    @probes.get("/ready")
    def ready() -> tuple[Response, int]:
        found = {"database": _database(), "disk": _disk(host), "migrations": known.get("migrations", False)}
        if found["database"] and not found["migrations"]:
            known["migrations"] = found["migrations"] = _migrated(host)
        return jsonify(ready=all(found.values()), **found), 200 if all(found.values()) else 503

    app.register_blueprint(probes)


def _database() -> bool:
    try:
        with db.engine.connect() as connection:
            connection.execute(text("select 1"))
    except Exception:
        return False
    return True


def _migrated(host: Host) -> bool:
    try:
        return not pending(host, host.config.database_url)
    except Exception:
        return False


def _disk(host: Host) -> bool:
    folder = host.config.data_folder
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= MIN_FREE
