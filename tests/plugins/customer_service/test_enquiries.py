"""Enquiries by regulation 3: taken by anybody, answered at once or at the agreed time, with whom they concern."""

import pytest

from enquiries_made import Enquiries
from guanjia.testing import refusal
from office import Office
from requests_made import clause, rule, site_time, words_of


@pytest.fixture
def desk(east: Office) -> Enquiries:
    """The front desk of the first office."""
    return Enquiries(east)


@clause(3, "3.1-3.4")
@pytest.mark.parametrize("role", ["receptionist", "repair_technician", "area_manager", "property_assistant"])
def test_every_member_of_staff_takes_an_enquiry_on_the_spot(desk: Enquiries, role: str):
    done = desk.by(role, "enter", **desk.asked(answer="在一楼大厅办理，带身份证"))
    assert done.state == "answered"
    assert desk.row(done.case_id).received_by == desk.person(role).id


@clause(3, "4.1.4 5.1")
def test_every_enquiry_is_a_line_of_the_ledger_with_an_unbroken_number(desk: Enquiries):
    numbers = [desk.row(desk.open()).number for _ in range(3)]
    assert numbers == ["ZX-2026-00001", "ZX-2026-00002", "ZX-2026-00003"]


@clause(3, "4.1.3 4.2.1")
def test_an_enquiry_is_answered_at_once_or_carries_an_agreed_time(desk: Enquiries):
    desk.denied("agreed_reply_time", "receptionist", "enter", **desk.asked(reply_by=None))
    case = desk.open(reply_by=desk.after(hours=3))
    assert desk.due(case, "reply") == desk.row(case).reply_by
    desk.by("receptionist", "answer", case, answer="已答复：到营业厅办理")
    assert desk.due(case, "reply") is None
    assert desk.state(case) == "answered"


@clause(3, "4.1.3 4.2.1")
def test_another_time_that_is_agreed_moves_the_deadline_and_the_old_one_stays_in_the_history(desk: Enquiries):
    case = desk.open(reply_by=desk.after(hours=1))
    first = desk.row(case).reply_by
    desk.by("receptionist", "agree_time", case, reply_by=desk.after(hours=30), reason="业主出差")
    assert [d.due_at for d in desk.dates(case, "reply")] == [first, desk.row(case).reply_by]
    assert desk.due(case, "reply") == desk.row(case).reply_by


@clause(3, "4.1.3 4.2.1")
def test_where_no_time_needs_to_be_agreed_an_enquiry_may_stay_open_without_one(desk: Enquiries):
    desk.office.switch(rule("agreed_reply_time"), on=False)
    case = desk.open(reply_by=None)
    assert desk.state(case) == "open"
    assert desk.due(case, "reply") is None


@clause(3, "4.2.1")
def test_an_important_enquiry_is_told_to_the_supervisor_at_once(desk: Enquiries):
    quiet, loud = desk.open(), desk.open(is_important=True)
    key = "important_enquiry_reported"
    assert desk.notices("customer_service_supervisor", key, case=quiet) == []
    (told,) = desk.notices("customer_service_supervisor", key, case=loud)
    assert told.urgent
    desk.by("receptionist", "mark_important", quiet)
    assert len(desk.notices("customer_service_supervisor", key, case=quiet)) == 1
    desk.office.switch(rule(key), on=False)
    assert desk.notices("customer_service_supervisor", key, case=desk.open(is_important=True)) == []


@clause(3, "4.2.1")
def test_a_transfer_is_noted_in_the_remarks_and_the_department_is_told(desk: Enquiries):
    case = desk.open()
    engineering = str(desk.office.department("engineering"))
    desk.by("receptionist", "transfer", case, department_id=engineering, remark="请答复阀门位置")
    assert desk.state(case) == "with_department"
    assert "请答复阀门位置" in desk.row(case).remarks
    (task,) = desk.tasks("enquiry_transfer", case)
    assert (task.role, task.due_at, task.state) == ("department_head", desk.row(case).reply_by, "open")
    desk.by("department_head", "answer", case, answer="阀门在厨房水槽下")
    assert desk.tasks("enquiry_transfer", case)[0].state == "done"
    desk.office.switch(rule("enquiry_transfer"), on=False)
    other = desk.open()
    desk.by("receptionist", "transfer", other, department_id=engineering, remark="请答复")
    assert desk.tasks("enquiry_transfer", other) == []


