"""What production refuses to start without: one sentence each, by the application and by every command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

import servers
from guanjia.app import create_app
from guanjia.config import Config
from guanjia.production import ConfigFault, check_settings, is_weak, lacking, role_faults

SECRET, DATA = "6f1c0e8fa2b94d53b7c1e09d58a6427f", "d41b8a03c97e4f62a5d0b1873e6c94fa"


def settings(folder: Path, **more: str) -> dict[str, str]:
    whole = {
        "GUANJIA_ENV": "production", "GUANJIA_DATA": str(folder), "GUANJIA_SECRET_KEY": SECRET, "GUANJIA_DATA_KEY": DATA,
        "GUANJIA_SECURE_COOKIES": "1",
    }  # fmt: skip
    return {name: value for name, value in (whole | more).items() if value}


def said(folder: Path, **more: str) -> list[str]:
    return list(lacking(Config.from_environment(settings(folder, **more))))


def test_a_whole_installation_starts(tmp_path: Path) -> None:
    assert said(tmp_path) == []
    config = Config.from_environment(settings(tmp_path))
    app = create_app(config)
    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert not (tmp_path / "secret.key").exists() and not (tmp_path / "data.key").exists()


@pytest.mark.parametrize(
    ("lacks", "names"),
    [
        ({"GUANJIA_SECRET_KEY": ""}, "GUANJIA_SECRET_KEY is not set"),
        ({"GUANJIA_SECRET_KEY": "short"}, "GUANJIA_SECRET_KEY is too short"),
        ({"GUANJIA_SECRET_KEY": "please-change-this-to-something-long-1234567"}, "GUANJIA_SECRET_KEY is too short, or an example"),
        ({"GUANJIA_SECRET_KEY": "a" * 64}, "GUANJIA_SECRET_KEY is too short"),
        ({"GUANJIA_DATA_KEY": ""}, "GUANJIA_DATA_KEY is not set"),
        ({"GUANJIA_DATA_KEY": f"{DATA},short"}, "GUANJIA_DATA_KEY is too short"),
        ({"GUANJIA_DATA_KEY": SECRET}, "GUANJIA_DATA_KEY is the same"),
        ({"GUANJIA_SECURE_COOKIES": ""}, "GUANJIA_SECURE_COOKIES is not 1"),
        ({"GUANJIA_ENV": "prod"}, "GUANJIA_ENV is neither"),
        ({"GUANJIA_LOG": "xml"}, "GUANJIA_LOG is neither"),
    ],
)  # fmt: skip
def test_each_lack_is_named_with_what_to_do(tmp_path: Path, lacks: dict[str, str], names: str) -> None:
    found = said(tmp_path, **lacks)
    assert any(sentence.startswith(names) for sentence in found), found
    assert all(SECRET not in sentence and DATA not in sentence for sentence in found)
    with pytest.raises(ConfigFault):
        create_app(Config.from_environment(settings(tmp_path, **lacks)))
    assert not list(tmp_path.iterdir()), "nothing is begun"


def test_all_lacks_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault) as caught:
        check_settings(Config.from_environment({"GUANJIA_ENV": "production", "GUANJIA_DATA": str(tmp_path)}))
    assert len(str(caught.value).splitlines()) == 3


def test_outside_of_production_a_first_run_needs_nothing(tmp_path: Path) -> None:
    check_settings(Config.from_environment({"GUANJIA_DATA": str(tmp_path)}))


def test_made_keys_are_strong_and_examples_are_not() -> None:
    import secrets

    assert not any(is_weak(secrets.token_hex(32)) or is_weak(secrets.token_urlsafe(32)) for _n in range(50))
    assert is_weak("0123456789abcdef0123456789abcdef") and is_weak("example-example-example-1234567890")


def test_the_owner_of_the_tables_may_not_serve(tmp_path: Path, postgres: servers.Postgres) -> None:
    name = f"guanjia_role_{os.getpid()}"
    owner = servers.clone(postgres.owner_url, "template1", name)
    app_url = postgres.app_url(owner)
    try:
        engine = create_engine(owner)
        with engine.begin() as connection:
            connection.exec_driver_sql("create table kept (id int)")
        engine.dispose()
        [sentence] = said(tmp_path, GUANJIA_DATABASE_URL=owner)
        assert "owns tables" in sentence and "docs/operations.md" in sentence
        assert said(tmp_path, GUANJIA_DATABASE_URL=app_url) == []
        plain = create_engine(app_url)
        assert role_faults(plain) == []
        plain.dispose()
    finally:
        servers.drop(postgres.owner_url, name)


def test_a_database_that_does_not_answer_is_no_reason(tmp_path: Path) -> None:
    assert said(tmp_path, GUANJIA_DATABASE_URL="postgresql+psycopg://nobody:x@127.0.0.1:1/none") == []


@pytest.mark.parametrize("command", [["guanjia.cli"], ["gunicorn", "-c", "python:guanjia.under_gunicorn"]])
def test_the_commands_end_with_two_and_the_sentences(tmp_path: Path, command: list[str]) -> None:
    if command[0] == "gunicorn":
        pytest.importorskip("gunicorn")
    else:
        command = ["guanjia.cli", "serve", "--port", "0"]
    run = [sys.executable, "-m", *command] if command[0] == "gunicorn" else [
        sys.executable, "-c", "from guanjia.cli import main; main()", *command[1:]
    ]  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUANJIA_")}
    env = kept | settings(tmp_path, GUANJIA_SECRET_KEY="")
    done = subprocess.run(run, env=env, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert done.returncode == 2, done.stdout + done.stderr
    assert "GUANJIA_SECRET_KEY is not set" in done.stderr and "Traceback" not in done.stderr
