"""The forms of the steps of a service request. A form checks shape; what must be given is left to the rules."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import fields, validate

from guanjia.sdk import StrictSchema, words
from plugins.customer_service.kinds import (
    CAPABILITY,
    CATEGORY_LABELS,
    DEADLINE_CLASSES,
    DELAY_CAUSES,
    MATTERS,
    SOURCES,
    VISIT_STEPS,
)

_ = words("customer_service")


def _one_of(labels: Mapping[str, object], label: object, **options: object) -> fields.String:
    meta = {"label": label, "choices": list(labels.items()), **options.pop("metadata", {})}  # type: ignore[dict-item]
    return fields.String(validate=validate.OneOf(list(labels)), metadata=meta, **options)  # type: ignore[arg-type]


def _text(label: object, size: int, *, lines: int = 0, **options: object) -> fields.String:
    meta = {"label": label, **options.pop("metadata", {})}  # type: ignore[dict-item]
    if lines:
        meta |= {"widget": "textarea", "rows": lines}
    return fields.String(validate=validate.Length(max=size), metadata=meta, **options)  # type: ignore[arg-type]


class IntakeForm(StrictSchema):
    """What reception records when a request comes in (5/5.1.2)."""

    household_id = fields.UUID(
        allow_none=True,
        load_default=None,
        metadata={"label": _("Household"), "widget": "lookup", "lookup": "registry.household", "autofocus": True,
                  "help": _("Type a room, a name or a phone number. Leave empty for public areas."), "group": _("Who and where")},
    )  # fmt: skip
    place = _text(_("Place, if not in the home"), 120, load_default="")
    resident_name = _text(_("Name"), 60, load_default="", metadata={"private": True})
    phone = _text(_("Phone"), 40, load_default="", metadata={"widget": "phone", "private": True})
    source = _one_of(SOURCES, _("How it came in"), load_default="phone", metadata={"group": _("What")})
    category = _one_of(CATEGORY_LABELS, _("Category"), required=True)
    content = _text(_("Content"), 1000, lines=3, load_default="")
    photos = fields.List(fields.UUID(), load_default=list, metadata={"label": _("Photos"), "widget": "photos"})
    paid = fields.Boolean(load_default=False, metadata={"label": _("Paid service")})
    is_emergency = fields.Boolean(load_default=False, metadata={"label": _("Emergency")})
    is_major = fields.Boolean(load_default=False, metadata={"label": _("Major problem")})
    within_capability = _one_of(CAPABILITY, _("Can the centre do it?"), allow_none=True, load_default=None,
                                metadata={"widget": "radio", "group": _("Dispatch")})  # fmt: skip
    deadline_class = _one_of(DEADLINE_CLASSES, _("Deadline class"), allow_none=True, load_default=None,
                             metadata={"help": _("Leave empty to take the category's.")})  # fmt: skip
    department_id = fields.UUID(
        allow_none=True, load_default=None,
        metadata={"label": _("Department"), "widget": "select", "help": _("Leave empty to take the category's.")},
    )  # fmt: skip


class ReportForm(StrictSchema):
    """A fault that a member of staff found; it goes into reception's queue (5/5.1.1)."""

    place = _text(_("Place"), 120, required=True)
    category = _one_of(CATEGORY_LABELS, _("Category"), required=True)
    content = fields.String(required=True, validate=validate.Length(min=1, max=1000),
                            metadata={"label": _("What you found"), "widget": "textarea", "rows": 3})  # fmt: skip
    is_emergency = fields.Boolean(load_default=False, metadata={"label": _("Emergency")})
    photos = fields.List(fields.UUID(), load_default=list, metadata={"label": _("Photos"), "widget": "photos"})


class CapabilityForm(StrictSchema):
    """The head's decision whether the centre can do it (5/5.1.4)."""

    within_capability = fields.String(
        required=True, validate=validate.OneOf(["yes", "no"]),
        metadata={"label": _("Can the centre do it?"), "widget": "radio",
                  "choices": [(k, v) for k, v in CAPABILITY.items() if k != "unclear"]},
    )  # fmt: skip
    remark = _text(_("Remark"), 500, load_default="")


class DispatchForm(StrictSchema):
    """To whom the request goes."""

    department_id = fields.UUID(required=True, metadata={"label": _("Department"), "widget": "select"})
    remark = _text(_("Remark"), 500, load_default="")


class AssignForm(StrictSchema):
    """Who does the work."""

    worker_id = fields.UUID(required=True, metadata={"label": _("Worker"), "widget": "select"})


