"""What an installation must have before it may serve people's data: said in one sentence each, and refused without."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from guanjia.config import Config
from guanjia.keeping import SHORTEST_KEY, KeyFault, key_ids

ENVIRONMENTS = ("", "development", "production")
_FEWEST_SIGNS = 10  # different characters in a key
_EXAMPLES = ("change", "example", "secret", "test only", "password", "insert", "your-", "todo", "…", "0123456789abcdef")
_MAKE_ONE = 'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'

ROLE = """
SELECT rolsuper, rolbypassrls,
       EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind IN ('r', 'p') AND n.nspname = current_schema()
                 AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns
FROM pg_roles WHERE rolname = current_user
"""


class ConfigFault(Exception):
    """The settings of this installation are not fit for its purpose; each line says one thing and what to do."""

    holds_no_values = True


def check_settings(config: Config) -> None:
    """The settings fit what GUANJIA_ENV says. Raises ConfigFault with everything that is lacking."""
    found = list(lacking(config))
    if found:
        raise ConfigFault("\n".join(found))


def lacking(config: Config) -> Iterator[str]:
    """One sentence for each thing that is lacking. A database that does not answer is no reason: `/ready` tells of it."""
    if config.environment not in ENVIRONMENTS:
        yield "GUANJIA_ENV is neither production nor development: write one of these, or leave it out."
    if config.log_format not in ("", "json", "plain"):
        yield "GUANJIA_LOG is neither json nor plain: write one of these, or leave it out."
    if not config.production:
        return
    yield from _keys(config)
    if not config.secure_cookies:
        yield "GUANJIA_SECURE_COOKIES is not 1, so sign-ins would travel unprotected: serve through HTTPS and set it to 1."
    if make_url(config.database_url).get_backend_name() == "postgresql":
        yield from _role(config)


def _keys(config: Config) -> Iterator[str]:
    if not config.secret_key:
        yield f"GUANJIA_SECRET_KEY is not set; it signs everybody's session. {_MAKE_ONE}"
    elif is_weak(config.secret_key):
        yield f"GUANJIA_SECRET_KEY is too short, or an example that anybody can know. {_MAKE_ONE}"
    if not config.data_key:
        yield f"GUANJIA_DATA_KEY is not set; it seals identity numbers, and belongs outside the data folder. {_MAKE_ONE}"
        return
    if any(is_weak(part.strip()) for part in config.data_key.split(",") if part.strip()):
        yield f"GUANJIA_DATA_KEY is too short, or an example that anybody can know. {_MAKE_ONE}"
    try:
        key_ids(config)
    except KeyFault as fault:
        yield str(fault)
    if config.secret_key and config.secret_key in config.data_key.split(","):
        yield f"GUANJIA_DATA_KEY is the same as GUANJIA_SECRET_KEY: use two, so that one can be changed alone. {_MAKE_ONE}"


def is_weak(key: str) -> bool:
    """Whether a key is short, monotonous, or reads like the example of some manual."""
    plain = key.lower()
    return len(key) < SHORTEST_KEY or len(set(key)) < _FEWEST_SIGNS or any(word in plain for word in _EXAMPLES)


def _role(config: Config) -> Iterator[str]:
    engine = create_engine(config.database_url, hide_parameters=True)
    try:
        for fault in role_faults(engine):
            yield f"{fault} Name another role in GUANJIA_DATABASE_URL (docs/operations.md, PostgreSQL)."
    except SQLAlchemyError:
        return
    finally:
        engine.dispose()


def role_faults(engine: Engine) -> list[str]:
    """Why the walls between companies would not hold for the role that this engine connects as. PostgreSQL only."""
    with engine.connect() as connection:
        row = connection.execute(text(ROLE)).one()
    found = []
    if row.rolsuper:
        found.append("The application's database role is a superuser, whom no row-level security binds.")
    if row.rolbypassrls:
        found.append("The application's database role has BYPASSRLS, so no row-level security binds it.")
    if row.owns and not row.rolsuper:
        found.append("The application's database role owns tables, so it could lift their row-level security.")
    return found
