"""Who comes in, who does not, in which language, and that another company sees nothing."""

from __future__ import annotations

from browser.portal import Screens


def test_a_wrong_password_is_said_and_the_right_one_opens_the_office(screens: Screens) -> None:
    desk = screens.blank()
    desk.expects(401)
    desk.signs_in("east-receptionist", "not the password")
    assert "密码" in desk.text(".gj-panel.gj-tone-danger")
    assert desk.page.input_value("[name=account]") == "east-receptionist", "what was typed is kept"
    assert desk.page.input_value("[name=password]") == "", "a password is never sent back"
    desk.page.fill("[name=password]", "a long test password")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/s/east/")
    assert "今日" in desk.text("h1") and "东苑管理处" in desk.text(".gj-site")
