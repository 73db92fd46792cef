"""Who gets which answer from the API: other companies, other sites, permissions, plugins, scopes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api_world import DATABASES, World, world
from guanjia.api.operation import routes
from guanjia.ports import SignedIn

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(40)


@pytest.fixture(params=DATABASES)
def w(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(request, tmp_path, request.param) as made:
        yield made


def ids_of(w: World) -> dict[str, str]:
    """A site, a case, a file and a notice of the demo company."""
    case = w.lend(deposit_fen=1)["case_id"]
    w.post(f"{w.at()}/{case}/extend", {"until_on": "2026-12-01", "why": "x"})
    w.run_jobs()
    kept = w.call("POST", f"/sites/{w.sites['lake']}/files", data={"file": (io.BytesIO(PNG), "a.png")})
    notice = w.get("/notifications", "bob").json["items"][0]["id"]
    return {"site_id": str(w.sites["lake"]), "case_id": case, "file_id": kept.json["id"], "notification_id": notice}


@pytest.mark.parametrize("who,company", [("anna", "other"), ("hugo", "demo")])
def test_what_lies_outside_answers_like_what_does_not_exist(w: World, who: str, company: str):
    ids = ids_of(w)
    for method, path in sorted(routes(w.app.url_map)):
        inner = path.removeprefix("/api/v1")
        if "{" not in inner:
            continue
        nowhere = inner
        for name, value in ids.items():
            inner = inner.replace("{" + name + "}", value)
            nowhere = nowhere.replace("{" + name + "}", str(uuid4()))
        headers = {"Idempotency-Key": "k"}
        options: dict[str, Any] = {"json": {}} if method == "POST" and not path.endswith("/files") else {}
        answer = w.call(method, inner, who, company, headers=headers, **options)
        absent = w.call(method, nowhere, who, company, headers=headers, **options)
        assert answer.status_code == absent.status_code, path
        assert answer.status_code in ((404,) if "site_id" in path else (403, 404)), (path, answer.text)
        assert answer.json | {"instance": ""} == absent.json | {"instance": ""}, path


def test_a_case_of_another_site_is_not_reached_by_the_own_sites_address(w: World):
    theirs = w.lend("hill", "hugo")["case_id"]
    assert w.get(f"{w.at()}/{theirs}").status_code == 404
    assert w.post(f"{w.at()}/{theirs}/give_back").status_code == 404
    assert w.get(f"{w.at('hill')}/{theirs}", "hugo").status_code == 200


def test_permissions_are_asked(w: World):
    answer = w.post(w.at() + "/lend", {"room": "1-101"}, "cora")
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden")
    assert "Lend keys" in answer.json["detail"]
    assert w.get("/company/sample_api/kind", "admin").status_code == 200
    assert w.get("/company/sample_api/kind").status_code == 404
    assert w.get(w.at(flow="sample_api/kind")).status_code == 403


def test_a_row_that_the_list_hides_is_not_there_for_a_step_either(w: World):
    shown, hidden = (w.do("sample_api.kind.create", name=name) for name in ("brass", "hidden"))
    path = "/company/sample_api/kind"
    assert [item["values"]["name"] for item in w.get(path, "admin").json["items"]] == ["brass"]
    assert w.get(f"{path}/{hidden}", "admin").status_code == 404
    assert w.post(f"{path}/{hidden}/retire", who="admin").status_code == 404
    assert w.post(f"{path}/{shown}/retire", who="admin").json["state"] == "retired"


def test_a_plugin_that_is_off_answers_404(w: World):
    path = w.loan()
    switch = w.do("tenants.plugin_switch.create", None, "lake", plugin="sample_api", is_on=False)
    assert [w.get(p).status_code for p in (path, w.at(), path + "/timeline", path + "/explain")] == [404] * 4
    assert w.post(path + "/give_back").status_code == 404
    assert w.get("/sites").json["items"][0]["plugins"] == ["guanjia", "tenants"]
    assert w.get(w.at("hill"), "hugo").status_code == 200
    w.do("tenants.plugin_switch.change", switch, "lake", plugin="sample_api", is_on=True)
    assert w.get(path).status_code == 200


def test_a_tokens_scopes_narrow_what_it_may(w: World, monkeypatch: pytest.MonkeyPatch):
    path = w.loan(phone="13900001234")
    token = w.token("bob")
    whole = w.host.directory.bearer(token)
    assert whole is not None

    def limit(*scopes: str) -> None:
        found: SignedIn = replace(whole, scopes=scopes)
        monkeypatch.setattr(w.host.directory, "bearer", lambda _token: found)

    limit("read")
    assert w.get(w.at(), "bob").status_code == 200
    assert w.get(path, "bob").json["values"]["phone"] == "•••"
    assert [s["name"] for s in w.get(path, "bob").json["steps"] if s["name"] == "pay"] == []
    assert w.post(w.at() + "/lend", {"room": "1"}, "bob").status_code == 403
    assert w.post(path + "/give_back", {}, "bob").status_code == 403
    upload = {"data": {"file": (io.BytesIO(PNG), "a.png")}}
    assert w.call("POST", f"/sites/{w.sites['lake']}/files", "bob", **upload).status_code == 403
    limit("read", "sample_api.phones")
    assert w.get(path, "bob").json["values"]["phone"] == "13900001234"
    limit("sample_api.lend")
    assert [w.get(p, "bob").status_code for p in (w.at(), path, "/me", "/sites", "/approvals", "/notifications")] == [
        403
    ] * 6
    assert w.post(w.at() + "/lend", {"room": "1"}, "bob").status_code == 201
    assert w.post(path + "/give_back", {}, "bob").status_code == 403
    limit("sample_api.loan.give_back")
    assert w.post(path + "/give_back", {}, "bob").status_code == 200
