"""The forms of enquiries, of the archive, of reviews and of visiting desks."""

from __future__ import annotations

from marshmallow import fields, validate

from guanjia.sdk import StrictSchema, words
from plugins.customer_service.enquiries.kinds import SOURCES, SUBJECTS, TOPICS
from plugins.customer_service.fields import department, files, flag, household, moment, one_of, text

_ = words("customer_service")


class EnquiryForm(StrictSchema):
    """A line of the front desk ledger: who asks what, and the answer or the time agreed for it (3/4.1.3)."""

    content = text(
        _("What is asked"), 1000, lines=3, required=True, metadata={"autofocus": True, "group": _("The enquiry")}
    )
    subject = one_of(SUBJECTS, _("Subject"), required=True)
    source = one_of(SOURCES, _("How it came in"), load_default="phone")
    household_id = household(group=_("Who asks"))
    enquirer_name = text(_("Name"), 60, load_default="", metadata={"private": True})
    phone = text(_("Phone"), 40, load_default="", metadata={"widget": "phone", "private": True})
    is_important = flag(_("Important"), group=_("The answer"))
    answer = text(_("Answer"), 1000, lines=3, load_default="", metadata={
        "help": _("Leave it empty if the answer takes longer, and agree when it will be given.")})  # fmt: skip
    answered_together = flag(_("Answered together with the department"))
    reply_by = moment(_("Answer agreed for"))
    department_id = department(
        _("Department that answers too"), metadata={"help": _("Leave it empty to take the usual one.")}
    )
    remarks = text(_("Remarks"), 500, load_default="")


class AnswerForm(StrictSchema):
    """The answer that was given."""

    answer = text(_("Answer"), 1000, lines=3, required=True)
    answered_together = flag(_("Answered together with the department"))


class TransferForm(StrictSchema):
    """Which department follows up and answers; it stands in the ledger's remarks (3/4.2.1)."""

    department_id = department(_("Department"), required=True)
    remark = text(_("What it is to answer"), 500, lines=2, required=True)


class AgreeForm(StrictSchema):
    """The time agreed with whoever asks (3/4.1.3)."""

    reply_by = moment(_("Answer agreed for"), required=True)
    reason = text(_("Reason"), 500, load_default="")


class PartForm(StrictSchema):
    """What the department says to it (3/4.2.2)."""

    part = text(_("What the department says"), 1000, lines=3, required=True)


class RemarkForm(StrictSchema):
    """A remark for the ledger."""

    remark = text(_("Remark"), 500, lines=2, required=True)


class ArticleForm(StrictSchema):
    """An entry of the information archive (3/4.1.2)."""

    title = text(_("Title"), 120, required=True)
    topic = one_of(TOPICS, _("Topic"), required=True)
    body = text(_("Text"), 4000, lines=8, required=True)


class ReviewForm(StrictSchema):
    """What came of a review of the ledger (3/4.2.4, 4.2.5)."""

    plan = text(_("Follow-up and guidance"), 2000, lines=4, required=True)
    important = text(_("Important matters to report"), 2000, lines=3, load_default="", metadata={
        "help": _("What stands here is reported at once. Leave it empty if there is nothing.")})  # fmt: skip


class DeskForm(StrictSchema):
    """A government body or a service provider wishes to hold an enquiry desk here (3/4.2.6)."""

    organisation = text(_("Who holds it"), 80, required=True)
    purpose = text(_("What about"), 500, lines=2, required=True)
    place = text(_("Place"), 120, required=True)
    starts_at = moment(_("From"), required=True)
    ends_at = moment(_("Until"), required=True)
    contact = text(_("Contact"), 120, load_default="", metadata={"private": True})
    files = files(_("Letter or notice"))


class ArrangeForm(StrictSchema):
    """What is arranged for the desk."""

    arrangement = text(_("Place, tables, power, announcement, who helps"), 1000, lines=3, required=True)


class HeldForm(StrictSchema):
    """How it went."""

    visitors = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=100_000),
                              metadata={"label": _("How many came")})  # fmt: skip
    remark = text(_("Remark"), 500, load_default="")


class WhyForm(StrictSchema):
    """A reason for the record."""

    reason = text(_("Reason"), 500, lines=2, required=True)
