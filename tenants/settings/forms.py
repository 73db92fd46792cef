"""What is entered with a change of rules, as pages and API send it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, pre_load, validate

from guanjia.sdk import StrictSchema, words
from tenants.settings.scope import COMPANY, SITE, UNIT

_ = words("tenants")

INHERIT = "inherit"
SCOPE_KINDS = {COMPANY: _("Company"), UNIT: _("Org unit"), SITE: _("Site")}
OPTIONS = {
    "four_eyes": _("Four eyes: whoever enters the step cannot also approve it"),
    "clock_stops_count": _("A stopped clock moves the due date"),
}


class ParamValues(fields.Mapping[dict[str, Any]]):
    """Values by the name of the parameter, as JSON has them; the rule's own schema then checks each under its name.

    A number with a fraction becomes text, since no float may come near the journal.
    """

    mapping_type: type[dict[str, Any]] = dict

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        found: dict[str, Any] = super()._deserialize(value, *args, **kwargs)  # type: ignore[no-untyped-call]
        return {name: str(item) if isinstance(item, float) else item for name, item in found.items()}


class OptionsForm(StrictSchema):
    """The host's options of a rule; one that is left out is inherited."""

    four_eyes = fields.Boolean(metadata={"label": OPTIONS["four_eyes"]})
    clock_stops_count = fields.Boolean(metadata={"label": OPTIONS["clock_stops_count"]})


class RuleEntry(StrictSchema):
    """All that the scope wants of one rule from now on; a parameter or option that is left out is inherited.

    `on` is true, false, or null (or `inherit`) to inherit the switch. `lock` keeps all scopes below from setting
    anything of the rule, `locked_params` from setting these parameters or options.
    """

    rule = fields.String(required=True, validate=validate.Length(min=1, max=120), metadata={"label": _("Rule")})
    on = fields.Boolean(allow_none=True, load_default=None, metadata={"label": _("Switch")})
    params = ParamValues(keys=fields.String(), load_default=dict, metadata={"label": _("Parameters"), "type": "object"})
    options = fields.Nested(OptionsForm, load_default=dict, metadata={"label": _("Options")})
    lock = fields.Boolean(load_default=False, metadata={"label": _("Lock the whole rule for those below")})
    locked_params = fields.List(
        fields.String(validate=validate.Length(min=1, max=80)),
        load_default=list,
        validate=validate.Length(max=100),
        metadata={"label": _("Locked parameters")},
    )

    @pre_load
    def _inherit(self, data: Any, **_kwargs: Any) -> Any:
        if isinstance(data, Mapping) and data.get("on") == INHERIT:
            return {**data, "on": None}
        return data


RULES = fields.List(
    fields.Nested(RuleEntry),
    required=True,
    validate=validate.Length(min=1, max=200),
    metadata={"label": _("Rules")},
)
FROM_DAY = fields.Date(
    required=True,
    metadata={
        "label": _("In force from"),
        "help": _("From 00:00 of this day. An earlier day counts from now, for cases that are opened from now on."),
    },
)
REASON = fields.String(
    required=True,
    validate=validate.Length(min=1, max=500),
    metadata={"label": _("Reason"), "widget": "textarea", "help": _("Everybody whom the change reaches can read it.")},
)


class ChangeForm(StrictSchema):
    """A change of rules at one scope. `exception` lets a site's values count in spite of a lock; headquarters only."""

    scope_kind = fields.String(
        required=True,
        validate=validate.OneOf(list(SCOPE_KINDS)),
        metadata={"label": _("Where"), "choices": list(SCOPE_KINDS.items())},
    )
    scope_id = fields.UUID(allow_none=True, load_default=None, metadata={"label": _("Org unit or site")})
    from_day = FROM_DAY
    reason = REASON
    rules = RULES
    exception = fields.Boolean(load_default=False, metadata={"label": _("Count in spite of the lock")})


class AskForm(StrictSchema):
    """What an office asks of headquarters, because a lock above keeps it from setting it."""

    from_day = FROM_DAY
    reason = REASON
    rules = RULES


class GrantForm(StrictSchema):
    """A yes, with a remark."""

    note = fields.String(
        load_default="", validate=validate.Length(max=500), metadata={"label": _("Remark"), "widget": "textarea"}
    )


class RejectForm(StrictSchema):
    """A no, with its reason."""

    reason = fields.String(
        required=True,
        validate=validate.Length(min=1, max=500),
        metadata={"label": _("Reason"), "widget": "textarea"},
    )
