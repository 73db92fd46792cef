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
    files_url: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    data_key: str = field(default="", repr=False)
    app_role: str | None = None
    leave_out: tuple[str, ...] = ()
    max_upload: int = 10 * 1024 * 1024
    session_idle: int = 12 * 3600
    session_absolute: int = 7 * 24 * 3600
    behind_proxy: bool = False
    secure_cookies: bool = False
    demo: bool = False
    language: str = "zh"
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
            files_url=env.get("GUANJIA_FILES_URL", ""),
            secret_key=env.get("GUANJIA_SECRET_KEY", ""),
            data_key=env.get("GUANJIA_DATA_KEY", ""),
            app_role=env.get("GUANJIA_APP_ROLE") or None,
            leave_out=tuple(p.strip() for p in env.get("GUANJIA_LEAVE_OUT", "").split(",") if p.strip()),
            behind_proxy=env.get("GUANJIA_BEHIND_PROXY", "") == "1",
            secure_cookies=env.get("GUANJIA_SECURE_COOKIES", "") == "1",
            language=env.get("GUANJIA_LANGUAGE", "zh"),
        )

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
        except FileExistsError:
            pass  # another process was faster; its secret counts
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()
