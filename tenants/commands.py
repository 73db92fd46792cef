"""Commands of the operator: companies and operators. Each prints JSON where it is asked to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import current_app, has_app_context

from guanjia.errors import GuanjiaError, Invalid
from guanjia.host import Host
from guanjia.schema import localise_errors
from tenants import operator_factor, operators
from tenants.founding import found_company

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
PASSWORD = click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="GUANJIA_PASSWORD",
                        help="Asked for if left out; or in GUANJIA_PASSWORD.")  # fmt: skip


@contextmanager
def _host() -> Iterator[Host]:
    """The host of the application that runs the command, or of one made for it; its errors as sentences."""
    try:
        if has_app_context():
            yield current_app.extensions["guanjia"]
            return
        from guanjia.app import create_app

        app = create_app()
        with app.app_context():
            yield app.extensions["guanjia"]
    except Invalid as error:
        told = localise_errors(error.errors)
        raise click.ClickException("\n".join(f"{name}: {' '.join(texts)}" for name, texts in told.items())) from error
    except GuanjiaError as error:
        raise click.ClickException(str(error.detail)) from error


def _print(data: dict[str, Any] | list[dict[str, Any]], sentence: str, *, as_json: bool) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2) if as_json else sentence)


@click.group()
def company() -> None:
    """Companies of this installation."""


@company.command("create")
@click.option("--code", required=True, help="What people type to sign in: a-z, 0-9 and hyphens.")
@click.option("--name", required=True)
@click.option("--admin-account", default="admin", show_default=True)
@click.option("--admin-name", required=True)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@PASSWORD
@AS_JSON
def create_company(code: str, name: str, admin_account: str, admin_name: str, language: str, password: str,
                   as_json: bool) -> None:  # fmt: skip
    """Found a company with its first administrator, who chooses an own password at the first sign-in."""
    with _host() as host:
        founded = found_company(
            host, code=code, name=name, admin_account=admin_account, admin_name=admin_name, admin_password=password,
            language=language, must_change_password=True, operator="cli",
        )  # fmt: skip
    data = {"code": code, "company_id": str(founded.company_id), "admin_id": str(founded.admin_id)}
    _print(data, f"{code}: founded. {admin_account} can sign in.", as_json=as_json)


@company.command("list")
@AS_JSON
def list_companies(as_json: bool) -> None:
    """List all companies."""
    with _host():
        lines = operators.list_companies()
    data = [
        {"id": str(x.id), "code": x.code, "name": x.name, "state": x.state, "failed_messages": x.failed} for x in lines
    ]
    _print(data, "\n".join(f"{x.code}\t{x.state}\t{x.name}" for x in lines) or "No company yet.", as_json=as_json)


@company.command("suspend")
@click.argument("code")
@AS_JSON
def suspend_company(code: str, as_json: bool) -> None:
    """Let nobody of the company sign in until it is resumed."""
    with _host() as host:
        operators.suspend_company(host, operators.find_company(code), "cli")
    _print({"code": code, "state": operators.SUSPENDED}, f"{code}: suspended.", as_json=as_json)


@company.command("resume")
@click.argument("code")
@AS_JSON
def resume_company(code: str, as_json: bool) -> None:
    """Let the company work again."""
    with _host() as host:
        operators.resume_company(host, operators.find_company(code), "cli")
    _print({"code": code, "state": operators.ACTIVE}, f"{code}: active.", as_json=as_json)


@click.group()
def operator() -> None:
    """Operators, who found and suspend companies at /operator."""


@operator.command("create")
@click.option("--account", required=True)
@click.option("--name", required=True)
@PASSWORD
@AS_JSON
def create_operator(account: str, name: str, password: str, as_json: bool) -> None:
    """Make an operator's account."""
    with _host() as host:
        operator_id = operators.create_operator(host, account=account, name=name, password=password)
    _print({"id": str(operator_id), "account": account}, f"{account}: can sign in at /operator.", as_json=as_json)


@operator.command("reset-second-factor")
@click.option("--account", required=True)
@AS_JSON
def reset_second_factor(account: str, as_json: bool) -> None:
    """Take an operator's second factor away (phone lost) and end their sessions."""
    with _host() as host:
        operator_factor.reset_factor(host, account)
    _print(
        {"account": account, "second_factor": False}, f"{account}: signs in with the password alone.", as_json=as_json
    )


COMMANDS = (company, operator)
