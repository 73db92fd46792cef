"""The files of docs/deploy say what the program understands: names of settings, commands, and what must not be shared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from guanjia import under_gunicorn
from guanjia.cli import cli

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "deploy"
NAME = re.compile(r"\b(GUANJIA_[A-Z_]+)\b")
READ_HERE = ("platform/guanjia/config.py", "platform/guanjia/under_gunicorn.py")
BY_OTHERS = {"WEB_CONCURRENCY", "PROMETHEUS_MULTIPROC_DIR"}  # gunicorn's and prometheus-client's own


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def understood() -> set[str]:
    return {name for path in READ_HERE for name in NAME.findall((ROOT / path).read_text(encoding="utf-8"))}


def test_every_setting_that_is_named_is_read_by_the_program() -> None:
    for path in FOLDER.iterdir():
        named = set(NAME.findall(path.read_text(encoding="utf-8")))
        assert named <= understood(), (path.name, named - understood())


def test_every_setting_is_described() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert understood() <= set(NAME.findall(text)), understood() - set(NAME.findall(text))


def test_compose_has_web_worker_and_what_they_need(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"postgres", "redis", "migrate", "web", "worker"}
    for name in ("migrate", "web", "worker"):
        env = services[name]["environment"]
        assert env["GUANJIA_ENV"] == "production" and env["GUANJIA_SECURE_COOKIES"] == "1"
        assert set(env) <= understood() | BY_OTHERS
        assert env["GUANJIA_DATABASE_URL"].startswith("postgresql+psycopg://guanjia_app:")
        assert ("GUANJIA_OWNER_DATABASE_URL" in env) is (name == "migrate"), "only migrations know the owner"
    for name in ("web", "worker"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert set(compose["volumes"]) == {"database", "files"}


def test_secrets_have_no_default(compose: dict[str, Any]) -> None:
    text = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    for name in ("GUANJIA_SECRET_KEY", "GUANJIA_DATA_KEY", "APP_PASSWORD", "OWNER_PASSWORD", "POSTGRES_PASSWORD"):
        assert f"${{{name}:?}}" in text and f"{name}: postgres" not in text
    given = (FOLDER / "environment.example").read_text(encoding="utf-8")
    lines = [line for line in given.splitlines() if line and not line.startswith("#")]
    assert all(line.endswith("=") for line in lines)
    asked = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert {line[:-1] for line in lines} == asked


def test_commands_that_are_started_exist(compose: dict[str, Any]) -> None:
    texts = [(FOLDER / f"guanjia-{unit}.service").read_text(encoding="utf-8") for unit in ("web", "worker", "migrate")]
    started = [
        line.split("/bin/", 1)[1].split()
        for text in texts
        for line in text.splitlines()
        if line.startswith("ExecStart")
    ]
    started += [
        service["command"] for service in compose["services"].values() if service.get("command", [""])[0] == "guanjia"
    ]
    assert len(started) == 5
    for command in started:
        if command[0] == "guanjia":
            assert command[1] in cli.commands, command
        else:
            assert command == ["gunicorn", "-c", f"python:{under_gunicorn.__name__}"]
    docker = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    assert f'CMD ["gunicorn", "-c", "python:{under_gunicorn.__name__}"]' in docker


def test_stopping_waits_longer_than_the_program_does() -> None:
    web = (FOLDER / "guanjia-web.service").read_text(encoding="utf-8")
    assert int(re.findall(r"TimeoutStopSec=(\d+)", web)[0]) > under_gunicorn.graceful_timeout
    assert "GUANJIA_OWNER_DATABASE_URL" not in web and "/etc/guanjia/owner" not in web


def test_the_proxy_logs_no_query_and_no_referrer() -> None:
    text = (FOLDER / "nginx.conf").read_text(encoding="utf-8")
    format_ = text.split("log_format", 1)[1].split(";", 1)[0]
    assert not {"$request ", "$request_uri", "$args", "$http_referer", "$query_string"} & set(
        re.findall(r"\$\w+ ?", format_)
    )
    assert "X-Request-ID $request_id" in text and under_gunicorn.accesslog is None
