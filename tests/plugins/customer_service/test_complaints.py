"""Complaints and suggestions (5/8.1.1-8.1.6, 8.2 1.4): looked into, decided, followed, answered in writing; adopted and published."""

from typing import Any, ClassVar
from uuid import UUID

import pytest

from guanjia.errors import Invalid
from guanjia.rules.measure import Span
from office import Office
from plugins.customer_service.complaints.models import Complaint, Suggestion
from plugins.customer_service.complaints.rules import ValidComplaints, valid_complaints_by_household
from requests_made import Requests, clause, rule, site_time
from signed_in import browser


class Complaints(Requests):
    """Complaints of one office, and the people who take their steps."""

    flow: ClassVar[str] = "customer_service.complaint"
    model: ClassVar[type[Any]] = Complaint

    def recorded(self, by: str = "receptionist", **form: Any) -> UUID:
        """A complaint that was recorded a moment ago."""
        asked = {"content": "保安夜里不在岗", "matter": "security", "household_id": self.household()}
        return self.by(by, "record", **{**asked, **form}).case_id

    def decided(self, *, validity: str = "valid", **form: Any) -> UUID:
        """Looked into, and decided by the director."""
        case = self.recorded(**form)
        self.by(
            "customer_service_supervisor",
            "investigate",
            case,
            findings="监控显示离岗十分钟",
            proposal="批评教育，加派巡查",
        )
        self.decides(case, validity=validity)
        return case

    def decides(self, case: UUID, role: str = "site_manager", *, validity: str = "valid") -> None:
        """The director decides."""
        department = str(self.office.department("security"))
        self.by(role, "decide", case, validity=validity, decision="批评当班人员", department_id=department)


class Suggestions(Requests):
    """Suggestions of one office."""

    flow: ClassVar[str] = "customer_service.suggestion"
    model: ClassVar[type[Any]] = Suggestion

    def recorded(self, **form: Any) -> UUID:
        """A suggestion that waits for the director."""
        return self.by("receptionist", "record", content="门口加雨棚", household_id=self.household(), **form).case_id


@pytest.fixture
def made(east: Office) -> Complaints:
    """Complaints at the first office."""
    return Complaints(east)


@pytest.fixture
def ideas(east: Office) -> Suggestions:
    """Suggestions at the first office."""
    return Suggestions(east)


@clause(5, "8.1.1 8.1.2")
@pytest.mark.parametrize(("channel", "role"), [
    ("hotline", "receptionist"), ("in_person", "area_manager"), ("written", "property_assistant"), ("staff", "repair_technician"),
])  # fmt: skip
def test_a_complaint_comes_by_every_channel_and_through_any_member_of_staff(made: Complaints, channel: str, role: str):
    case = made.row(made.recorded(role, channel=channel))
    assert (case.channel, case.state, case.number) == (channel, "received", "TS-2026-00001")


@clause(5, "8.1.3")
def test_it_is_looked_into_the_same_day_and_findings_go_to_the_director(made: Complaints):
    case = made.recorded()
    assert made.due(case, "investigation") == site_time("2026-11-17 00:00")
    made.by("customer_service_supervisor", "investigate", case, findings="属实", proposal="整改")
    assert made.due(case, "investigation") is None
    assert len(made.notices("site_manager", "complaint_investigation", case=case)) == 1
    assert made.due(made.recorded(needs_investigation=False), "investigation") is None


@clause(5, "8.1.3")
def test_there_is_no_decision_before_the_findings_unless_nothing_needs_looking_into(made: Complaints):
    case, plain = made.recorded(), made.recorded(needs_investigation=False)
    form = {"validity": "valid", "decision": "整改", "department_id": str(made.office.department("security"))}
    made.denied("complaint_investigation", "site_manager", "decide", case, **form)
    made.by("site_manager", "decide", plain, **form)
    made.office.switch(rule("complaint_investigation"), on=False)
    made.by("site_manager", "decide", made.recorded(), **form)


@clause(5, "8.1.3")
def test_only_the_director_decides_and_nothing_is_done_before(made: Complaints):
    case = made.recorded(needs_investigation=False)
    form = {"validity": "valid", "decision": "整改", "department_id": str(made.office.department("security"))}
    for role in ("receptionist", "customer_service_supervisor", "centre_head"):
        made.denied("complaint_decision", role, "decide", case, **form)
    made.by("site_manager", "decide", case, **form)
    made.by("security_head", "handle", case, result="已加派巡查")
    assert made.state(case) == "handled"
    made.office.switch(rule("complaint_decision"), params={"role": "manager_assistant"})
    other = made.recorded(needs_investigation=False)
    made.denied("complaint_decision", "site_manager", "decide", other, **form)
    made.by("manager_assistant", "decide", other, **form)


