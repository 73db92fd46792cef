"""Logs: one line a request, JSON or plain, with the numbers that lead somewhere and without anything that was typed."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import office
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.errors import Invalid
from guanjia.logs import about, described, set_up_logs
from signed_in import browser

SECRET = "13987654321"
TOLD_ALWAYS = {"event", "level", "logger", "at"}


@pytest.fixture
def lines() -> Iterator[Any]:
    """What is logged while the test runs, as JSON."""
    root, stream = logging.getLogger(), io.StringIO()
    kept, level = list(root.handlers), root.level
    names = (
        "werkzeug",
        "gunicorn.access",
        "gunicorn",
        "gunicorn.error",
        "alembic",
        "sqlalchemy",
        "httpx",
        "httpcore",
        "rq",
    )
    states = {
        n: (logging.getLogger(n).disabled, logging.getLogger(n).propagate, logging.getLogger(n).level) for n in names
    }
    set_up_logs(config(log_format="json"), stream=stream)

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    read.text = stream.getvalue  # type: ignore[attr-defined]
    yield read
    root.handlers[:] = kept
    root.setLevel(level)
    for name, (disabled, propagate, own) in states.items():
        logger = logging.getLogger(name)
        logger.disabled, logger.propagate = disabled, propagate
        logger.setLevel(own)


def config(**more: Any) -> Config:
    return Config(data_folder=Path("/nowhere"), database_url="sqlite://", owner_database_url="sqlite://", **more)


def failing(app: Flask, rule: str, view: Callable[..., Any]) -> None:
    """The address answers by `view`, as it does in a server: errors are answered and not raised."""
    app.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)
    app.view_functions[next(r.endpoint for r in app.url_map.iter_rules() if r.rule == rule)] = view


def reads_badly(**_values: Any) -> None:
    typed = {"phone": request.form.get("number", SECRET)}
    raise ValueError(f"cannot read {typed}")


def asks_badly(**_values: Any) -> None:
    with db.engine.connect() as connection:
        connection.execute(text("select * from nowhere where phone = :phone"), {"phone": SECRET})


def test_a_request_is_one_line_with_who_where_and_how_long(east: office.Office, lines: Any) -> None:
    desk = browser(east, "receptionist")
    answer = desk.get(f"/s/east/customer_service/request?q={SECRET}", headers={"X-Request-ID": "proxy-0001.a"})
    assert answer.status_code == 200 and answer.headers["X-Request-ID"] == "proxy-0001.a"
    [line] = [found for found in lines() if found["event"] == "request"]
    assert set(line) == TOLD_ALWAYS | {
        "method", "status", "ms", "request_id", "endpoint", "company_id", "actor_id", "site", "flow"
    }  # fmt: skip
    assert (line["method"], line["status"], line["request_id"]) == ("GET", 200, "proxy-0001.a")
    assert (line["endpoint"], line["flow"], line["site"]) == (
        "/s/<site_code>/<plugin>/<flow>",
        "customer_service.request",
        "east",
    )
    person = east.person("receptionist")
    assert (line["company_id"], line["actor_id"]) == (str(person.context.company_id), str(person.id))
    assert line["ms"] >= 0 and line["at"].endswith("Z")
    assert SECRET not in lines.text()


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with blank 12", "bad/…/12345", SECRET, "11010519491231002X"])
def test_a_request_number_that_is_none_is_replaced(east: office.Office, given: str) -> None:
    answer = browser(east, "receptionist").get("/", headers={"X-Request-ID": given.encode().decode("latin-1")})
    number = answer.headers["X-Request-ID"]
    assert number != given and len(number) == 32 and number.isalnum()


def test_what_is_nowhere_is_told_without_its_address(east: office.Office, lines: Any) -> None:
    browser(east, "receptionist").get(f"/s/{SECRET}/x/{SECRET}/y/z/a/b")
    browser(east, "receptionist").get(f"/s/{SECRET}/customer_service/request")
    told = [line for line in lines() if line["event"] == "request"]
    assert [(line["status"], line["endpoint"]) for line in told] == [
        (404, "(none)"),
        (404, "/s/<site_code>/<plugin>/<flow>"),
    ]
    assert SECRET not in lines.text()


def test_probes_are_not_told(east: office.Office, lines: Any) -> None:
    client = east.company.app.test_client()
    assert client.get("/health").status_code == 200
    assert lines() == []


def test_a_fault_tells_its_places_and_a_number_that_the_person_sees(east: office.Office, lines: Any) -> None:
    failing(east.company.app, "/s/<site_code>/registry/find", reads_badly)
    page = browser(east, "receptionist", "en").post("/s/east/registry/find", {"number": SECRET})
    assert page.status_code == 500 and SECRET not in page.text
    number = page.headers["X-Request-ID"]
    assert number in page.text and "tell your administrator the number below" in page.text
    fault = next(line for line in lines() if line.get("error") == "ValueError")
    assert fault["request_id"] == number and fault["level"] == "error"
    assert any("test_logs.py" in place and "reads_badly" in place for place in fault["trace"])
    failing(east.company.app, "/s/<site_code>/registry/find", asks_badly)
    page = browser(east, "receptionist", "en").get("/s/east/registry/find")
    assert page.status_code in (500, 503) and "OperationalError" in lines.text()
    assert SECRET not in lines.text() + page.text


def test_the_api_tells_the_number_of_a_fault(east: office.Office, lines: Any) -> None:
    app = east.company.app
    form = {"company": "acme", "account": "east-receptionist", "password": office.PASSWORD}
    token = app.test_client().post("/api/v1/session", json=form).get_json()["token"]
    failing(app, "/api/v1/notifications", reads_badly)
    answer = app.test_client().get("/api/v1/notifications", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 500, answer.text
    assert answer.get_json()["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["X-Request-ID"] in lines.text() and SECRET not in lines.text() + answer.text
    assert token not in lines.text() and office.PASSWORD not in lines.text()


def test_records_of_libraries_go_the_same_way_without_values(lines: Any) -> None:
    log = logging.getLogger("somebody.else")
    log.warning("GET /s/east/lookup?q=%s took long", SECRET)
    try:
        raise KeyError(SECRET)
    except KeyError:
        log.exception("a library failed")
    logging.getLogger("werkzeug").info("127.0.0.1 GET /x?q=%s", SECRET)
    first, second = lines()
    assert first["event"] == "GET /s/east/lookup?… took long" and first["logger"] == "somebody.else"
    assert second["error"] == "KeyError" and SECRET not in lines.text()


def test_work_outside_of_requests_says_what_it_was_about(lines: Any) -> None:
    with about(company_id="c-1", message_id="m-1", kind="Notify", nothing=None):
        logging.getLogger("guanjia.jobs").warning("late")
    logging.getLogger("guanjia.jobs").warning("other")
    first, second = lines()
    assert (first["company_id"], first["message_id"], first["kind"]) == ("c-1", "m-1", "Notify")
    assert "nothing" not in first and "company_id" not in second


def test_a_chain_of_faults_is_told_whole(lines: Any) -> None:
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as inner:
            raise RuntimeError(SECRET) from inner
    except RuntimeError:
        logging.getLogger("guanjia.x").exception("both")
    [line] = lines()
    assert line["error"] == "RuntimeError" and "ValueError" in line["trace"] and "which led to:" in line["trace"]


def test_plain_lines_are_for_people(capsys: pytest.CaptureFixture[str], lines: Any) -> None:
    stream = io.StringIO()
    set_up_logs(config(log_format="plain"), stream=stream)
    logging.getLogger("guanjia.x").warning("look here")
    assert "look here" in stream.getvalue() and not stream.getvalue().startswith("{")


def test_descriptions_hold_no_values() -> None:
    class Original(Exception):
        sqlstate = "23505"

    fault = IntegrityError("insert …", {"phone": SECRET}, Original(f"Key (phone)=({SECRET}) already exists."))
    assert described(fault) == "IntegrityError (Original) 23505"
    assert described(Invalid({"phone": [SECRET]})).startswith("Invalid: Some entries")
    assert described(FileNotFoundError(2, "No such file", SECRET)) == "FileNotFoundError: No such file"
    assert described(ModuleNotFoundError("No module", name="nothing")) == "ModuleNotFoundError: nothing"
