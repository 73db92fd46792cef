"""The front desk and the report of a fault, as browsers see them: what is shown, sent, refused and shown again."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from office import Office
from plugins.customer_service.kinds import CATEGORIES, CATEGORY_LABELS
from plugins.customer_service.pages.categories import all_keys, groups
from plugins.customer_service.pages.foresight import foresee
from plugins.registry.public import household_labels
from requests_made import PNG, Requests, clause, rule, site_time
from signed_in import browser, words_of

NEW = re.compile(r"/customer_service/request/([0-9a-f-]{36})")


def entered(answer) -> UUID:
    """The request to whose page the answer leads."""
    assert answer.status_code == 303, answer.text[-2000:]
    found = NEW.search(answer.headers["Location"])
    assert found, answer.headers["Location"]
    return UUID(found[1])


# ---------------------------------------------------------------- categories


def test_every_category_has_one_place_and_two_digits_of_its_own() -> None:
    choices = [choice for group in groups() for choice in group.choices]
    assert all_keys() == set(CATEGORIES) == {c.key for c in choices} and len(choices) == len(CATEGORIES)
    assert len({c.digits for c in choices}) == len(choices)
    assert all(re.fullmatch(r"[1-9]{2}", c.digits) for c in choices)
    for choice in choices:
        label = CATEGORY_LABELS[choice.key]
        assert label.zh in choice.typed and label.en.lower() in choice.typed and re.search(r" [a-z]{2,} ", choice.typed)


def test_a_category_is_marked_as_urgent_where_the_site_counts_it_so(at_east: Requests) -> None:
    def urgent() -> set[str]:
        with at_east.office.system.reading() as loader:
            return {c.key for g in groups(loader) for c in g.choices if c.urgent}

    assert urgent() == {"pipe_leak", "drain_blocked", "toilet_blocked", "lamp", "door_lock"}
    at_east.office.switch(rule("urgent_24h"), params={"categories": ["pipe_leak"]})
    assert urgent() == {"pipe_leak"}


# ---------------------------------------------------------------- what is shown beside the form


def test_the_household_shows_whom_to_take_care_of_and_what_is_open(at_east: Requests, west: Office) -> None:
    desk, home = browser(at_east.office, "receptionist"), at_east.office.household(2)
    with at_east.office.system.reading() as loader:
        label = household_labels(loader, [home])[home]
    case = at_east.by("receptionist", "receive", **at_east.intake("pipe_leak") | {"household_id": str(home)}).case_id
    page = desk.page(f"/intake/household?household_id={home}")
    shown = words_of(page)
    assert label.unit_code in shown and label.contact_name in shown and label.masked_phone in shown
    assert all(str(tag) in shown for tag in label.tag_titles)
    assert str(case) in page and at_east.row(case).number in shown
    assert at_east.row(case).phone and at_east.row(case).phone not in page
    assert f"/registry/resident/{label.contact_id}/reveal" in page  # reception may look at the number
    assert "reveal" not in browser(at_east.office, "department_head").page(f"/intake/household?household_id={home}")
    for other in (west.household(0), uuid4(), "nonsense", ""):
        nothing = desk.page(f"/intake/household?household_id={other}")
        assert "cs-home-none" in nothing and "****" not in nothing


@clause(5, "5.2.4 5.2.5 5.2.6 5.3.1.1")
@pytest.mark.parametrize("switched", ["as it is", "urgent rule off", "other days"])
def test_the_date_that_is_shown_is_the_date_that_is_set(at_east: Requests, switched: str) -> None:
    """For every category, in a home and outside: what the desk is told before is what the deadline rules set afterwards."""
    if switched == "urgent rule off":
        at_east.office.switch(rule("urgent_24h"), on=False)
    if switched == "other days":
        at_east.office.switch(rule("repair_deadline"), params={"working_days": 7})
        at_east.office.switch(rule("move_in_cleaning"), params={"same_day": False})
    for category in CATEGORIES:
        form = at_east.intake(category, in_home=category != "lift_failure")
        home = UUID(form["household_id"]) if "household_id" in form else None
        with at_east.office.system.reading() as loader:
            told = {d.name: d.due for d in foresee(loader, category=category, household_id=home)}
        case = at_east.by("receptionist", "receive", **form).case_id
        made = {name: at_east.dates(case, name) for name in ("finish", "report", "sheet")}
        assert told == {name: rows[-1].due_at for name, rows in made.items() if rows}, category


def test_the_hint_names_rule_clause_and_time(at_east: Requests) -> None:
    at_east.clock("2026-11-16 09:10")
    desk = browser(at_east.office, "receptionist")
    shown = words_of(desk.page("/intake/hints?category=pipe_leak"))
    assert "急修二十四小时完成" in shown and "5/5.2.5" in shown and "2026-11-17 09:10 前完成" in shown
    assert "2026-11-19 18:00 前完成" in words_of(desk.page("/intake/hints?category=air_conditioning"))
    assert "完成日期待商定" in words_of(desk.page("/intake/hints?category=leak_proofing"))
    chosen = desk.page("/intake/hints?category=air_conditioning&deadline_class=urgent")
    assert "2026-11-17 09:10 前完成" in words_of(chosen)
    for query in (
        "",
        "?category=nonsense",
        "?category=pipe_leak&household_id=x&case_id=y&deadline_class=z",
    ):
        desk.page(f"/intake/hints{query}")
    desk.page("/intake/hints?category=lamp&place=a%00b", 422)
    for name in ("repair_deadline", "urgent_24h"):
        at_east.office.switch(rule(name), on=False)
    assert "没有规则" in desk.page("/intake/hints?category=air_conditioning")


def test_the_same_fault_of_the_last_thirty_days_is_named(at_east: Requests, at_west: Requests) -> None:
    home, other = str(at_east.office.household(0)), str(at_east.office.household(1))
    case = at_east.by("receptionist", "receive", **at_east.intake("pipe_leak") | {"household_id": home}).case_id
    place = at_east.by("receptionist", "receive", **at_east.intake("lamp", in_home=False)).case_id
    desk = browser(at_east.office, "receptionist")

    def named(query: str) -> bool:
        return "30 天内报过同类问题" in desk.page(f"/intake/hints?{query}")

    assert named(f"category=pipe_leak&household_id={home}") and named("category=lamp&place=东门岗亭")
    assert str(case) in desk.page(f"/intake/hints?category=pipe_leak&household_id={home}")
    assert not named(f"category=pipe_leak&household_id={other}") and not named(f"category=lamp&household_id={home}")
    assert not named("category=pipe_leak") and not named("category=lamp&place=西门")
    assert not named(f"category=pipe_leak&household_id={home}&case_id={case}")  # a request is not its own repetition
    across = browser(at_west.office, "receptionist").page("/intake/hints?category=lamp&place=东门岗亭")
    assert str(place) not in across and "30 天内" not in across
    at_east.by("receptionist", "withdraw", place, reason="弄错了")
    assert not named("category=lamp&place=东门岗亭")
    at_east.office.company.owe_nothing()
    at_east.until(at_east.now + timedelta(days=30))
    desk = browser(at_east.office, "receptionist")  # nobody stays signed in that long
    assert named(f"category=pipe_leak&household_id={home}")
    at_east.until(at_east.now + timedelta(seconds=1))
    assert not named(f"category=pipe_leak&household_id={home}")


# ---------------------------------------------------------------- taking a request in


def test_reception_takes_a_request_in_and_is_offered_the_next(at_east: Requests) -> None:
    desk = browser(at_east.office, "receptionist")
    page = desk.page("/intake")
    assert re.search(r'name="within_capability" value="yes" checked', page)  # most can be done
    assert 'data-lookup-input hx-get="/s/east/lookup/registry.household"' in page and "autofocus" in page
    assert str(at_east.office.department("engineering")) in page
    home = at_east.office.household(0)
    sent = {
        "household_id": str(home), "source": "phone", "category": "pipe_leak", "content": "厨房漏水", "within_capability": "yes",
        "photos": (io.BytesIO(PNG), "leak.png"),
    }  # fmt: skip
    answer = desk.post("/intake", sent, content_type="multipart/form-data")
    case = entered(answer)
    row = at_east.row(case)
    assert (row.state, row.number, row.household_id, row.content) == ("dispatched", "BX-2026-00001", home, "厨房漏水")
    with at_east.office.system.reading() as loader:
        files = loader.host.files.of_cases(loader.session, [case])[case]
    assert [(f.field, f.media_type) for f in files] == [("photos", "image/png")]
    after = desk.page(answer.headers["Location"])
    assert "BX-2026-00001 已登记" in words_of(after) and 'href="/s/east/customer_service/intake" autofocus' in after
    assert "登记下一项" not in desk.page(f"/request/{case}")


@clause(5, "5.1.2")
def test_a_refused_intake_comes_back_filled_in_with_the_reason(at_east: Requests) -> None:
    desk = browser(at_east.office, "receptionist")
    sent = {
        "category": "lamp",
        "content": "楼道灯不亮",
        "within_capability": "unclear",
        "source": "desk",
        "phone": "13800001111",
    }
    answer = desk.post("/intake", sent)
    shown = words_of(answer.text)
    assert (
        answer.status_code == 422
        and "5/5.1.2" in shown
        and "受理登记必填项" in shown
        and "受理登记还缺：房号、业主姓名" in shown
    )
    assert "楼道灯不亮</textarea>" in answer.text and 'value="13800001111"' in answer.text
    for kept in ('name="category" value="lamp" checked', 'name="within_capability" value="unclear" checked'):
        assert kept in answer.text
    assert re.search(r'name="source" value="desk" checked', answer.text)
    assert at_east.journal(None, "receive")[-1]["outcome"] == "denied"
    assert at_east.by("receptionist", "receive", **at_east.intake("lamp")).number == "BX-2026-00001"


NO_ENTRIES = (
    ({"content": "x"}, "category"), ({"category": "nonsense", "content": "x"}, "category"),
    ({"category": "lamp", "content": "x" * 1001}, "content"), ({"category": "lamp", "place": "x" * 121}, "place"),
    ({"category": "lamp", "household_id": "not an id"}, "household_id"),
    ({"category": "lamp", "household_id": str(uuid4()), "within_capability": "yes", "content": "x"}, "household_id"),
    ({"category": "lamp", "place": "p", "content": "x", "within_capability": "yes", "department_id": str(uuid4())}, "department_id"),
    ({"category": "lamp", "place": "a\x00b", "content": "x"}, "place"),
)  # fmt: skip


def test_what_is_no_entry_is_marked_at_its_field(at_east: Requests) -> None:
    desk = browser(at_east.office, "receptionist")
    for sent, field in NO_ENTRIES:
        answer = desk.post("/intake", sent)
        assert answer.status_code == 422, (sent, answer.status_code)
        assert f'href="#f-{field}' in answer.text and f'id="f-{field}-error"' in answer.text, (sent, field)


def test_a_household_of_another_site_cannot_be_chosen(at_east: Requests, west: Office) -> None:
    sent = {"category": "lamp", "content": "x", "within_capability": "yes", "household_id": str(west.household(0))}
    answer = browser(at_east.office, "receptionist").post("/intake", sent)
    assert answer.status_code == 422 and 'href="#f-household_id"' in answer.text


@clause(5, "4.4.3 5.1.1")
def test_who_may_not_take_requests_in_sees_why_and_where_to_report(at_east: Requests) -> None:
    worker = browser(at_east.office, "repair_technician")
    page = worker.page("/intake")
    assert (
        "5/4.4.3 5.1.1" in words_of(page)
        and 'cs-desk" disabled' in page
        and 'href="/s/east/customer_service/report"' in page
    )
    refused = worker.post("/intake", {"category": "lamp", "place": "p", "content": "x", "within_capability": "yes"})
    assert refused.status_code == 422 and "服务申请统一由前台受理" in words_of(refused.text)


def test_the_same_form_sent_twice_enters_one_request(at_east: Requests) -> None:
    desk = browser(at_east.office, "receptionist")
    sent = {"category": "lamp", "place": "大堂", "content": "x", "within_capability": "yes", "_idempotency_key": "one"}
    assert entered(desk.post("/intake", sent)) == entered(desk.post("/intake", sent))
    changed = desk.post("/intake", sent | {"content": "y"})
    assert changed.status_code == 422 and "y</textarea>" in changed.text


# ---------------------------------------------------------------- what staff report


def test_a_fault_is_reported_with_a_picture_and_taken_up_on_the_same_screen(at_east: Requests) -> None:
    worker, desk = browser(at_east.office, "security_head"), browser(at_east.office, "receptionist")
    page = worker.page("/report")
    assert 'capture="environment"' in page and "data-place=" in page and "电梯故障" in page
    sent = {"place": "1栋大堂", "category": "lift_failure", "content": "困人", "photos": (io.BytesIO(PNG), "lift.png")}
    case = entered(worker.post("/report", sent, content_type="multipart/form-data"))
    assert (at_east.row(case).state, at_east.row(case).source) == ("reported", "staff")
    assert 'data-place="1栋大堂"' in worker.page("/report")  # offered from now on
    screen = desk.page(f"/intake/{case}")
    assert 'value="1栋大堂"' in screen and "困人</textarea>" in screen and 'value="lift_failure" checked' in screen
    assert "/files/" in screen  # the picture that was taken
    form = {
        "place": "1栋大堂",
        "category": "lift_failure",
        "content": "困人，已通知厂家",
        "source": "staff",
        "within_capability": "yes",
    }
    stale = desk.post(f"/intake/{case}", form | {"_version": "99"})
    assert stale.status_code == 409 and "困人，已通知厂家</textarea>" in stale.text
    assert entered(desk.post(f"/intake/{case}", form | {"_version": str(at_east.row(case).version)})) == case
    assert at_east.state(case) == "dispatched"
    assert desk.get(f"/intake/{case}").status_code == 409  # it is taken up already
    assert desk.get(f"/intake/{uuid4()}").status_code == 404


def test_a_report_without_place_comes_back_with_what_was_written(at_east: Requests) -> None:
    worker = browser(at_east.office, "repair_technician")
    answer = worker.post("/report", {"category": "lamp", "content": "灯不亮", "_occurred_at": "2026-11-16T08:00"})
    assert answer.status_code == 422 and 'href="#f-place"' in answer.text
    assert "灯不亮</textarea>" in answer.text and 'value="2026-11-16T08:00"' in answer.text


def test_what_was_seen_where_there_was_no_network_is_reported_afterwards(at_east: Requests) -> None:
    at_east.clock("2026-11-16 09:10")
    worker = browser(at_east.office, "repair_technician")
    sent = {"place": "地下室", "category": "lamp", "content": "灯不亮", "_occurred_at": "2026-11-16T08:00"}
    case = entered(worker.post("/report", sent))
    assert at_east.row(case).received_at == site_time("2026-11-16 08:00")
    for wrong in ("2026-11-10T08:00", "2026-11-17T08:00", "yesterday"):
        answer = worker.post("/report", sent | {"_occurred_at": wrong})
        assert answer.status_code == 422 and "f-_occurred_at" in answer.text and "gj-error" in answer.text
