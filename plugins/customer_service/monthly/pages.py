"""The workbook behind a monthly report: the figures, and the ledgers of the month."""

from __future__ import annotations

import io
from decimal import Decimal
from uuid import UUID

import xlsxwriter
from flask import Response

from guanjia.sdk import words
from guanjia.steps.view import find_case
from guanjia.web.caller import caller, reading
from plugins.customer_service.monthly.flow import USES, figures_of, in_units, reports

_ = words("customer_service")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(site_code: str, case_id: UUID) -> Response:
    """The report as an Excel file: a line a figure, with the month and the site in its head."""
    with reading(caller(site_code)) as loader:
        report = find_case(loader, reports, case_id)
        assert loader.site is not None  # a site's report
        buffer = io.BytesIO()
        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": True,
        }
        with xlsxwriter.Workbook(buffer, options) as book:
            sheet = book.add_worksheet(report.month)
            bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
            sheet.set_column(0, 0, 40)
            sheet.set_column(1, 1, 16)
            sheet.write_row(0, 0, [str(_("Monthly report of services")), report.month, loader.site.name], bold)
            n = 1
            for line in figures_of(loader, report):
                n += 1
                sheet.write_string(n, 0, ("　" if line["under"] else "") + str(line["title"]))
                if line["money"]:
                    sheet.write_number(n, 1, Decimal(line["value"]) / 100, money)
                else:
                    sheet.write_number(n, 1, line["value"])
            for name, title, unit in USES:
                n += 1
                sheet.write_row(n, 0, [str(title), in_units(getattr(report, name)), unit])
        response = Response(buffer.getvalue(), mimetype=XLSX)
        response.headers.set("Content-Disposition", "attachment", filename=f"{loader.site.code}-{report.month}.xlsx")
        return response