@clause(3, "4.2.2")
@pytest.mark.parametrize("subject", ["security", "engineering", "leasing"])
def test_a_matter_of_a_department_is_answered_together_with_it(desk: Enquiries, subject: str):
    desk.denied("joint_answer", "receptionist", "enter", **desk.asked(subject=subject, answer="可以"))
    desk.by("receptionist", "enter", **desk.asked(subject=subject, answer="问过该部门：可以", answered_together=True))
    case = desk.open(subject=subject)
    desk.denied("joint_answer", "receptionist", "answer", case, answer="可以")
    desk.by("area_manager", "contribute", case, part="部门意见：可以，须登记")
    desk.by("receptionist", "answer", case, answer="可以，请先登记")
    assert desk.row(case).answered_together


@clause(3, "4.2.2")
def test_the_department_itself_answers_its_own_matter(desk: Enquiries):
    case = desk.open(subject="engineering")
    desk.by("repair_technician", "answer", case, answer="总闸在楼道配电箱")
    assert desk.state(case) == "answered"


@clause(3, "4.2.2")
def test_what_stalls_goes_to_the_property_manager_who_settles_it(desk: Enquiries):
    case = desk.open(subject="security", reply_by=desk.after(hours=60))
    desk.office.company.later(hours=25)
    assert desk.state(case) == "stalled"
    (task,) = desk.tasks("joint_answer", case)
    assert (task.role, task.state) == ("property_manager", "open")
    security = str(desk.office.department("security"))
    desk.denied("joint_answer", "receptionist", "settle", case, department_id=security, remark="秩序部答复")
    desk.by("property_manager", "settle", case, department_id=security, remark="秩序部今天答复")
    assert desk.state(case) == "with_department"
    assert desk.tasks("joint_answer", case)[0].state == "done"


@clause(3, "4.2.2")
def test_an_answer_in_time_never_stalls(desk: Enquiries):
    case = desk.open(subject="security", reply_by=desk.after(hours=60))
    desk.by("security_head", "contribute", case, part="访客登记即可进出")
    desk.office.company.later(hours=26)
    assert desk.state(case) == "open"
    assert desk.tasks("joint_answer", case) == []


@clause(3, "4.2.2")
def test_the_site_says_what_is_answered_together(desk: Enquiries):
    desk.office.switch(rule("joint_answer"), params={"subjects": ["fees"]})
    desk.by("receptionist", "enter", **desk.asked(subject="security", answer="可以"))
    desk.denied("joint_answer", "receptionist", "enter", **desk.asked(subject="fees", answer="每月一次"))


@clause(3, "4.2.3")
def test_what_is_not_this_propertys_is_answered_only_after_the_manager_was_asked(desk: Enquiries):
    form = desk.asked(subject="outside", content="产权证什么时候办")
    desk.denied("outside_matter", "receptionist", "enter", **{**form, "answer": "找开发商"})
    case = desk.open(subject="outside")
    (task,) = desk.tasks("outside_matter", case)
    assert (task.role, task.state) == ("property_department_manager", "open")
    for step in ("answer", "redirect"):
        desk.denied("outside_matter", "receptionist", step, case, answer="请到房管局")
    desk.denied("outside_matter", "site_manager", "ask_manager", case, remark="可以")
    desk.by("property_department_manager", "ask_manager", case, remark="请其到房管局窗口查询")
    assert desk.tasks("outside_matter", case)[0].state == "done"
    desk.by("receptionist", "redirect", case, answer="请到房管局窗口查询")
    assert desk.state(case) == "redirected"


@clause(3, "4.2.3")
def test_where_the_manager_need_not_be_asked_reception_shows_the_way(desk: Enquiries):
    desk.office.switch(rule("outside_matter"), on=False)
    case = desk.open(subject="outside")
    desk.by("receptionist", "redirect", case, answer="请到房管局")


@clause(3, "4.3.2")
@pytest.mark.parametrize(("reply", "phrase"), [
    ("这事我不知道", "不知道"), ("真的没 办法", "没办法"), ("不归我管，找别人", "不归我管"),
])  # fmt: skip
def test_a_reply_with_a_forbidden_phrase_is_refused_by_name(desk: Enquiries, reply: str, phrase: str):
    (reason,) = desk.denied("forbidden_phrases", "receptionist", "enter", **desk.asked(answer=reply))
    assert phrase in str(reason.message.to_json())
    case = desk.open()
    desk.denied("forbidden_phrases", "receptionist", "answer", case, answer=reply)
    desk.by("receptionist", "answer", case, answer="我问清后今天五点前回电")


