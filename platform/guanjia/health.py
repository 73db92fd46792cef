"""Probes for whoever runs the installation: `/health` touches nothing, `/ready` asks database, migrations and disk.

A full disk is told and does not make a process unready: it can serve whoever reads, and would be of no use anywhere else.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy import make_url, text

from guanjia.config import Config
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
        found = {"database": _database(), "migrations": known.get("migrations", False)}
        if found["database"] and not found["migrations"]:
            known["migrations"] = found["migrations"] = _migrated(host)
        serves = all(found.values())
        return jsonify(ready=serves, disk=has_room(host.config), **found), 200 if serves else 503

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


def has_room(config: Config) -> bool:
    """Whether the disks of files and of a SQLite database can be written to and have room for a while."""
    return all(os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= MIN_FREE for folder in _folders(config))


def _folders(config: Config) -> set[Path]:
    url = make_url(config.database_url)
    own = {config.data_folder}
    if url.get_backend_name() == "sqlite" and url.database:
        own.add(Path(url.database).absolute().parent)
    return {folder for folder in own if folder.is_dir()}
