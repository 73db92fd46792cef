"""The report of a checked list as an Excel file, so that it can lie beside the list while it is corrected."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter

from guanjia.sdk import Message, words
from plugins.registry.listcolumns import BY_KEY
from plugins.registry.models import ImportFault

_ = words("registry")


def fault_file(faults: Sequence[ImportFault]) -> bytes:
    """Row, column, what stands there and what to do, in the reader's language. No cell can become a formula."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet(str(_("Faults")))
        head = book.add_format({"bold": True, "bg_color": "#0b3f4a", "font_color": "#ffffff", "border": 1})
        for place, (title, width) in enumerate(
            ((_("Row"), 8), (_("Column"), 14), (_("What stands there"), 28), (_("What to do"), 80))
        ):
            sheet.write_string(0, place, str(title), head)
            sheet.set_column(place, place, width)
        sheet.freeze_panes(1, 0)
        for number, fault in enumerate(faults, 1):
            sheet.write_number(number, 0, fault.row)
            sheet.write_string(number, 1, str(BY_KEY[fault.column].title))
            sheet.write_string(number, 2, fault.value)
            sheet.write_string(number, 3, str(Message.from_json(fault.message)))
    return stream.getvalue()
