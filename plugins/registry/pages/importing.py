"""Bringing a household list in: template, upload, the report of faults, and a corrected list in its place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from guanjia.errors import Forbidden, Invalid, NotFound, TooLarge
from guanjia.schema import localise
from guanjia.sdk import Context, Loader, words
from guanjia.steps.flow import Step
from guanjia.steps.ledger import Query, read_page
from guanjia.steps.view import find_case
from guanjia.web.addresses import case_url
from guanjia.web.caller import caller, reading
from guanjia.web.shown import tone_of
from plugins.registry import imports, permissions
from plugins.registry.pages.files import excel
from plugins.registry.reports import fault_file
from plugins.registry.workbook import MOST_ROWS, list_file

_ = words("registry")
RECENT = 10


def import_list(site_code: str) -> str | AnyResponse:
    """The start of an import with the latest ones; a post checks the list that was sent."""
    context = caller(site_code)
    errors: list[str] = []
    if request.method == "POST":
        answer, errors = _check(context, imports.check_list, None, site_code)
        if answer is not None:
            return answer
    with reading(context) as loader:
        _permit(loader)
        page = read_page(loader, imports.imports, Query(limit=RECENT))
        names = loader.names(row.case.opened_by for row in page.rows)
        recent = [
            {
                "at": row.case.opened_at, "url": case_url(imports.imports, row.case.id, site_code),
                "who": names.get(row.case.opened_by, ""), "run": row.case,
                "state": imports.imports.state(row.case.state), "tone": tone_of(imports.imports.state(row.case.state)),
            }
            for row in page.rows
        ]  # fmt: skip
        html = _page(errors, recent=recent)
    return Response(html, 422) if errors else html


def import_again(site_code: str, case_id: UUID) -> str | AnyResponse:
    """A corrected list for an import that was not written yet."""
    context = caller(site_code)
    errors: list[str] = []
    if request.method == "POST":
        answer, errors = _check(context, imports.recheck, case_id, site_code)
        if answer is not None:
            return answer
    with reading(context) as loader:
        _permit(loader)
        run = find_case(loader, imports.imports, case_id)
        html = _page(errors, run=run, back_url=case_url(imports.imports, case_id, site_code))
    return Response(html, 422) if errors else html


def template(site_code: str) -> Response:
    """The Excel template in the reader's language."""
    with reading(caller(site_code)) as loader:
        _permit(loader)
    return excel(list_file([], template=True), f"{_('household-list')}.xlsx")


def faults(site_code: str, case_id: UUID) -> Response:
    """Every fault of a checked list as an Excel file: row, column, what stands there, what to do."""
    context = caller(site_code)
    with reading(context) as loader:
        find_case(loader, imports.imports, case_id)
        content = fault_file(imports.faults_of(loader, case_id))
    return excel(content, f"{_('faults')}.xlsx")


def _check(context: Context, step: Step, case_id: UUID | None, site_code: str) -> tuple[AnyResponse | None, list[str]]:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return None, [str(_("Choose the Excel file with the list first."))]
    limit = context.host.config.max_upload
    with reading(context) as loader:
        _permit(loader)
    try:
        file_id = context.host.files.keep(context, upload.filename, upload.stream.read(limit + 1))
        done = context.perform(step, case_id, {"file": str(file_id)})
    except (Invalid, TooLarge) as error:
        return None, _messages(error)
    if done.state == imports.READY:
        flash(str(_("The list has no faults. Look at the numbers and write it.")), "success")
    else:
        flash(str(_("The list has faults; nothing was written. Correct them and check the list again.")), "warning")
    return redirect(case_url(imports.imports, done.case_id, site_code), 303), []


def _messages(error: Invalid | TooLarge) -> list[str]:
    if isinstance(error, TooLarge):
        return [str(error.detail)]
    return [localise(message) for found in error.errors.values() for message in found]


def _page(errors: list[str], **more: Any) -> str:
    return render_template("registry/import.html", errors=errors, most=MOST_ROWS,
                           crumbs=[(str(_("Import households")), None)], **more)  # fmt: skip


def _permit(loader: Loader) -> None:
    if not loader.host.is_active("registry", loader.place):
        raise NotFound()
    if not loader.may(permissions.IMPORT.key):
        raise Forbidden()
