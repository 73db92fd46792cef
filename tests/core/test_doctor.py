"""`guanjia doctor`: what is wrong is found, named, and told with what to do; what is well is told, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

import office
from guanjia import doctor
from guanjia.cli import cli
from guanjia.db.base import db
from guanjia.db.session import system_session, tenant_session
from guanjia.host import Host
from guanjia.steps.models import Beacon, OutboxMessage

NUMBER = "11010119900307109X"


def found(host: Host, **config: Any) -> list[doctor.Finding]:
    kept = host.config
    host.config = replace(kept, **config)
    try:
        return doctor.examine(host)
    finally:
        host.config = kept


def by(findings: list[doctor.Finding], what: str, state: str = doctor.FAULT) -> list[str]:
    return [finding.note for finding in findings if (finding.what, finding.state) == (what, state)]


def test_a_sound_installation_has_no_fault_and_every_look_is_told(company: office.Company) -> None:
    findings = found(company.host)
    assert [finding for finding in findings if finding.state == doctor.FAULT and finding.what != "secret"] == []
    looked_at = {
        "settings",
        "secret",
        "keys",
        "plugins",
        "disk",
        "time",
        "redis",
        "database",
        "migrations",
        "walls",
        "messages",
    }
    assert looked_at <= {finding.what for finding in findings}
    assert all(finding.do for finding in findings if finding.state != doctor.OK)


def test_postgresql_roles_and_walls_are_looked_at(company: office.Company) -> None:
    if db.engine.dialect.name != "postgresql":
        assert "SQLite" in by(found(company.host), "walls", doctor.OK)[0]
        return
    assert any("owns nothing" in note for note in by(found(company.host), "walls", doctor.OK))
    owner = company.host.config.owner_database_url
    from sqlalchemy import create_engine

    engine = create_engine(owner)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE registry_resident NO FORCE ROW LEVEL SECURITY"))
        connection.execute(text("ALTER TABLE guanjia_outbox DISABLE ROW LEVEL SECURITY"))
    engine.dispose()
    assert by(found(company.host), "walls") == ["no forced row-level security: guanjia_outbox, registry_resident"]


def test_keys_that_values_need_and_nobody_listed(east: office.Office) -> None:
    form = {"household_id": str(east.household()), "name": "诸葛明", "role": "member", "identity_number": NUMBER}
    east.person("receptionist").takes("registry.resident.create", None, form)
    host = east.company.host
    assert any("can be opened" in note for note in by(found(host), "keys", doctor.OK))
    lost = by(found(host, data_key="another-key-" * 4), "keys")
    assert len(lost) == 1 and "not listed" in lost[0]
    old = (host.config.data_folder / "data.key").read_text().strip()
    assert by(found(host, data_key=f"{'another-key-' * 4},{old}"), "keys") == []
    assert "32 characters" in by(found(host, data_key="short"), "keys")[0]
    (host.config.data_folder / "data.key").chmod(0o644)
    assert any("others can read data.key" in note for note in by(found(host), "keys"))


def test_messages_given_up_and_late_ones(east: office.Office) -> None:
    company_id, host = east.company.plan.company_id, east.company.host
    with tenant_session(company_id, write=True) as session:
        row = OutboxMessage(
            id=host.ids.new(), company_id=company_id, kind="Notify", payload={}, run_after=host.clock.now(), state="dead",
            created_at=host.clock.now(),
        )  # fmt: skip
        session.add(row)
        session.commit()
    assert by(found(host), "messages", doctor.WARN) == ["given up: acme 1"]
    with system_session(write=True) as system:
        system.add(Beacon(id=host.ids.new(), company_id=company_id, due_at=host.clock.now()))
        system.commit()
    east.company.host.clock.move(doctor.LATE * 3)
    assert any("the oldest due message has waited" in note for note in by(found(host), "messages"))


@pytest.mark.parametrize(
    ("config", "what", "says"),
    [
        ({"redis_url": "redis://127.0.0.1:1/0"}, "redis", "ConnectionError"),
        ({"secret_key": "short"}, "secret", "too short"),
        ({"data_folder": Path("/proc/nowhere")}, "disk", "FileNotFoundError"),
    ],
)
def test_faults_outside_of_the_database(
    company: office.Company, config: Mapping[str, Any], what: str, says: str
) -> None:
    more = {"data_key": "a-key-of-some-length-" * 3} | dict(config)
    assert any(says in note for note in by(found(company.host, **more), what))


def test_the_command_prints_json_and_ends_with_one_on_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_DATA", str(tmp_path))
    monkeypatch.setenv("GUANJIA_DATABASE_URL", "postgresql+psycopg://nobody:hidden@127.0.0.1:1/none")
    ended = CliRunner().invoke(cli, ["doctor", "--json"])
    findings = json.loads(ended.stdout)
    assert ended.exit_code == 1 and {"what", "state", "note", "do"} == set(findings[0])
    assert [f["state"] for f in findings if f["what"] == "database"] == ["fault"]
    assert "hidden" not in ended.output
    monkeypatch.setenv("GUANJIA_ENV", "production")
    ended = CliRunner().invoke(cli, ["doctor"])
    assert ended.exit_code == 1 and "fault  settings: GUANJIA_SECRET_KEY is not set" in ended.output


def test_what_raises_is_a_finding_itself(company: office.Company, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_args: Any) -> None:
        raise ValueError("13987654321")

    monkeypatch.setattr(doctor, "pending", raises)
    assert by(found(company.host), "migrations") == ["ValueError"]