class ContractorForm(StrictSchema):
    """Which outside team does the work."""

    contractor_id = fields.UUID(required=True, metadata={"label": _("Contractor"), "widget": "select"})


class OccurredForm(StrictSchema):
    """A step that needs nothing else than to be taken."""

    remark = _text(_("Remark"), 500, load_default="")


class AppointmentForm(StrictSchema):
    """What was agreed with the resident before indoor work (5/5.3.1)."""

    appointment_at = fields.AwareDateTime(required=True, metadata={"label": _("Agreed time"), "widget": "datetime"})
    details = fields.String(required=True, validate=validate.Length(min=1, max=1000),
                            metadata={"label": _("Demands and details"), "widget": "textarea", "rows": 3})  # fmt: skip


class EquipmentForm(StrictSchema):
    """The check of what the resident gave us to install (5/5.2.1)."""

    equipment_given = fields.Boolean(load_default=True, metadata={"label": _("The resident gave the equipment")})
    defect_found = fields.Boolean(load_default=False, metadata={"label": _("A defect was found")})
    defect_confirmed = fields.Boolean(load_default=False, metadata={"label": _("The resident confirmed the defect")})
    remark = _text(_("Result of the check"), 500, lines=2, load_default="")


class AgreeDeadlineForm(StrictSchema):
    """A finish date that was agreed."""

    due_at = fields.AwareDateTime(required=True, metadata={"label": _("Agreed finish"), "widget": "datetime"})
    resident_wishes = fields.Boolean(load_default=False, metadata={"label": _("The resident wishes a later time")})


class ExtendForm(StrictSchema):
    """A later finish date and why (5/5.2.4, 5.2.5)."""

    until = fields.AwareDateTime(required=True, metadata={"label": _("New finish"), "widget": "datetime"})
    cause = _one_of(DELAY_CAUSES, _("Cause"), load_default="work", metadata={"widget": "radio"})
    reason = fields.String(required=True, validate=validate.Length(min=1, max=500),
                           metadata={"label": _("Reason"), "widget": "textarea", "rows": 2})  # fmt: skip
    resident_consents = fields.Boolean(load_default=False, metadata={"label": _("The resident consents")})


class MaterialForm(StrictSchema):
    """One material, with its quantity."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=60), metadata={"label": _("Material")})
    quantity = fields.Decimal(required=True, places=3, validate=validate.Range(min=0, min_inclusive=False, max=100000),
                              metadata={"label": _("Quantity")})  # fmt: skip
    unit = fields.String(load_default="", validate=validate.Length(max=10), metadata={"label": _("Unit of measure")})


class MaterialsForm(StrictSchema):
    """The materials used so far."""

    materials = fields.List(fields.Nested(MaterialForm), required=True, validate=validate.Length(min=1, max=50),
                            metadata={"label": _("Materials")})  # fmt: skip


class CompleteForm(StrictSchema):
    """The worker's report of finished work (5/5.2.2)."""

    work_done = _text(_("Work done"), 1000, lines=3, load_default="", metadata={"group": _("Work")})
    materials = fields.List(fields.Nested(MaterialForm), load_default=list, validate=validate.Length(max=50),
                            metadata={"label": _("Materials")})  # fmt: skip
    no_materials = fields.Boolean(load_default=False, metadata={"label": _("No material was used")})
    started_at = fields.AwareDateTime(allow_none=True, load_default=None,
                                      metadata={"label": _("Start of work"), "widget": "datetime"})  # fmt: skip
    finished_at = fields.AwareDateTime(allow_none=True, load_default=None,
                                       metadata={"label": _("End of work"), "widget": "datetime"})  # fmt: skip
    total_minutes = fields.Integer(allow_none=True, load_default=None, strict=True, validate=validate.Range(min=0, max=100000),
                                   metadata={"label": _("Total working time, with preparation"), "unit": "minutes"})  # fmt: skip
    material_fee_fen = fields.Integer(
        allow_none=True, load_default=None, strict=True, validate=validate.Range(min=0, max=2 * 10**9),
        metadata={"label": _("Material fee"), "widget": "money", "unit": "fen", "group": _("Paid work")},
    )  # fmt: skip
    labour_fee_fen = fields.Integer(allow_none=True, load_default=None, strict=True, validate=validate.Range(min=0, max=2 * 10**9),
                                    metadata={"label": _("Labour fee"), "widget": "money", "unit": "fen"})  # fmt: skip
    visit_steps = fields.List(fields.String(validate=validate.OneOf(list(VISIT_STEPS))), load_default=list,
                              metadata={"label": _("At the home"), "widget": "checkboxes", "choices": list(VISIT_STEPS.items()),
                                        "group": _("Visit and signatures")})  # fmt: skip
    worker_signature = fields.UUID(allow_none=True, load_default=None,
                                   metadata={"label": _("Worker's signature"), "widget": "signature"})  # fmt: skip
    resident_signature = fields.UUID(allow_none=True, load_default=None,
                                     metadata={"label": _("Resident's signature of acceptance"), "widget": "signature"})  # fmt: skip
    photos = fields.List(fields.UUID(), load_default=list, metadata={"label": _("Photos"), "widget": "photos"})


