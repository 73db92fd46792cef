"""The description tells the truth: every route is in it, every reference leads somewhere, every answer fits its schema."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api_world import DATABASES, World, world
from guanjia.api.operation import routes
from guanjia.app import create_app
from guanjia.config import Config

Json = dict[str, Any]
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "boolean": (bool,), "null": (type(None),), "object": (dict,), "array": (list,),
}  # fmt: skip


@pytest.fixture(scope="module", params=DATABASES)
def w(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(request, tmp_path_factory.mktemp("openapi"), request.param) as made:
        yield made


@pytest.fixture(scope="module")
def document(w: World) -> Json:
    answer = w.get("/openapi.json", None)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    found: Json = answer.json
    return found


def operations(document: Json) -> list[tuple[str, str, Json]]:
    return [(m.upper(), path, op) for path, methods in document["paths"].items() for m, op in methods.items()]


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, item
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def resolve(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def faults(document: Json, schema: Json, value: Any, path: str = "$") -> list[str]:
    """Where the value leaves the schema; knows what our schemas use of JSON Schema, and fails for anything else."""
    schema = resolve(document, schema)
    known = {
        "type",
        "format",
        "description",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "anyOf",
    }
    assert set(schema) <= known, schema
    if "anyOf" in schema:
        return [] if any(not faults(document, s, value, path) for s in schema["anyOf"]) else [f"{path}: none fits"]
    types = schema.get("type")
    if types is not None:
        names = [types] if isinstance(types, str) else types
        fits = any(isinstance(value, TYPES[n]) and (n == "boolean" or not isinstance(value, bool)) for n in names)
        if not fits:
            return [f"{path}: {value!r} is no {names}"]
    found = [] if "enum" not in schema or value in schema["enum"] else [f"{path}: {value!r} is not in {schema['enum']}"]
    if (
        schema.get("format") == "date-time"
        and value is not None
        and not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value)
    ):
        found.append(f"{path}: {value!r} is no moment in UTC")
    if isinstance(value, dict):
        own = schema.get("properties", {})
        found += [f"{path}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, item in value.items():
            rest = schema.get("additionalProperties", {})
            if name not in own and rest is False:
                found.append(f"{path}: {name} is not described")
            else:
                found += faults(document, own.get(name, rest), item, f"{path}.{name}")
    if isinstance(value, list):
        for n, item in enumerate(value):
            found += faults(document, schema.get("items", {}), item, f"{path}[{n}]")
    return found


def test_every_route_is_described_and_nothing_else(w: World, document: Json):
    assert {(method, path) for method, path, _op in operations(document)} == routes(w.app.url_map)
    assert len(routes(w.app.url_map)) > 100
    steps = [(flow, step) for flow in w.host.flows.values() for step in flow.steps.values() if not step.system_only]
    paths = set(document["paths"])
    for flow, step in steps:
        endings = [f"/{flow.plugin}/{flow.name}/{step.name}", f"/{flow.plugin}/{flow.name}/{{case_id}}/{step.name}"]
        assert any(path.endswith(tuple(endings)) for path in paths), step.key


def test_the_installed_plugins_are_described_like_the_sample(tmp_path: Path):
    config = Config(data_folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'x.sqlite'}", owner_database_url="")
    app = create_app(config)
    document: Json = app.test_client().get("/api/v1/openapi.json").json
    assert {(method, path) for method, path, _op in operations(document)} == routes(app.url_map)
    assert "/api/v1/sites/{site_id}/customer_service/request" in document["paths"]
    whole(document)


def test_it_is_openapi_3_1_and_whole(document: Json):
    whole(document)


def whole(document: Json) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["version"]
    for name, bound in walk(document):
        if name in ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems") and not isinstance(
            bound, dict
        ):
            assert isinstance(bound, int | float) and not isinstance(bound, bool), (name, bound)
    names = [op["operationId"] for _m, _p, op in operations(document)]
    assert len(names) == len(set(names))
    for _name, target in (pair for pair in walk(document) if pair[0] == "$ref"):
        assert resolve(document, {"$ref": target})
    for kind in document["components"].values():
        assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in kind)
    assert {op["tags"][0] for _m, _p, op in operations(document)} == {tag["name"] for tag in document["tags"]}


def test_every_operation_says_what_it_takes_and_gives(document: Json):
    for method, path, op in operations(document):
        parameters = [resolve(document, p) for p in op["parameters"]]
        inside = {p["name"] for p in parameters if p["in"] == "path"}
        assert inside == set(re.findall(r"{(\w+)}", path)), path
        assert len({(p["in"], p["name"]) for p in parameters}) == len(parameters)
        assert op["summary"]
        assert any(status.startswith("2") for status in op["responses"])
        assert ("requestBody" in op) == (method == "POST")
        if op.get("security") == []:
            assert path in ("/api/v1/session", "/api/v1/openapi.json")
        else:
            assert document["security"] == [{"bearer": []}]
            assert "401" in op["responses"]
        for status, response in op["responses"].items():
            if not status.startswith("2"):
                assert list(resolve(document, response)["content"]) == ["application/problem+json"]


def test_a_step_tells_its_form_with_units_and_its_rules_with_clauses(w: World, document: Json):
    base = "/api/v1/sites/{site_id}/sample_api/loan"
    op = document["paths"][f"{base}/lend"]["post"]
    form = resolve(document, op["requestBody"]["content"]["application/json"]["schema"])
    assert form["additionalProperties"] is False
    assert form["required"] == ["room"]
    deposit = form["properties"]["deposit_fen"]
    assert (deposit["type"], deposit["minimum"], deposit["maximum"]) == ("integer", 0, 10_000_000)
    assert deposit["description"] == "Deposit. Unit: fen"
    assert form["properties"]["colour"]["enum"] == ["red", "blue"]
    assert "blue: Blue" in form["properties"]["colour"]["description"]
    assert form["properties"]["until_on"] | {"description": ""} == {
        "type": ["string", "null"], "format": "date", "default": None, "description": ""}  # fmt: skip
    back = document["paths"][f"{base}/{{case_id}}/give_back"]["post"]
    assert back["x-rules"] == ["sample_api.most_deposit", "sample_api.asleep"]
    assert "99/1.1: A deposit above the limit is reduced first." in back["description"]
    assert "Highest deposit (`most_fen`, fen) = 50000" in back["description"]
    example = back["responses"]["422"]["content"]["application/problem+json"]["examples"]["refused"]["value"]
    problem = document["components"]["schemas"]["Problem"]
    assert faults(document, problem, example) == []
    assert example["reasons"][0]["rule"] == "sample_api.most_deposit"
    names = {resolve(document, p)["name"] for p in back["parameters"]}
    assert {"If-Match", "Idempotency-Key", "Occurred-At"} <= names
    pay = [resolve(document, p) for p in document["paths"][f"{base}/{{case_id}}/pay"]["post"]["parameters"]]
    assert next(p for p in pay if p["name"] == "Idempotency-Key")["required"] is True
    listing = {p["name"]: p for p in (resolve(document, p) for p in document["paths"][base]["get"]["parameters"])}
    assert {"state", "room", "urgent", "until_on", "q", "sort", "cursor", "limit"} <= set(listing)
    assert "phone" not in listing
    assert listing["limit"]["schema"]["maximum"] == 200


def test_no_column_that_the_flow_keeps_back_is_described(document: Json):
    values = document["components"]["schemas"]["sample_api.loan.Values"]["properties"]
    assert "remark" not in values
    assert "secret" not in values
    assert values["deposit_fen"]["type"] == ["integer", "null"]


class Checked:
    """Calls the API and compares every answer with what is described for it."""

    def __init__(self, w: World, document: Json) -> None:
        self.w, self.document = w, document
        self.seen: set[tuple[str, str, str]] = set()

    def call(self, method: str, path: str, who: str | None = "anna", **options: Any) -> Any:
        answer = self.w.call(method, path, who, **options)
        described = self._path(method, "/api/v1" + path.split("?")[0])
        op = self.document["paths"][described][method.lower()]
        status = str(answer.status_code)
        assert status in op["responses"], (method, path, answer.text)
        response = resolve(self.document, op["responses"][status])
        self.seen.add((method, described, status))
        if "content" not in response:
            assert answer.data == b""
            return answer
        kinds = list(response["content"])
        assert answer.mimetype in kinds or kinds == ["*/*"], path
        if answer.mimetype in kinds:
            schema = response["content"][answer.mimetype]["schema"]
            assert faults(self.document, schema, answer.json) == [], (method, path)
        return answer

    def _path(self, method: str, path: str) -> str:
        for described, methods in self.document["paths"].items():
            pattern = re.sub(r"{\w+}", "[0-9a-f-]{36}", described)
            if re.fullmatch(pattern, path) and method.lower() in methods:
                return str(described)
        raise AssertionError(f"{method} {path} is not described")


def test_every_answer_fits_its_schema(w: World, document: Json):
    api = Checked(w, document)
    form = {"company": "demo", "account": "cora", "password": "a long winding river"}
    token = api.call("POST", "/session", None, json=form).json["token"]
    api.call("POST", "/session", None, json=form | {"password": "x"})
    api.call("POST", "/session", None, json={})
    api.call("DELETE", "/session", None, headers={"Authorization": f"Bearer {token}"})
    api.call("GET", "/me", None)
    files = f"/sites/{w.sites['lake']}/files"
    kept = api.call("POST", files, data={"file": (io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(60)), "a.png")}).json["id"]
    api.call("POST", files, json={})
    api.call("GET", f"{files}/{kept}")
    lend = {"room": "1-101", "phone": "139", "deposit_fen": 60_000, "until_on": "2026-12-01", "photos": [kept]}
    path = f"{w.at()}/{api.call('POST', w.at() + '/lend', json=lend).json['case_id']}"
    api.call("POST", w.at() + "/lend", json={})
    api.call("POST", w.at() + "/lend", data=b"{", content_type="application/json")
    api.call("POST", w.at() + "/lend", data=b"{", content_type="text/plain")
    api.call("POST", w.at() + "/lend", "cora", json={"room": "1"})
    api.call("POST", w.at() + "/lend", "hugo", json={"room": "1"})
    api.call("POST", path + "/give_back", json={})
    api.call("POST", path + "/extend", json={"until_on": "2026-12-02", "why": "x"})
    w.run_jobs()
    for stale in ("1", "1"):
        headers = {"If-Match": f'"{stale}"', "Idempotency-Key": f"{stale}-{len(api.seen)}"}
        api.call("POST", path + "/pay", json={"amount_fen": -20_000}, headers=headers)
    waiting = api.call("GET", "/approvals", "bob").json["items"]
    for inner in (
        w.at(),
        f"{w.at()}?limit=1",
        f"{w.at()}?limit=0",
        path,
        f"{path}/timeline",
        f"{path}/explain",
        "/me",
        "/sites",
    ):
        api.call("GET", inner)
    grant = waiting[0]["href"].removeprefix("/api/v1")
    api.call("GET", w.at(flow="guanjia/approval"), "bob")
    api.call("GET", grant, "bob")
    api.call("POST", grant + "/grant", "bob", json={})
    w.run_jobs()
    for notice in api.call("GET", "/notifications").json["items"]:
        api.call("POST", f"/notifications/{notice['id']}/read", json={})
    api.call("POST", path + "/give_back", headers={"Occurred-At": "2026-11-24T09:59:00+08:00"}, json={})
    api.call("POST", path + "/give_back", json={})
    for inner in (path, f"{path}/timeline", f"{path}/explain", "/openapi.json", grant + "/timeline"):
        api.call("GET", inner, "bob")
    for flow in w.host.flows.values():
        for prefix, who in ((f"/sites/{w.sites['lake']}", "bob"), ("/company", "admin")):
            base = f"{prefix}/{flow.plugin}/{flow.name}"
            if f"/api/v1{base}".replace(str(w.sites["lake"]), "{site_id}") not in document["paths"]:
                continue
            listed = api.call("GET", base, who)
            for item in listed.json.get("items", [])[:2]:
                for ending in ("", "/timeline", "/explain"):
                    api.call("GET", f"{base}/{item['id']}{ending}", who)
    statuses = {status for _m, _p, status in api.seen}
    assert statuses >= {"200", "201", "202", "204", "400", "401", "403", "404", "409", "412", "415", "422"}
    assert len(api.seen) > 60
