"""E-mail: one plain message, made with its Message-ID and sent by the installation's SMTP server."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit
from uuid import UUID

from guanjia.channels.http import NotSent
from guanjia.config import Config
from guanjia.words import words

_ = words("guanjia")

SECONDS = 20
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, repr=False)
class Server:
    """Where mail is handed in. `security`: smtp (none), smtp+starttls, smtps."""

    security: str
    host: str
    port: int
    user: str = ""
    password: str = ""


def server_of(config: Config) -> Server | None:
    """The installation's SMTP server, None where there is none. Raises ValueError, saying what to write, for a bad address."""
    if not config.smtp_url:
        return None
    parts = urlsplit(config.smtp_url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("GUANJIA_SMTP_URL: write smtp+starttls://user:password@host:587, or smtps:// or smtp://.")
    if not parseaddr(config.mail_from)[1]:
        raise ValueError("GUANJIA_MAIL_FROM: name the address that mail comes from, such as guanjia@example.com.")
    return Server(
        parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], unquote(parts.username or ""),
        unquote(parts.password or ""),
    )  # fmt: skip


def compose(
    *, sender: str, sender_name: str, to: str, to_name: str, subject: str, text: str, message_id: UUID, at: datetime
) -> EmailMessage:
    """The message. Its Message-ID comes from `message_id` alone, so that a mail sent twice is one mail."""
    address = parseaddr(sender)[1]
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(_line(sender_name), addr_spec=address)
    message["To"] = Address(_line(to_name), addr_spec=to)
    message["Subject"] = _line(subject)[:120]
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{message_id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="base64")
    return message


def send(server: Server, message: EmailMessage) -> int:
    """The server has taken the message; its code. Raises NotSent, for good where the address itself was refused."""
    try:
        with _connected(server) as smtp:
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(message)
            return 250
    except smtplib.SMTPRecipientsRefused as fault:
        code = max((code for code, _said in fault.recipients.values()), default=0)
        raise NotSent(
            _("The mail server refused the address (%(code)s). Correct it in your account.", code=code),
            for_good=500 <= code < 600,
        ) from None
    except smtplib.SMTPResponseException as fault:
        raise NotSent(_("The mail server refused the message (%(code)s).", code=fault.smtp_code)) from None
    except (smtplib.SMTPException, OSError, ssl.SSLError, socket.gaierror) as fault:
        raise NotSent(_("The mail server cannot be reached (%(fault)s).", fault=type(fault).__name__)) from None


def _connected(server: Server) -> smtplib.SMTP:
    if server.security == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=ssl.create_default_context())
    smtp = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    if server.security == "smtp+starttls":
        smtp.starttls(context=ssl.create_default_context())
    return smtp


def _line(text: str) -> str:
    return " ".join(text.split())