@clause(5, "8.1.6")
def test_a_complaint_closes_only_with_a_numbered_written_reply(made: Complaints):
    case = made.decided()
    made.by("security_head", "handle", case, result="已加派巡查")
    made.denied("written_reply", "receptionist", "close", case)
    made.by("receptionist", "reply", case, reply="已加派夜间巡查，谢谢监督。")
    assert made.row(case).reply_number == "TSHF-2026-0001"
    page = browser(made.office, "receptionist").page(f"/complaint/{case}/print/reply")
    assert "已加派夜间巡查" in page and "TSHF-2026-0001" in page
    made.by("receptionist", "close", case, satisfied=True)
    made.office.switch(rule("written_reply"), on=False)
    made.by("receptionist", "close", made.decided())


@clause(5, "8.1.4")
def test_a_complaint_about_the_building_is_followed_until_the_developers_repair_has_ended(made: Complaints):
    case = made.decided(matter="building", content="外墙渗水")
    assert made.row(case).is_warranty
    made.by("receptionist", "reply", case, reply="已联系开发商")
    with pytest.raises(Invalid, match="not right"):
        made.by("receptionist", "close", case)
    made.by("receptionist", "tell_developer", case, promise="两周内进场维修")
    made.by("receptionist", "developer_done", case, result="已做防水，淋水试验合格")
    made.by("receptionist", "close", case)
    other = made.decided()
    made.by("receptionist", "warranty", other)
    assert made.row(other).is_warranty


@clause(5, "8.1.5")
def test_an_adopted_suggestion_is_published_and_counts_for_the_award(ideas: Suggestions):
    case = ideas.recorded(name_may_be_published=True)
    ideas.denied("suggestion_published", "receptionist", "decide", case, decision="adopted", measures="本月安装")
    ideas.by("site_manager", "decide", case, decision="adopted", measures="本月安装")
    ideas.settle()
    row = ideas.row(case)
    assert (row.state, row.credited_at is not None, row.published_at is not None) == ("published", True, True)
    refused = ideas.recorded()
    ideas.by("site_manager", "decide", refused, decision="not_adopted", measures="规划不允许")
    ideas.settle()
    assert (ideas.state(refused), ideas.row(refused).credited_at) == ("not_adopted", None)


@clause(5, "8.1.5")
def test_the_households_name_is_published_only_if_it_agrees(ideas: Suggestions):
    named, unnamed = ideas.recorded(name="甲乙丙", name_may_be_published=True), ideas.recorded(name="丁戊己")
    screen = browser(ideas.office, "receptionist")
    for case in (named, unnamed):
        ideas.by("site_manager", "decide", case, decision="adopted", measures="本月安装")
    assert "甲乙丙" in screen.page(f"/suggestion/{named}/print/notice")
    page = screen.page(f"/suggestion/{unnamed}/print/notice")
    assert "丁戊己" not in page
    assert "门口加雨棚" in page


@clause(5, "8.1.5")
def test_where_nothing_is_published_a_suggestion_stays_adopted(ideas: Suggestions):
    ideas.office.switch(rule("suggestion_published"), params={"publish": False, "credit": False})
    case = ideas.recorded()
    ideas.by("site_manager", "decide", case, decision="adopted", measures="本月安装")
    ideas.settle()
    assert (ideas.state(case), ideas.row(case).credited_at) == ("adopted", None)
    ideas.office.switch(rule("suggestion_published"), on=False)
    ideas.by("receptionist", "decide", ideas.recorded(), decision="adopted", measures="好")


@clause(5, "8.2 1.4")
def test_valid_complaints_are_counted_against_the_households(made: Complaints):
    valid = made.decided()
    made.decided(validity="not_valid")
    made.recorded()
    month = Span(site_time("2026-11-01 00:00"), site_time("2026-12-01 00:00"))
    with made.office.system.reading() as loader:
        (measure,) = valid_complaints_by_household(loader.session, [made.office.id], month, ValidComplaints())
    assert (measure.numerator, measure.cases) == (1, (valid,))
    assert measure.denominator >= 6
    assert measure.met is False