@clause(3, "4.3.2")
def test_the_site_names_its_own_phrases_and_a_case_keeps_those_of_its_day(desk: Enquiries):
    before = desk.open()
    desk.office.switch(rule("forbidden_phrases"), params={"phrases": ["明天再说"]})
    after = desk.open()
    desk.denied("forbidden_phrases", "receptionist", "answer", after, answer="明天再说吧")
    desk.by("receptionist", "answer", after, answer="不知道的已问清")
    desk.by("receptionist", "answer", before, answer="明天再说吧")
    desk.office.switch(rule("forbidden_phrases"), on=False)
    desk.by("receptionist", "enter", **desk.asked(answer="不知道"))


@clause(3, "4.2.4")
def test_the_supervisor_reviews_the_ledger_every_day_and_reports_what_is_important(desk: Enquiries):
    desk.office.company.later(days=1)
    days = [t.period for t in desk.tasks("daily_ledger_review")]
    assert "2026-11-17" in days
    form = {"plan": "跟进两件未答复", "important": ""}
    desk_denied = desk.denied("daily_ledger_review", "receptionist", "customer_service.ledger_review.daily", **form)
    assert desk_denied
    desk.by("property_supervisor", "customer_service.ledger_review.daily", **form)
    assert sorted(t.state for t in desk.tasks("daily_ledger_review")).count("done") == 1
    assert desk.notices("property_department_manager", "daily_ledger_review") == []
    desk.by("property_supervisor", "customer_service.ledger_review.daily", plan="跟进", important="业主集中反映停水")
    (told,) = desk.notices("property_department_manager", "daily_ledger_review")
    assert (words_of(told), told.urgent) == ("The review of the front desk ledger names important matters.", True)


@clause(3, "4.2.5")
def test_the_property_manager_reviews_it_at_least_every_seven_days_counted_from_the_last_time(desk: Enquiries):
    desk.office.company.later(days=1)
    (task,) = desk.tasks("weekly_ledger_review")
    first = task.due_at
    assert task.role == "property_manager"
    desk.denied(
        "weekly_ledger_review", "site_manager", "customer_service.ledger_review.weekly", plan="已看", important=""
    )
    desk.by("property_manager", "customer_service.ledger_review.weekly", plan="已看", important="请公司协调供水")
    assert len(desk.notices("company_leader", "weekly_ledger_review")) == 1
    assert desk.tasks("weekly_ledger_review")[0].state == "done"
    desk.office.company.later(days=1)
    task = desk.tasks("weekly_ledger_review")[-1]
    assert (task.state, task.due_at) == ("open", site_time("2026-11-25 00:00"))
    assert first is not None and task.due_at > first
    desk.office.company.later(days=3)
    assert len(desk.tasks("weekly_ledger_review")) == 2  # one is owed at a time


@clause(3, "4.2.6")
def test_a_visiting_desk_needs_the_companys_approval_and_the_property_manager_arranges_it(desk: Enquiries):
    flow = "customer_service.visiting_desk"
    form = {"organisation": "街道社保所", "purpose": "社保咨询", "place": "中心花园",
            "starts_at": desk.after(days=2), "ends_at": desk.after(days=2, hours=4)}  # fmt: skip
    case = desk.by("receptionist", f"{flow}.propose", **form).case_id
    assert [(t.role, t.state) for t in desk.tasks("visiting_desk", case)] == [("company_leader", "open")]
    person = desk.person

    def refused(role: str, step: str, **values: object) -> list[str]:
        return [r.rule for r in refusal(person(role).takes, f"{flow}.{step}", case, values)]

    assert refused("property_manager", "arrange", arrangement="两张桌子") == [rule("visiting_desk")]
    assert refused("site_manager", "approve") == [rule("visiting_desk")]
    desk.by("company_leader", f"{flow}.approve", case)
    assert [(t.role, t.state) for t in desk.tasks("visiting_desk", case)] == [
        ("company_leader", "done"), ("property_manager", "open"),
    ]  # fmt: skip
    assert refused("receptionist", "arrange", arrangement="两张桌子") == [rule("visiting_desk")]
    desk.by("property_manager", f"{flow}.arrange", case, arrangement="两张桌子，一把伞")
    desk.by("receptionist", f"{flow}.hold", case, visitors=43)
    assert [t.state for t in desk.tasks("visiting_desk", case)] == ["done", "done"]
    desk.office.switch(rule("visiting_desk"), on=False)
    free = desk.by("receptionist", f"{flow}.propose", **form).case_id
    desk.by("receptionist", f"{flow}.arrange", free, arrangement="不需批准")
