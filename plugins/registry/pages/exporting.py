"""Taking the household list out: masked for everybody, in full only by a journaled step with its purpose."""

from __future__ import annotations

from flask import Response, render_template, request

from guanjia.errors import Forbidden, Invalid
from guanjia.sdk import Loader, words
from guanjia.web.caller import caller, reading
from guanjia.web.forms import FormView, parse_form
from plugins.registry import exports, permissions
from plugins.registry.pages.files import excel
from plugins.registry.workbook import list_file

_ = words("registry")


def export(site_code: str) -> str:
    """The choice between the two lists."""
    with reading(caller(site_code)) as loader:
        return _page(loader, FormView.of(exports.PurposeForm()))


def export_masked(site_code: str) -> Response:
    """The list with masked numbers."""
    with reading(caller(site_code)) as loader:
        return _file(loader, full_numbers=False)


def export_full(site_code: str) -> str | Response:
    """The list with full numbers, once the step that journals it is taken. Raises Forbidden, Invalid."""
    context = caller(site_code)
    if request.method == "GET":
        with reading(context) as loader:
            if not _may_full(loader):
                raise Forbidden()
            return _page(loader, FormView.of(exports.PurposeForm()))
    raw = parse_form(exports.PurposeForm(), request.form)
    try:
        context.perform(exports.take, None, raw)
    except Invalid as error:
        with reading(context) as loader:
            html = _page(loader, FormView.of(exports.PurposeForm(), data=raw, errors=error.errors))
        return Response(html, 422)
    with reading(context) as loader:
        return _file(loader, full_numbers=True)


def _may_full(loader: Loader) -> bool:
    return loader.may(permissions.PHONE_SEE.key) and loader.may(permissions.IMPORT.key)


def _page(loader: Loader, form: FormView) -> str:
    return render_template("registry/export.html", form=form, may_full=_may_full(loader),
                           site_code=loader.site.code if loader.site else "",
                           crumbs=[(str(_("Export households")), None)])  # fmt: skip


def _file(loader: Loader, *, full_numbers: bool) -> Response:
    content = list_file(exports.list_rows(loader, full_numbers=full_numbers))
    day = loader.place.calendar.date_of(loader.now).isoformat()
    where = loader.site.code if loader.site else ""
    return excel(content, f"{where}-households-{day}.xlsx")
