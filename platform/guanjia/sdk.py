"""The public names for plugin authors: what stands here changes with a deprecation warning for one release."""

from guanjia.calendar import BusinessHours, WorkCalendar
from guanjia.db.base import (
    SITE_TABLE,
    STAFF_TABLE,
    CompanyScoped,
    MaybeSiteScoped,
    SiteScoped,
    in_same_site,
    reference,
)
from guanjia.db.types import JsonText, UtcDateTime
from guanjia.errors import Forbidden, Invalid, NotFound, Refused, Stale, Waiting, WrongState
from guanjia.jobs.duties import Period
from guanjia.jobs.recurring import due_again, since_last
from guanjia.manifest import ApiRead, Job, MenuItem, Permission, Plugin
from guanjia.rules.decide import except_others
from guanjia.rules.facts import ActFacts, ActorFacts, SiteFacts, facts
from guanjia.rules.measure import Measure, Span, share
from guanjia.rules.params import Coded, NoParams, Params, RoleKey, param
from guanjia.rules.rule import Kind, Rule
from guanjia.rules.verdict import Verdict, allow, ask, deny
from guanjia.schema import StrictSchema
from guanjia.steps.commands import Event, MakeTask, Notify, Owed, Perform
from guanjia.steps.context import Context, StepContext
from guanjia.steps.deadlines import TO_BE_AGREED
from guanjia.steps.flow import COMPANY, SAME, SITE, Column, Document, Flow, State, Step
from guanjia.steps.loader import Loader
from guanjia.steps.measuring import measure
from guanjia.steps.models import Case, CompanyCase
from guanjia.steps.register import register
from guanjia.steps.view import due_dates
from guanjia.web.addresses import case_url, form_url, ledger_url
from guanjia.web.caller import caller, reading
from guanjia.web.shown import due_view
from guanjia.words import Message, Text, words

__all__ = [
    "COMPANY", "SAME", "SITE", "SITE_TABLE", "STAFF_TABLE", "TO_BE_AGREED", "ActFacts", "ActorFacts", "ApiRead",
    "BusinessHours", "Case", "Coded", "Column", "CompanyCase", "CompanyScoped", "Context", "Document", "Event",
    "Flow", "Forbidden", "Invalid", "Job", "JsonText", "Kind", "Loader", "MakeTask", "MaybeSiteScoped", "Measure",
    "MenuItem", "Message", "NoParams", "NotFound", "Notify", "Owed", "Params", "Perform", "Period", "Permission",
    "Plugin", "Refused", "RoleKey", "Rule", "SiteFacts", "SiteScoped", "Span", "Stale", "State", "Step",
    "StepContext", "StrictSchema", "Text", "UtcDateTime", "Verdict", "Waiting", "WorkCalendar", "WrongState",
    "allow", "ask", "caller", "case_url", "deny", "due_again", "due_dates", "due_view", "except_others", "facts", "form_url",
    "in_same_site",
    "ledger_url", "measure", "param", "reading", "reference", "register", "share", "since_last", "words",
]  # fmt: skip
