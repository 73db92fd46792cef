"""The forms of complaints and suggestions."""

from __future__ import annotations

from marshmallow import fields

from guanjia.sdk import StrictSchema, words
from plugins.customer_service.complaints.kinds import CHANNELS, CONDUCT, MATTERS, SUGGESTION_DECISIONS, VALIDITY
from plugins.customer_service.fields import department, files, flag, household, one_of, text

_ = words("customer_service")


class ComplaintForm(StrictSchema):
    """What whoever receives a complaint records (5/8.1.1, 8.1.2)."""

    content = text(
        _("What the complaint is about"),
        2000,
        lines=4,
        required=True,
        metadata={"autofocus": True, "group": _("The complaint")},
    )
    matter = one_of(MATTERS, _("Concerns"), required=True)
    channel = one_of(CHANNELS, _("How it came in"), load_default="hotline")
    conduct = one_of(CONDUCT, _("What a member of staff is said to have done"), allow_none=True, load_default=None)
    needs_investigation = fields.Boolean(load_default=True, metadata={"label": _("Needs to be looked into")})
    photos = files(_("Photos or letter"))
    household_id = household(group=_("Who complains"))
    complainant = text(_("Name"), 60, load_default="", metadata={"private": True})
    phone = text(_("Phone"), 40, load_default="", metadata={"widget": "phone", "private": True})


class InvestigateForm(StrictSchema):
    """What was found and what is proposed (5/8.1.3)."""

    findings = text(_("Findings"), 2000, lines=4, required=True)
    proposal = text(_("Proposal"), 1000, lines=3, required=True)
    photos = files(_("Photos"))


class DecideForm(StrictSchema):
    """How it is handled, and by which department (5/8.1.3)."""

    validity = one_of(VALIDITY, _("Valid or not"), required=True, metadata={"widget": "radio"})
    decision = text(_("How it is handled"), 2000, lines=3, required=True)
    department_id = department(_("Department that is responsible"), required=True)


class ResultForm(StrictSchema):
    """What was done."""

    result = text(_("What was done"), 2000, lines=3, required=True)
    photos = files(_("Photos"))


class ReplyForm(StrictSchema):
    """The written reply (5/8.1.6)."""

    reply = text(_("Text of the reply"), 4000, lines=8, required=True)


class CloseForm(StrictSchema):
    """How the resident took it."""

    satisfied = fields.Boolean(
        load_default=None, allow_none=True, metadata={"label": _("Satisfied"), "widget": "radio"}
    )
    remark = text(_("Remark"), 500, load_default="")


class ConductForm(StrictSchema):
    """What a member of staff is said to have done."""

    conduct = one_of(
        CONDUCT, _("What a member of staff is said to have done"), required=True, metadata={"widget": "radio"}
    )
    remark = text(_("Remark"), 500, lines=2, load_default="")


class DeveloperForm(StrictSchema):
    """What was agreed with the developer (5/8.1.4)."""

    promise = text(_("What the developer promises, and by when"), 1000, lines=3, required=True)


class DeveloperDoneForm(StrictSchema):
    """How the developer's repair ended (5/8.1.4)."""

    result = text(_("Result of the repair"), 1000, lines=3, required=True)
    photos = files(_("Photos"))


class WhyForm(StrictSchema):
    """A reason for the record."""

    reason = text(_("Reason"), 500, lines=2, required=True)


class SuggestionForm(StrictSchema):
    """A resident's suggestion (5/8.1.5)."""

    content = text(_("What is suggested"), 2000, lines=4, required=True, metadata={"autofocus": True})
    channel = one_of(CHANNELS, _("How it came in"), load_default="in_person")
    household_id = household()
    name = text(_("Name"), 60, load_default="", metadata={"private": True})
    name_may_be_published = flag(_("The household agrees that its name is published"))


class SuggestionDecisionForm(StrictSchema):
    """The director's decision, with measures (5/8.1.5)."""

    decision = one_of(SUGGESTION_DECISIONS, _("Decision"), required=True, metadata={"widget": "radio"})
    measures = text(_("Measures, or the reason"), 2000, lines=3, required=True)


class ConsentForm(StrictSchema):
    """What the household says to its name."""

    name_may_be_published = fields.Boolean(
        required=True, metadata={"label": _("The household agrees that its name is published"), "widget": "radio"}
    )
