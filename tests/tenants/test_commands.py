"""The operator's commands, as a script uses them."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from tenants.commands import COMMANDS
from tenants.sign_in import sign_in

from .conftest import PASSWORD, Firm

GROUPS = {command.name: command for command in COMMANDS}


def run(*words: str) -> Result:
    return CliRunner().invoke(GROUPS[words[0]], list(words[1:]), env={"GUANJIA_PASSWORD": PASSWORD})


def states() -> dict[str, str]:
    return {line["code"]: line["state"] for line in json.loads(run("company", "list", "--json").output)}


def test_a_company_is_founded_listed_suspended_and_resumed(firm: Firm) -> None:
    made = run(
        "company",
        "create",
        "--code",
        "third",
        "--name",
        "Third",
        "--admin-account",
        "Boss",
        "--admin-name",
        "B",
        "--json",
    )
    assert made.exit_code == 0, made.output
    assert set(json.loads(made.output)) == {"code", "company_id", "admin_id"}
    assert sign_in(firm.host, company="third", account="boss", password=PASSWORD, address="1").must_change
    assert states()["third"] == "active"
    assert run("company", "suspend", "third").exit_code == 0
    assert (states()["third"], states()["demo"]) == ("suspended", "active")
    assert json.loads(run("company", "resume", "third", "--json").output) == {"code": "third", "state": "active"}
    assert "third\tactive\tThird" in run("company", "list").output


def test_a_fault_is_a_sentence_and_not_a_traceback(firm: Firm) -> None:
    twice = run("company", "create", "--code", "demo", "--name", "x", "--admin-name", "B")
    assert twice.exit_code == 1 and twice.output.startswith("Error: code: ")
    nobody = run("company", "suspend", "nobody")
    assert nobody.exit_code == 1 and nobody.output.startswith("Error: ")
    assert states()["demo"] == "active"


def test_an_operator_is_made_once(firm: Firm) -> None:
    assert (
        json.loads(run("operator", "create", "--account", "Root", "--name", "R", "--json").output)["account"] == "Root"
    )
    again = run("operator", "create", "--account", "root", "--name", "R")
    assert again.exit_code == 1 and "account" in again.output
