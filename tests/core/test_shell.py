"""The page shell: headers, tokens, static files, and templates that stand alone in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from flask import Blueprint, Flask, flash, make_response, render_template, render_template_string, request

import guanjia
from guanjia.web.assets import ASSETS, init_assets
from guanjia.web.security import HEADERS, POLICY, init_security
from guanjia.words import Text, load_catalogue, set_language, speaking

HOST = Path(guanjia.__file__).parent
TEMPLATES = HOST / "web" / "templates" / "guanjia"
load_catalogue("guanjia", HOST / "translations")

SHELL = {
    "user_name": "林晓梅", "user_role": "接待员", "site": {"name": "翠湖花园管理处", "code": "CHHY"},
    "sites": [("翠湖花园管理处", "/s/CHHY"), ("海天一色管理处", "/s/HTYS")],
    "menu": [SimpleNamespace(title="Work", items=[{"title": "Requests", "url": "/r", "icon": "tools", "active": True, "badge": 4}])],
    "tabs": [{"title": f"Tab {n}", "url": f"/{n}", "icon": "dot"} for n in range(7)],
    "lang_urls": {"zh": "/zh", "en": "/en"}, "sign_out_url": "/out",
}  # fmt: skip
REASON = {
    "message": Text("尚未收款。", "Not paid yet."), "rule_title": Text("先收费后施工", "Pay before work"),
    "clause": "9/3", "asks": "Fees first.", "params": [("Role", "site_manager")], "approver": "Site manager",
    "set_by": "HQ, 2026-08-01", "url": "/rules/1",
}  # fmt: skip
PAGE = '{% extends "guanjia/base.html" %}{% block content %}<h1>Hello</h1>{% endblock %}'


def make_app(**config: Any) -> Flask:
    app = Flask("shell", static_folder=None, template_folder=None)
    app.secret_key = "test"
    app.config.update(config)
    init_security(app)
    init_assets(app)
    api = Blueprint("api", __name__, url_prefix="/api/v1")

    @api.post("/things")
    def api_things() -> str:
        return "made"

    app.register_blueprint(api)

    @app.before_request
    def language() -> None:
        set_language(request.args.get("lang", "zh"))

    @app.get("/page")
    def page() -> str:
        return render_template_string(PAGE, shell=SHELL)

    @app.get("/kept")
    def kept() -> Any:
        response = make_response("<p>x</p>")
        response.headers["Cache-Control"] = "max-age=60"
        return response

    @app.post("/send")
    def send() -> str:
        return "sent"

    return app


@pytest.fixture(scope="module")
def app() -> Flask:
    return make_app()


def render(app: Flask, source: str, **context: Any) -> str:
    with app.test_request_context():
        return render_template_string(source, **context)


# ---------------------------------------------------------------- headers and tokens
def test_every_answer_carries_the_strict_headers(app):
    client = app.test_client()
    for path in ("/page", "/nothing-here", "/static/guanjia.css"):
        response = client.get(path)
        for name, value in HEADERS.items():
            assert response.headers[name] == value, (path, name)
    assert "unsafe" not in POLICY and "*" not in POLICY and "default-src 'none'" in POLICY


def test_no_cache_keeps_a_page_unless_its_view_says_so(app):
    client = app.test_client()
    assert client.get("/page").headers["Cache-Control"] == "no-store"
    assert client.get("/kept").headers["Cache-Control"] == "max-age=60"


def test_a_post_without_token_is_refused_with_a_page_and_with_token_taken(app):
    client = app.test_client()
    token = re.search(r'"X-CSRFToken": "([^"]+)"', client.get("/page").text)[1]
    refused = client.post("/send", data={"x": "1"})
    assert refused.status_code == 400 and "页面已失效" in refused.text
    assert client.post("/send", data={"csrf_token": "forged"}).status_code == 400
    assert client.post("/send", data={"csrf_token": token}).text == "sent"
    assert client.post("/send", headers={"X-CSRFToken": token}).text == "sent"
    assert app.test_client().post("/send", headers={"X-CSRFToken": token}).status_code == 400


def test_the_api_needs_no_token_and_nothing_else_is_left_out(app):
    assert app.test_client().post("/api/v1/things").text == "made"
    posts = [r for r in app.url_map.iter_rules() if "POST" in r.methods and not r.endpoint.startswith("api.")]
    assert posts and all(app.test_client().post(str(rule)).status_code == 400 for rule in posts)


def test_tests_may_switch_the_token_off():
    assert make_app(WTF_CSRF_ENABLED=False).test_client().post("/send").text == "sent"


# ---------------------------------------------------------------- static files
def test_every_listed_asset_is_served_from_its_package_for_a_year(app):
    client = app.test_client()
    for name, asset in ASSETS.items():
        response = client.get(f"/assets/{asset.version}/{name}")
        assert response.status_code == 200 and len(response.data) > 10_000, name
        assert response.content_type == asset.content_type
        assert "max-age=31536000" in response.headers["Cache-Control"]
        again = client.get(f"/assets/{asset.version}/{name}", headers={"If-None-Match": response.headers["ETag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["{v}/jquery.js", "0.0.0/bootstrap.css", "{v}/../security.py", "{v}/fonts/../bootstrap.css", "{v}/%2e%2e/x"]
)
def test_nothing_else_is_served(app, path):
    assert app.test_client().get("/assets/" + path.format(v=ASSETS["bootstrap.css"].version)).status_code == 404


def test_the_icon_fonts_are_found_where_the_style_sheet_looks(app):
    client = app.test_client()
    sheet = f"/assets/{ASSETS['bootstrap-icons.css'].version}/bootstrap-icons.css"
    fonts = re.findall(r'url\("?([^")]+)"?\)', client.get(sheet).text)
    assert len(fonts) == 2
    for font in fonts:
        assert client.get(urljoin(sheet, font)).status_code == 200


def test_own_files_are_kept_only_under_the_hash_of_their_content(app):
    client = app.test_client()
    with app.test_request_context():
        address = render_template_string("{{ own_static('guanjia.css') }}")
    assert "max-age=31536000" in client.get(address).headers["Cache-Control"]
    assert "max-age" not in client.get("/static/guanjia.css?v=0").headers["Cache-Control"]
    assert client.get("/static/../security.py").status_code == 404
    assert client.get("/static/%2e%2e/security.py").status_code == 404


def test_an_app_with_a_static_folder_of_its_own_is_told_so():
    with pytest.raises(RuntimeError, match="static_folder=None"):
        init_assets(Flask("other"))


# ---------------------------------------------------------------- what the policy forbids stands nowhere
def forbidden(html: str) -> list[str]:
    found = re.findall(r"<style|<script(?![^>]*\ssrc=)|javascript:", html)
    return found + re.findall(r'\s(?:style|on[a-z]+)\s*=\s*["\']', re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL))


def test_no_template_holds_style_or_script_inline():
    templates = [*TEMPLATES.rglob("*.html")]
    assert len(templates) >= 6
    for path in templates:
        assert forbidden(path.read_text("utf-8")) == [], path
    assert forbidden('<p style="x">') and forbidden("<script>1</script>") and forbidden("<a onclick='x'>")


def test_scripts_and_styles_name_no_other_host():
    for path in (HOST / "web" / "static").iterdir():
        text = path.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "//" not in re.sub(r"^\s*//.*$|\s// .*$", "", text, flags=re.MULTILINE).replace("https://.", ""), path
        assert "eval(" not in text and "innerHTML" not in text and "new Function" not in text, path


# ---------------------------------------------------------------- templates
@pytest.mark.parametrize(
    ("lang", "html_lang", "skip"), [("zh", "zh-CN", "跳到正文"), ("en", "en", "Skip to the content")]
)
def test_the_shell_is_drawn_alone_and_in_full(app, lang, html_lang, skip):
    with speaking(lang):
        alone = render(app, PAGE)
        full = render(app, PAGE, shell=SHELL, crumbs=[("A", "/a"), ("B", None)])
    assert f'<html lang="{html_lang}">' in alone and skip in alone
    assert "gj-side" not in alone and "/out" not in alone
    assert full.count('aria-current="page"') == 2 and "翠湖花园管理处" in full and "gj-count" in full
    assert "Tab 4" in full and "Tab 5" not in full
    assert forbidden(full) == []


def test_messages_are_told_to_screen_readers_by_their_weight(app):
    with app.test_request_context():
        flash("saved", "success")
        flash("<b>broken</b>", "error")
        html = render_template_string(PAGE)
    assert re.search(r'role="status" data-fades>.*?saved', html, re.DOTALL)
    assert re.search(r'role="alert">.*?&lt;b&gt;broken', html, re.DOTALL)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 502, 503])
def test_every_error_says_what_happened_and_what_to_do(app, code):
    seen = {}
    for lang in ("zh", "en"):
        with app.test_request_context(), speaking(lang):
            html = render_template("guanjia/error.html", code=code, request_id="4711", retry_after=30)
        body = html[html.index('<div class="gj-error-page">') : html.index('<div class="gj-error-buttons">')]
        seen[lang] = re.sub(r"<[^>]+>", " ", body)
        assert forbidden(html) == [] and "4711" in html and body.count("<p") >= 2
    assert not re.search("[一-鿿]", seen["en"])
    assert not re.search("[a-z]{3}", seen["zh"]), seen["zh"]


def test_a_refusal_shows_rule_clause_parameters_and_who_may_approve(app):
    with app.test_request_context(), speaking("en"):
        html = render_template("guanjia/error.html", code=422, reasons=[REASON])
    for text in (
        "Not paid yet.",
        "Pay before work",
        "9/3",
        "Fees first.",
        "site_manager",
        "May approve",
        "HQ, 2026-08-01",
    ):
        assert text in html


def test_a_step_that_is_refused_opens_its_reasons_and_cannot_be_sent(app):
    source = '{% import "guanjia/macros/bits.html" as bits %}{{ bits.step_bar(steps) }}'
    steps = [
        {"title": "Start", "url": "/start", "reasons": [REASON]},
        {"title": "Void", "url": "/void", "post": True, "confirm": "Really?", "version": 0, "kind": "danger"},
        {"title": "Extend", "url": "/extend", "waits": [{"approver": "A"}, {"approver": "B"}]},
    ]
    with speaking("en"):
        html = render(app, source, steps=steps)
    assert "/start" not in html and "<details" in html and "Not paid yet." in html
    assert 'action="/void" data-confirm="Really?"' in html and 'name="_version" value="0"' in html
    assert 'name="csrf_token"' in html and 'href="/extend"' in html and "A, B" in html


@pytest.mark.parametrize("status", ["on_time", "due_soon", "overdue", "met", "met_late", "stopped", "to_be_agreed"])
def test_a_due_date_is_never_told_by_colour_alone(app, status):
    source = '{% import "guanjia/macros/bits.html" as bits %}{{ bits.due_badge(status, "2026-03-01") }}'
    with speaking("zh"):
        html = render(app, source, status=status)
    assert re.search("<span>[一-鿿]{3,}", html) and "2026-03-01" in html


def test_parts_of_pages_show_what_people_typed_as_text(app):
    evil = "<script>alert(1)</script>"
    source = """{% import "guanjia/macros/bits.html" as bits %}{{ bits.timeline([{"title": e, "actor": e, "note": e,
        "changes": [(e, e, e)], "reasons": [{"message": e, "asks": e}]}]) }}{{ bits.facts([(e, e)]) }}{{ bits.empty(e, e) }}
        {{ bits.data_table([("a", e, "main"), ("b", e, "text")], [{"a": e, "b": e, "url": "/x"}], e) }}
        {{ bits.state_badge(e) }}{{ bits.page_head(e, e, e) }}{{ bits.pager(shown=3, total=9, next_url="/n") }}"""
    html = render(app, source, e=evil)
    assert "<script" not in html and html.count("&lt;script&gt;") >= 17


def test_a_document_has_its_head_number_and_lines_to_sign(app):
    with app.test_request_context(), speaking("zh"):
        html = render_template("guanjia/document.html", paper="a5", company="安居物业", site="翠湖花园", number="PG-1",
                               document_title="派工单", issued="2026-03-01", signatures=[("业户", "", None, None)],
                               qr_url="data:image/png;base64,AA", voided="重复")  # fmt: skip
    for text in (
        "安居物业",
        "翠湖花园",
        "PG-1",
        "派工单",
        "业户",
        "paper-a5.css",
        "data-print",
        "作废",
        "data:image/png",
    ):
        assert text in html
    assert forbidden(html) == []
    for paper in ("a4", "a5", "a5-landscape"):
        assert "@page" in (HOST / "web" / "static" / f"paper-{paper}.css").read_text()


# ---------------------------------------------------------------- translations
OURS = ("schema.py", "web/forms.py", "web/posted.py", "web/widgets.py", "web/security.py", "web/assets.py")


def test_every_sentence_of_shell_and_forms_is_in_chinese_with_the_same_blanks():
    with (HOST / "translations" / "zh.po").open("rb") as stream:
        catalogue = read_po(stream, locale="zh", abort_invalid=True)
    files = [("python", HOST / name) for name in OURS] + [
        ("jinja2.ext:babel_extract", p) for p in TEMPLATES.rglob("*.html")
    ]
    said = {m[1]: path for kind, path in files for m in extract_from_file(kind, path, keywords={"_": None})}
    assert len(said) > 150
    for text, path in said.items():
        found = catalogue.get(text)
        assert found and found.string, f"{path.name}: {text!r} has no Chinese"
        assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", found.string)), text
