"""A request is taken in while the resident is on the phone, without a hand leaving the keyboard."""

from __future__ import annotations

from browser.portal import Portal, Screens
from plugins.registry.public import household_labels


def _room(portal: Portal, nth: int) -> tuple[str, str]:
    """The room and the name of one of the office's households."""
    office = portal.company.site("east")
    home = office.household(nth)
    with office.system.reading() as loader:
        label = household_labels(loader, [home])[home]
    return label.unit_code, label.contact_name


def test_a_leak_is_taken_in_by_keyboard_alone_and_goes_to_its_department(screens: Screens, portal: Portal) -> None:
    room, name = _room(portal, 0)
    desk = screens("receptionist")
    keys = desk.opens("intake").keyboard
    assert desk.page.evaluate("document.activeElement.id") == "f-household_id", "one begins with the household"
    keys.type(room, delay=20)
    desk.page.wait_for_selector(f"[role=option]:has-text('{room}')")
    keys.press("Enter")
    desk.page.wait_for_selector(f"#cs-household:has-text('{name}')")
    assert room in desk.text("#cs-household"), "the household's record stands beside the form"
    keys.type("11")
    assert desk.page.is_checked("[name=category][value=pipe_leak]"), "two digits choose the category"
    desk.page.wait_for_selector(".cs-foreseen")
    assert "2026-11-17 09:10" in desk.text("#cs-hints"), "when it will be due is said before it is saved"
    assert "5/5.2.5" in desk.text("#cs-hints")
    keys.type("厨房水槽下方漏水")
    keys.press("Control+Enter")
    desk.page.wait_for_url("**/request/*taken*")
    assert "BX-2026-00001" in desk.text(".cs-taken") and "工程" in desk.text(".cs-taken")
    assert "2026-11-17 09:10" in desk.text(".cs-taken"), "the deadline of 24 hours"
    assert "已派工" in desk.text(".gj-head") and "厨房水槽下方漏水" in desk.text("main")
    assert desk.page.evaluate("document.activeElement.href").endswith("/intake"), "Enter begins the next one"
    keys.press("Enter")
    desk.page.wait_for_url("**/intake")


def test_enter_pressed_before_the_list_has_come_takes_what_was_typed(screens: Screens, portal: Portal) -> None:
    desk = screens("receptionist")
    keys = desk.opens("intake").keyboard
    options = desk.page.locator("[role=option]")
    for nth in (3, 2, 1):
        room, name = _room(portal, nth)
        keys.type(room[:3])
        options.nth(1).wait_for()  # a list that answers what was typed so far
        if room in options.first.inner_text():
            continue
        keys.type(room[3:])
        keys.press("Enter")
        desk.page.wait_for_selector(f"#cs-household:has-text('{name}')")
        assert room in desk.page.input_value("#f-household_id"), "not the first of the older list"
        assert desk.page.evaluate("document.activeElement.matches('[data-find]')"), "the category comes next"
        return
    raise AssertionError("every room was the first of its list")


def test_enter_that_ends_a_word_in_pinyin_does_nothing_else(screens: Screens, portal: Portal) -> None:
    desk = screens("receptionist")
    page = desk.opens("intake")
    field = page.locator("#f-household_id")
    field.press_sequentially("1-1")
    page.locator("[role=option]").first.wait_for()
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True})
    assert (
        page.input_value("[name=household_id]") == "" and page.evaluate("document.activeElement.id") == "f-household_id"
    )
    field.press("Enter")
    assert page.input_value("[name=household_id]") != ""


def test_the_same_fault_again_is_pointed_out_before_it_is_saved(screens: Screens, portal: Portal) -> None:
    office = portal.company.site("east")
    office.person("receptionist").takes(
        "customer_service.request.receive", household_id=str(office.household(1)), category="lamp", content="走廊灯不亮",
        within_capability="yes",
    )  # fmt: skip
    room, _name = _room(portal, 1)
    desk = screens("receptionist")
    keys = desk.opens("intake").keyboard
    keys.type(room)
    keys.press("Enter")
    desk.page.wait_for_selector(f"#cs-household:has-text('{room}')")
    keys.type("灯管")
    keys.press("Enter")
    desk.page.wait_for_selector(".cs-same")
    assert "换灯管" in desk.text(".cs-same")


def test_what_is_missing_is_named_and_what_was_typed_stays(screens: Screens, portal: Portal) -> None:
    desk = screens("receptionist")
    desk.expects(422)
    page = desk.opens("intake")
    page.fill("[name=place]", "东门岗亭")
    page.click("label:has([name=category][value=power_lighting])")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".gj-panel.gj-tone-danger")
    said = desk.text(".gj-panel.gj-tone-danger")
    assert "内容" in said, said
    assert page.input_value("[name=place]") == "东门岗亭"
    assert page.is_checked("[name=category][value=power_lighting]")
    page.fill("[name=content]", "岗亭的灯闪")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/request/*taken*")
    assert "岗亭的灯闪" in desk.text("main")
