"""Static files: third-party ones straight from their installed packages, own ones by their content's hash.

Nothing is copied into the repository and nothing comes from another host. An address holds the version, so
that browsers keep a file for a year and still see the next version at once.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.resources
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request, send_from_directory, url_for

from guanjia.web.widgets import fen_to_yuan
from guanjia.words import current_language, show, words

OWN = Path(__file__).with_name("static")
A_YEAR = "public, max-age=31536000, immutable"

blueprint = Blueprint("guanjia_assets", __name__, template_folder="templates")


@dataclass(frozen=True, slots=True)
class Asset:
    """One third-party file: the distribution that brings it, its place there, and how it is served."""

    distribution: str
    package: str
    path: str
    content_type: str

    @property
    def version(self) -> str:
        """The installed version of the distribution."""
        return _installed(self.distribution)

    def read(self) -> bytes:
        """The content. Raises FileNotFoundError if the package holds it no longer."""
        return importlib.resources.files(self.package).joinpath(self.path).read_bytes()


@cache
def _installed(distribution: str) -> str:
    return importlib.metadata.version(distribution)  # reads and parses a file: once is enough


_CSS, _JS = "text/css; charset=utf-8", "text/javascript; charset=utf-8"


def _bootstrap(path: str, content_type: str) -> Asset:
    return Asset("Bootstrap-Flask", "flask_bootstrap", f"static/bootstrap5/{path}", content_type)


# The icon style sheet names its fonts by a path relative to itself: they keep it here.
ASSETS: dict[str, Asset] = {
    "bootstrap.css": _bootstrap("css/bootstrap.min.css", _CSS),
    "bootstrap.js": _bootstrap("js/bootstrap.min.js", _JS),
    "popper.js": _bootstrap("umd/popper.min.js", _JS),
    "bootstrap-icons.css": _bootstrap("css/font/bootstrap-icons.min.css", _CSS),
    "fonts/bootstrap-icons.woff2": _bootstrap("css/font/fonts/bootstrap-icons.woff2", "font/woff2"),
    "fonts/bootstrap-icons.woff": _bootstrap("css/font/fonts/bootstrap-icons.woff", "font/woff"),
    "htmx.js": Asset("django-js-lib-htmx", "js_lib_htmx", "static/htmx/htmx.min.js", _JS),
}


@cache
def _content(name: str) -> bytes:
    return ASSETS[name].read()


def asset(name: str) -> str:
    """The address of a third-party file. Raises KeyError for one that is not on the list."""
    return url_for("guanjia_assets.third_party", version=ASSETS[name].version, name=name)


def own_static(name: str) -> str:
    """The address of one of our own static files, with the hash of its content. Raises FileNotFoundError."""
    return url_for("guanjia_assets.own", filename=name, v=_hash(name))


def _hash(name: str) -> str:
    path = OWN / name
    return _hash_at(name, path.stat().st_mtime_ns)


@cache
def _hash_at(name: str, changed_at: int) -> str:
    return hashlib.sha256((OWN / name).read_bytes()).hexdigest()[:16]


@blueprint.get("/assets/<version>/<path:name>")
def third_party(version: str, name: str) -> Response:
    """A file of the list, in the installed version only: an old address must not answer with new content."""
    known = ASSETS.get(name)
    if known is None or known.version != version:
        abort(404)
    response = Response(_content(name), content_type=known.content_type)
    response.headers["Cache-Control"] = A_YEAR
    response.set_etag(f"{version}-{name}")
    response.make_conditional(request)
    return response


@blueprint.get("/static/<path:filename>")
def own(filename: str) -> Response:
    """One of our own static files."""
    kind = {".js": _JS, ".css": _CSS}.get(Path(filename).suffix) or mimetypes.guess_type(filename)[0]
    response = send_from_directory(OWN, filename, mimetype=kind)
    if request.args.get("v") == _hash(filename):
        response.headers["Cache-Control"] = A_YEAR
    return response


def init_assets(app: Flask) -> None:
    """Serve the static files and the shell's templates.

    Templates get `asset`, `own_static`, `_` (host's words, then any plugin's), `show` and the filter `yuan`.
    Raises RuntimeError if the app serves a static folder of its own at `/static`: create it with
    `static_folder=None`.
    """
    if app.has_static_folder and app.static_url_path == "/static":
        raise RuntimeError("/static belongs to the shell: create the app with static_folder=None")
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        asset=asset, own_static=own_static, _=words("guanjia"), show=show, current_language=current_language
    )
    app.jinja_env.filters["yuan"] = fen_to_yuan
