"""The front desk's pages: the ledger, the archive searched while one types, the record of the day; and the figure of 3/4.3.3."""

import pytest

from enquiries_made import Enquiries
from guanjia.rules.measure import Span
from office import Office
from plugins.customer_service.enquiries.archive import find_articles
from plugins.customer_service.rules.figures import Answered, answered_by_the_agreed_time
from requests_made import clause, rule, site_time
from signed_in import browser


@pytest.fixture
def desk(east: Office) -> Enquiries:
    """The front desk of the first office."""
    return Enquiries(east)


def written(desk: Enquiries, title: str, body: str, topic: str = "numbers") -> None:
    """The archive has this entry."""
    desk.by("receptionist", "customer_service.article.create", title=title, body=body, topic=topic)


@clause(3, "4.1.2")
def test_two_characters_find_an_entry_of_the_archive_by_any_part_of_a_word(desk: Enquiries):
    written(desk, "报修电话", "工程部值班 8800")
    written(desk, "有线电视开通", "带身份证到营业厅；报修请拨 96196", "around")
    with desk.person("receptionist").context.reading() as loader:
        assert [a.title for a in find_articles(loader, "报修")] == ["报修电话", "有线电视开通"]
        assert [a.title for a in find_articles(loader, "电视 报修")] == ["有线电视开通"]
        assert find_articles(loader, "电") != []
        assert find_articles(loader, "100%") == find_articles(loader, "") == find_articles(loader, "泳池") == []


@clause(3, "4.1.2")
def test_the_archive_of_one_office_is_not_read_at_another(desk: Enquiries, west: Office):
    written(desk, "报修电话", "工程部值班 8800")
    with west.person("receptionist").context.reading() as loader:
        assert find_articles(loader, "报修") == []


@clause(3, "4.1.2")
def test_the_page_answers_from_the_archive_and_enters_what_was_asked(desk: Enquiries):
    written(desk, "报修电话", "工程部值班 8800")
    screen = browser(desk.office, "receptionist")
    assert "8800" in screen.page("/front-desk/archive?q=报修")
    assert "记入台帐" in screen.page("/front-desk")
    form = {"content": "报修打哪个电话", "subject": "service", "source": "phone", "answer": "8800"}
    answer = screen.post("/front-desk", form)
    assert answer.status_code == 303
    assert "ZX-2026-00001" in screen.page("/enquiry")


@clause(3, "4.1.3 4.2.1")
def test_what_is_refused_comes_back_filled_in_with_the_clause(desk: Enquiries):
    screen = browser(desk.office, "receptionist")
    answer = screen.post("/front-desk", {"content": "车位怎么租", "subject": "fees", "source": "phone"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "车位怎么租" in text
    assert "咨询答复时间须约定" in text
    assert "3/4.1.3" in text


@clause(3, "5.2")
def test_the_record_of_the_day_shows_its_enquiries_and_reviews_and_can_be_leafed_through(desk: Enquiries):
    desk.open(content="有线电视怎么开通")
    desk.by("property_supervisor", "customer_service.ledger_review.daily", plan="跟进有线电视", important="")
    screen = browser(desk.office, "receptionist")
    page = screen.page("/day")
    for text in ("客服组日工作记录", "ZX-2026-00001", "有线电视怎么开通", "跟进有线电视", "2026-11-15"):
        assert text in page
    assert "ZX-2026-00001" not in screen.page("/day?day=2026-11-15")
    assert "2026-11-16" in screen.page("/day?day=2099-01-01")


@clause(3, "4.3.3")
def test_the_share_counts_answers_at_once_and_by_the_agreed_time(desk: Enquiries):
    desk.by("receptionist", "enter", **desk.asked(answer="八点半开门"))
    early, late = desk.open(), desk.open(reply_by=desk.after(hours=1))
    desk.by("receptionist", "answer", early, answer="已办")
    desk.office.company.later(hours=2)
    desk.by("receptionist", "answer", late, answer="已办，抱歉晚了")
    still = desk.open(reply_by=desk.after(days=40))
    month = Span(site_time("2026-11-01 00:00"), site_time("2026-12-01 00:00"))
    with desk.office.system.reading() as loader:
        (measure,) = answered_by_the_agreed_time(loader.session, [desk.office.id], month, Answered())
    assert (measure.numerator, measure.denominator, measure.cases) == (2, 3, (late,))
    assert measure.met is False
    assert still not in measure.cases
    assert rule("enquiries_on_time") in desk.office.company.host.rules
