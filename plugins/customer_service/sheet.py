"""The printed handling sheet (处置单、修理单): what stands on it, whether it is printed to be filled in or when all is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from guanjia.sdk import Loader, Message, words
from guanjia.steps.models import StoredFile
from plugins.customer_service.kinds import ENGINEERED, VISIT_STEPS
from plugins.customer_service.models import MaterialLine, ServiceRequest

_ = words("customer_service")

LEAST_LINES = 4  # rows of the table of materials, so that there is room to write by hand


@dataclass(frozen=True)
class Signed:
    """A place for a signature: for whom, who signed, when, and the drawn signature's file (None: not drawn)."""

    label: Message
    name: str = ""
    at: datetime | None = None
    file_id: UUID | None = None


def sheet_facts(loader: Loader, case: ServiceRequest) -> Mapping[str, Any]:
    """What the sheet shows besides the case's own values: title, materials, people, signatures, fees in fen."""
    lines = loader.children(MaterialLine, MaterialLine.request_id, [case.id])[case.id]
    ids = (
        case.worker_id,
        case.received_by,
        case.reported_by,
        case.reviewed_by,
        case.supervisor_signed_by,
        case.head_signed_by,
    )
    names = loader.names(ids)
    fees = [fee for fee in (case.material_fee_fen, case.labour_fee_fen) if fee is not None]
    return {
        "document_title": _("Repair sheet") if case.kind in ENGINEERED else _("Handling sheet of a resident's request"),
        "lines": [(line.name, quantity_text(line.quantity_milli), line.unit) for line in lines],
        "blank_lines": max(0, LEAST_LINES - len(lines)), "names": names, "total_fen": sum(fees) if fees else None,
        "signed": _signed(loader, case, names), "issued": case.sheet_opened_at or case.received_at,
        "visit_labels": list(VISIT_STEPS.items()),
    }  # fmt: skip


def quantity_text(milli: int) -> str:
    """A quantity in thousandths as people write it: 1500 as 1.5."""
    whole, rest = divmod(milli, 1000)
    return str(whole) if not rest else f"{whole}.{rest:03d}".rstrip("0")


def _signed(loader: Loader, case: ServiceRequest, names: Mapping[UUID, str]) -> list[Signed]:
    """The four signatures that the regulation asks for; a drawn one counts only while its flag stands (rework clears it)."""
    drawn: dict[str, StoredFile] = {}
    for row in loader.host.files.of_cases(loader.session, [case.id])[case.id]:
        drawn[f"{(row.step or '').rsplit('.', 1)[-1]}.{row.field}"] = row

    def name(staff_id: UUID | None) -> str:
        return names.get(staff_id, "") if staff_id is not None else ""

    def at(label: Message, wanted: bool, key: str, who: str, moment: datetime | None) -> Signed:
        if not wanted:
            return Signed(label)
        file = drawn.get(key)
        return Signed(label, who, moment, file.id if file is not None else None)

    by_requester = "accept_work.signature" if "accept_work.signature" in drawn else "complete.resident_signature"
    return [
        at(_("Worker"), case.worker_signed, "complete.worker_signature", name(case.worker_id), case.reported_done_at),
        at(_("Resident's acceptance"), case.resident_signed, by_requester, case.resident_name, case.reported_done_at),
        at(_("Head of the department"), case.reviewed_by is not None, "review.signature", name(case.reviewed_by), case.reviewed_at),
        at(_("Head of the centre"), case.head_signed_by is not None, "sign.signature", name(case.head_signed_by), None),
    ]  # fmt: skip
