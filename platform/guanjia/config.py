"""Settings of an installation, from environment variables; every one has a default that a first run can live with."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Config:
    """Where data lies and how the installation behaves. Sizes in bytes, times in seconds."""

    data_folder: Path
    database_url: str = field(repr=False)
    owner_database_url: str = field(repr=False)
    redis_url: str | None = field(default=None, repr=False)
    secret_key: str = field(default="", repr=False)
    data_key: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    public_url: str = ""
    webhook_private: bool = False
    environment: str = ""
    log_format: str = ""
    metrics_token: str = field(default="", repr=False)
    metrics_port: str = ""
    app_role: str | None = None
    leave_out: tuple[str, ...] = ()
    rule_seconds: float = 2.0
    max_upload: int = 10 * 1024 * 1024
    session_idle: int = 12 * 3600
    session_absolute: int = 7 * 24 * 3600
    behind_proxy: bool = False
    secure_cookies: bool = False
    demo: bool = False
    language: str = "zh"
    message_sweep: int = 60  # a message handed to the queue and not begun after this is handed over again
    message_lease: int = 300  # a message begun and not ended after this is taken from whoever had it
    extra: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Config:
        """Read GUANJIA_* variables. `GUANJIA_DATA` is the folder for everything that is kept (default `./var`)."""
        env = os.environ if environment is None else environment
        data = Path(env.get("GUANJIA_DATA", "var")).absolute()
        url = env.get("GUANJIA_DATABASE_URL") or f"sqlite:///{data / 'guanjia.sqlite'}"
        return cls(
            data_folder=data,
            database_url=url,
            owner_database_url=env.get("GUANJIA_OWNER_DATABASE_URL", url),
            redis_url=env.get("GUANJIA_REDIS_URL") or None,
            secret_key=env.get("GUANJIA_SECRET_KEY", ""),
            data_key=env.get("GUANJIA_DATA_KEY", ""),
            smtp_url=env.get("GUANJIA_SMTP_URL", ""),
            mail_from=env.get("GUANJIA_MAIL_FROM", ""),
            public_url=env.get("GUANJIA_PUBLIC_URL", "").rstrip("/"),
            webhook_private=env.get("GUANJIA_WEBHOOK_PRIVATE", "") == "1",
            environment=env.get("GUANJIA_ENV", ""),
            log_format=env.get("GUANJIA_LOG", ""),
            metrics_token=env.get("GUANJIA_METRICS_TOKEN", ""),
            metrics_port=env.get("GUANJIA_METRICS_PORT", ""),
            app_role=env.get("GUANJIA_APP_ROLE") or None,
            leave_out=tuple(p.strip() for p in env.get("GUANJIA_LEAVE_OUT", "").split(",") if p.strip()),
            rule_seconds=float(env.get("GUANJIA_RULE_SECONDS") or 2),
            behind_proxy=env.get("GUANJIA_BEHIND_PROXY", "") == "1",
            secure_cookies=env.get("GUANJIA_SECURE_COOKIES", "") == "1",
            language=env.get("GUANJIA_LANGUAGE", "zh"),
            message_sweep=int(env.get("GUANJIA_MESSAGE_SWEEP") or 60),
            message_lease=int(env.get("GUANJIA_MESSAGE_LEASE") or 300),
        )

    @property
    def production(self) -> bool:
        """Whether people's data are at stake: what is lacking is then refused, not borne with."""
        return self.environment == "production"

    def secret(self) -> str:
        """The key that signs cookies: the configured one, or one made once and kept in the data folder."""
        if self.secret_key:
            return self.secret_key
        return kept_once(self.data_folder / "secret.key")


def kept_once(path: Path) -> str:
    """The secret in the file, which is made once, whole and for its owner alone, however many processes start."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(fresh, path)
            if os.name != "nt":  # what it seals must not outlive it: its name is durable before it is used
                folder = os.open(path.parent, os.O_RDONLY)
                os.fsync(folder)
                os.close(folder)
        except FileExistsError:
            pass  # another process was faster; its secret counts
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()
