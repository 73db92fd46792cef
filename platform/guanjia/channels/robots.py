"""Robots in group chats: how 企业微信, 钉钉 and 飞书 want to be written to, and how they say no.

All three answer a refusal with HTTP 200 and a number in the body. What goes to a group is a title, a document number
and a link: names and phones of residents never do, for nobody knows who is in the group.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from guanjia.words import Label, Message, Text, words

_ = words("guanjia")

WECOM, DINGTALK, FEISHU = "wecom", "dingtalk", "feishu"
KINDS: Mapping[str, Label] = {
    WECOM: Text("企业微信", "WeCom"), DINGTALK: Text("钉钉", "DingTalk"), FEISHU: Text("飞书", "Feishu"),
}  # fmt: skip
HOSTS = {WECOM: "qyapi.weixin.qq.com", DINGTALK: "oapi.dingtalk.com", FEISHU: "open.feishu.cn"}
MOST_BYTES = 4096  # of a markdown message: 企业微信's limit is the least of the three
_MARKS = str.maketrans("", "", "*_`[]()<>#\r\n\t")


@dataclass(frozen=True, slots=True)
class Say:
    """What is said in a group: lines without marks, and one link."""

    title: str
    lines: tuple[str, ...] = ()
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """A post as the service takes it."""

    url: str
    body: bytes


def posting(kind: str, url: str, secret: str, say: Say, now: datetime) -> Posting:
    """The post that says it in the group; signed with `secret` where there is one. `now` goes into the signature."""
    text = _markdown(say)
    if kind == WECOM:
        return Posting(url, _json({"msgtype": "markdown", "markdown": {"content": text}}))
    if kind == DINGTALK:
        body = {"msgtype": "markdown", "markdown": {"title": _bare(say.title), "text": text}}
        return Posting(_with_sign(url, secret, now) if secret else url, _json(body))
    if kind == FEISHU:
        card = {"header": {"title": {"tag": "plain_text", "content": _bare(say.title)}},
                "elements": [{"tag": "markdown", "content": _markdown(say, titled=False)}]}  # fmt: skip
        message: dict[str, Any] = {"msg_type": "interactive", "card": card}
        if secret:
            seconds = str(int(now.timestamp()))
            message |= {"timestamp": seconds, "sign": feishu_sign(seconds, secret)}
        return Posting(url, _json(message))
    raise ValueError(f"no robots of the kind {kind!r}")


def refusal(kind: str, status: int, body: bytes) -> Message | None:
    """Why the service did not take the message; None where it did."""
    if status != 200:
        return _("The service answered with status %(status)s.", status=status)
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        told = None
    if not isinstance(told, dict):
        return _("The answer is none of a group robot. Check the address.")
    names = ("code", "StatusCode") if kind == FEISHU else ("errcode",)
    code = next((told[name] for name in names if name in told), None)
    if code == 0:
        return None
    said = str(told.get("errmsg") or told.get("msg") or "")[:120]
    return _("The service refused it: %(code)s %(said)s", code=str(code), said=said)


def dingtalk_sign(milliseconds: str, secret: str) -> str:
    """The signature that 钉钉 wants beside `timestamp` in the address."""
    return _hmac(secret.encode(), f"{milliseconds}\n{secret}".encode())


def feishu_sign(seconds: str, secret: str) -> str:
    """The signature that 飞书 wants in the body: time and secret are the key, and nothing is signed with it."""
    return _hmac(f"{seconds}\n{secret}".encode(), b"")


def _with_sign(url: str, secret: str, now: datetime) -> str:
    milliseconds = str(int(now.timestamp() * 1000))
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query), ("timestamp", milliseconds), ("sign", dingtalk_sign(milliseconds, secret))]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _hmac(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode("ascii")


def _markdown(say: Say, *, titled: bool = True) -> str:
    lines = [f"**{_bare(say.title)}**"] if titled else []
    lines += [_bare(line) for line in say.lines]
    lines += [f"[{_bare(say.link_text)}]({say.link})"] if say.link else []
    text = "\n\n".join(line for line in lines if line)
    return text.encode()[:MOST_BYTES].decode(errors="ignore")


def _bare(text: str) -> str:
    return " ".join(text.translate(_MARKS).split())[:200]


def _json(body: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(body)