class ReviewForm(StrictSchema):
    """The head's review of hours, materials and fees (5/5.2.3)."""

    remark = _text(_("Remark"), 500, load_default="")
    signature = fields.UUID(
        allow_none=True, load_default=None, metadata={"label": _("Signature"), "widget": "signature"}
    )


class RejectSheetForm(StrictSchema):
    """Why reception does not take the sheet (5/5.2.3)."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=500),
                           metadata={"label": _("What is missing"), "widget": "textarea", "rows": 2})  # fmt: skip


class ReturnForm(StrictSchema):
    """Why the work cannot be done, and that the resident was told (5/5.2.4)."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=500),
                           metadata={"label": _("Reason"), "widget": "textarea", "rows": 2})  # fmt: skip
    explained = fields.Boolean(load_default=False, metadata={"label": _("It was explained to the resident")})


class ReportBackForm(StrictSchema):
    """How an indoor service stands (5/5.3.2)."""

    state = fields.String(required=True, validate=validate.Length(min=1, max=500),
                          metadata={"label": _("State of the work"), "widget": "textarea", "rows": 2})  # fmt: skip


class RevisitForm(StrictSchema):
    """The resident's answer after completion, in the resident's words (5/6.1)."""

    answer = fields.String(required=True, validate=validate.Length(min=1, max=1000),
                           metadata={"label": _("The resident's words"), "widget": "textarea", "rows": 3})  # fmt: skip
    satisfied = fields.Boolean(required=True, metadata={"label": _("Satisfied"), "widget": "radio"})
    agrees = fields.Boolean(required=True, metadata={"label": _("Agrees with the report"), "widget": "radio"})


class SiteCheckForm(StrictSchema):
    """What the area manager found on site (5/6.1)."""

    finding = fields.String(required=True, validate=validate.OneOf(["rework", "settled"]), metadata={
        "label": _("Finding"), "widget": "radio",
        "choices": [("rework", _("The work is not in order: send it back")), ("settled", _("Settled with the resident"))]})  # fmt: skip
    remark = fields.String(required=True, validate=validate.Length(min=1, max=500),
                           metadata={"label": _("What was found"), "widget": "textarea", "rows": 2})  # fmt: skip


class ReferForm(StrictSchema):
    """A problem that needs coordination (5/4.4.1)."""

    matter = _one_of(MATTERS, _("Kind of problem"), required=True, metadata={"widget": "radio"})
    remark = fields.String(required=True, validate=validate.Length(min=1, max=500),
                           metadata={"label": _("What needs to be coordinated"), "widget": "textarea", "rows": 2})  # fmt: skip


class ReasonForm(StrictSchema):
    """A reason for the record."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=500),
                           metadata={"label": _("Reason"), "widget": "textarea", "rows": 2})  # fmt: skip


class BringInForm(StrictSchema):
    """An open case that began on paper."""

    number = fields.String(required=True, validate=validate.Length(min=1, max=20),
                           metadata={"label": _("Number on paper"), "fact": True})  # fmt: skip
    received_at = fields.AwareDateTime(required=True, metadata={"label": _("Received at"), "widget": "datetime"})
    household_id = fields.UUID(allow_none=True, load_default=None,
                               metadata={"label": _("Household"), "widget": "lookup", "lookup": "registry.household"})  # fmt: skip
    place = _text(_("Place, if not in the home"), 120, load_default="")
    resident_name = _text(_("Name"), 60, load_default="", metadata={"private": True})
    phone = _text(_("Phone"), 40, load_default="", metadata={"widget": "phone", "private": True})
    category = _one_of(CATEGORY_LABELS, _("Category"), required=True)
    content = fields.String(required=True, validate=validate.Length(min=1, max=1000),
                            metadata={"label": _("Content"), "widget": "textarea", "rows": 3})  # fmt: skip
    department_id = fields.UUID(
        allow_none=True, load_default=None, metadata={"label": _("Department"), "widget": "select"}
    )
    due_at = fields.AwareDateTime(allow_none=True, load_default=None,
                                  metadata={"label": _("Finish agreed on paper"), "widget": "datetime"})  # fmt: skip
