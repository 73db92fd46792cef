"""gunicorn's settings: `gunicorn -c python:guanjia.under_gunicorn`, the number of processes in WEB_CONCURRENCY.

Threads serve requests side by side, for most of a request is waiting for the database. SIGTERM lets those in flight end.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from guanjia.config import Config

_config = Config.from_environment()
if (_config.metrics_token or _config.metrics_port) and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # Before anything imports prometheus_client, which decides then where its figures lie.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_config.data_folder / "metrics")
    shutil.rmtree(_config.data_folder / "metrics", ignore_errors=True)
if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    Path(folder).mkdir(parents=True, exist_ok=True)

wsgi_app = "guanjia.app:create_app()"
bind = os.environ.get("GUANJIA_BIND", "127.0.0.1:8000")
worker_class = "gthread"
threads = int(os.environ.get("GUANJIA_THREADS", "8"))
timeout = 60  # seconds without a sign of life, after which a process is replaced
graceful_timeout = 30  # seconds for requests in flight, after SIGTERM
keepalive = 5
accesslog = None  # it would quote addresses with what people searched for; the application writes a line of its own
errorlog = "-"
control_socket_disable = True


class Lines(Logger):  # type: ignore[misc]  # gunicorn tells no types
    """gunicorn's own words go the way of the application's, in the workers too, which are forked afterwards."""

    def setup(self, cfg: Any) -> None:
        """Called once in the main process, before its first word."""
        from guanjia.logs import set_up_logs

        super().setup(cfg)
        set_up_logs(_config)


logger_class = Lines


def on_starting(_server: Any) -> None:
    """Nothing is started with settings that lack something: one sentence each, and the end."""
    from guanjia.production import ConfigFault, check_settings

    try:
        check_settings(_config)
    except ConfigFault as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)


def when_ready(_server: Any) -> None:
    """The figures are served on a port of their own, if one is named; all processes' together."""
    if _config.metrics_port:
        from prometheus_client import CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        name, _colon, port = _config.metrics_port.rpartition(":")
        start_http_server(int(port), name or "127.0.0.1", registry)


def child_exit(_server: Any, worker: Any) -> None:
    """What a process had in use counts no longer when it has ended."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
