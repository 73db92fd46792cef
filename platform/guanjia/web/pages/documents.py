"""Documents of a case that are printed and signed, with a QR code that leads back to it."""

from __future__ import annotations

from uuid import UUID

import segno
from flask import render_template
from markupsafe import Markup

from guanjia.errors import NotFound
from guanjia.steps.view import view_case
from guanjia.web.addresses import case_url
from guanjia.web.caller import caller, current_host, place, reading, signed_in
from guanjia.web.pages.headings import flow_of


def document(plugin: str, flow: str, case_id: UUID, doc: str, site_code: str | None = None) -> str:
    """The document, as the flow's template draws it on `guanjia/document.html`."""
    context = caller(site_code)
    found = flow_of(current_host(), plugin, flow)
    wanted = next((d for d in found.documents if d.key == doc), None)
    if wanted is None:
        raise NotFound()
    with reading(context) as loader:
        view = view_case(loader, context, found, case_id)
        company = loader.host.directory.company(loader.session)
        back = case_url(found, case_id, site_code)
        where = place()
        values = {
            "view": view, "case": view.case, "values": view.values, "flow": found, "loader": loader,
            "company": company.name, "site": where.name if where is not None and where is not company else None,
            "document_title": wanted.title, "number": getattr(view.case, "number", None), "issued": view.case.opened_at,
            "qr": qr_code(case_url(found, case_id, site_code, company=signed_in().company_code, _external=True)),
            "back_url": back, "paper": "a4",
        }  # fmt: skip
        if wanted.gather is not None:
            values |= wanted.gather(loader, view.case)
        return render_template(wanted.template, **values)


def qr_code(address: str) -> Markup:
    """The address as a QR code, an SVG that scales to where it stands."""
    drawn = segno.make(address, error="m", micro=False).svg_inline(border=0, omitsize=True)
    return Markup(drawn)  # noqa: S704 - segno's own drawing; the address is encoded in it as dark squares
