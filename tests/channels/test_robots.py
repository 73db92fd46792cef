"""How the three services are written to, and how they say no. The signatures are worked out here once more, by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from guanjia.channels.robots import DINGTALK, FEISHU, WECOM, Say, posting, refusal

NOW = datetime(2026, 11, 16, 1, 10, 5, 250_000, tzinfo=UTC)
SAY = Say("逾期催办", ("服务申请 2026-0012", ""), "https://guanjia.example.com/s/east/x/y/1", "打开")
URL = {WECOM: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k1", DINGTALK: "https://oapi.dingtalk.com/robot/send?access_token=t1",
       FEISHU: "https://open.feishu.cn/open-apis/bot/v2/hook/h1"}  # fmt: skip


def test_wecom_is_written_to_in_markdown() -> None:
    made = posting(WECOM, URL[WECOM], "", SAY, NOW)
    assert made.url == URL[WECOM]
    body = json.loads(made.body)
    assert body["msgtype"] == "markdown"
    assert body["markdown"]["content"].split("\n\n") == ["**逾期催办**", "服务申请 2026-0012", f"[打开]({SAY.link})"]


def test_dingtalk_gets_time_and_signature_in_the_address() -> None:
    made = posting(DINGTALK, URL[DINGTALK], "SEC+/=密", SAY, NOW)
    query = {name: values[0] for name, values in parse_qs(urlsplit(made.url).query).items()}
    milliseconds = "1794791405250"
    digest = hmac.new("SEC+/=密".encode(), f"{milliseconds}\nSEC+/=密".encode(), hashlib.sha256).digest()
    assert query == {"access_token": "t1", "timestamp": milliseconds, "sign": base64.b64encode(digest).decode()}
    body = json.loads(made.body)
    assert body["msgtype"] == "markdown" and body["markdown"]["title"] == "逾期催办"
    assert "服务申请 2026-0012" in body["markdown"]["text"] and SAY.link in body["markdown"]["text"]


def test_feishu_gets_time_and_signature_in_the_body() -> None:
    body = json.loads(posting(FEISHU, URL[FEISHU], "s3cret", SAY, NOW).body)
    digest = hmac.new(b"1794791405\ns3cret", b"", hashlib.sha256).digest()
    assert (body["timestamp"], body["sign"]) == ("1794791405", base64.b64encode(digest).decode())
    assert body["msg_type"] == "interactive" and body["card"]["header"]["title"]["content"] == "逾期催办"
    assert SAY.link in body["card"]["elements"][0]["content"]


@pytest.mark.parametrize("kind", [DINGTALK, FEISHU])
def test_without_a_secret_nothing_is_signed(kind: str) -> None:
    made = posting(kind, URL[kind], "", SAY, NOW)
    assert made.url == URL[kind] and "sign" not in json.loads(made.body)


def test_what_is_said_cannot_bring_marks_of_its_own() -> None:
    made = posting(WECOM, URL[WECOM], "", Say("a](https://evil.example)\n# b <font>", ("*x*",)), NOW)
    assert json.loads(made.body)["markdown"]["content"] == "**ahttps://evil.example b font**\n\nx"


def test_a_message_stays_below_the_limit_of_the_service() -> None:
    made = posting(WECOM, URL[WECOM], "", Say("长" * 5000, ("宽" * 5000,) * 20), NOW)
    content = json.loads(made.body)["markdown"]["content"]
    assert 3000 < len(content.encode()) <= 4096


@pytest.mark.parametrize(("kind", "body"), [(WECOM, b'{"errcode":0,"errmsg":"ok"}'), (DINGTALK, b'{"errcode":0}'),
                                            (FEISHU, b'{"code":0,"msg":"success"}'), (FEISHU, b'{"StatusCode":0}')])  # fmt: skip
def test_a_yes_is_a_zero(kind: str, body: bytes) -> None:
    assert refusal(kind, 200, body) is None


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [(WECOM, 200, b'{"errcode":93000,"errmsg":"invalid webhook url"}'), (DINGTALK, 200, b'{"errcode":310000,"errmsg":"sign not match"}'),
     (FEISHU, 200, b'{"code":19021,"msg":"sign match fail"}'), (WECOM, 200, b"<html>"), (WECOM, 200, b"[]"), (WECOM, 200, b"{}"),
     (DINGTALK, 200, b'{"code":0}'), (FEISHU, 500, b'{"code":0}'), (WECOM, 302, b'{"errcode":0}')],
)  # fmt: skip
def test_a_refusal_comes_with_status_200_as_well(kind: str, status: int, body: bytes) -> None:
    assert refusal(kind, status, body) is not None
