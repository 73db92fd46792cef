"""Run in the throw-away environment: `living.py found|work|after|kept FOLDER`. Tells what it saw as JSON.

Commands run in the process that is there: starting one takes longer than what it does.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from guanjia.cli import cli
from guanjia.testing import Company, open_company

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture in a test"
PATHS = ("/s/east/", "/s/east/inbox", "/s/east/duties", "/notifications", "/s/east/rules", "/s/east/dates",
         "/s/east/customer_service/request", "/s/east/pm_parcels/shelf", "/s/east/pm_parcels/parcel")  # fmt: skip
HEADQUARTERS = ("/hq/", "/hq/inbox", "/hq/rules", "/hq/duties")


def command(folder: Path, *args: str) -> tuple[int, str]:
    """The code and the output of a command of `guanjia`."""
    os.environ["GUANJIA_DATA"] = str(folder)
    done = CliRunner().invoke(cli, args)
    return done.exit_code, done.output


def opened(folder: Path) -> AbstractContextManager[Company]:
    """The company that was founded in the folder."""
    return open_company(folder, pickle.loads((folder / "known.pickle").read_bytes()))


def found(folder: Path) -> dict[str, Any]:
    """A company and its staff stand in the folder's database."""
    with open_company(folder) as company:
        assert company.rival is not None
        (folder / "known.pickle").write_bytes(pickle.dumps((company.known, company.rival.known)))
    return {}


def work(folder: Path) -> dict[str, Any]:
    """Parcels come and go for eight days; settings, a switch, a role and a file of the plugin's are there. Then it goes."""
    told: dict[str, Any] = {"upgrade": command(folder, "db", "upgrade")}
    with opened(folder) as company:
        desk = company.person("receptionist")
        form = {"courier": "sf", "room": "3-1201", "recipient": "Wang", "shelf": "A1"}
        first, _second, third = (
            desk.takes("pm_parcels.parcel.receive", None, form | {"is_cold": n == 1}).case_id for n in range(3)
        )
        desk.takes("pm_parcels.parcel.hand_over", first, shown="code")
        photo = company.host.files.keep(desk.context, "label.png", PNG)
        desk.takes("pm_parcels.parcel.send_back", third, reason="nobody came", photos=[str(photo)])
        company.switch("pm_parcels.proof_at_counter", params={"accepted": ["identity"]})
        company.turn("pm_parcels", on=False, site="west")
        (role,) = [row for row in company.rows_of("tenants_role") if row.key == "repair_technician"]
        names = ("key", "title_zh", "title_en", "description_zh", "description_en", "level")
        form = {name: getattr(role, name) for name in names}
        form["permissions"] = [*role.permissions, "pm_parcels.receive"]
        company.headquarters.takes("tenants.role.change", role.id, form)
        company.later(days=8)
        told |= {"tasks": len(company.tasks("pm_parcels.shelf_is_counted")), **seen(company)}
    told["list"] = command(folder, "plugin", "list", "--json")
    told["refused"] = command(folder, "plugin", "remove", "registry", "--yes")
    shutil.copytree(folder, folder.parent / "kept")
    told["remove"] = command(
        folder, "plugin", "remove", "pm_parcels", "--yes", "--export", str(folder.parent / "export")
    )
    return told


def seen(company: Company) -> dict[str, Any]:
    """What people see: the pages, each with its status."""
    desk, admin = company.person("receptionist").browser(), company.headquarters.browser()
    answers = {path: desk.get(path).status_code for path in PATHS}
    answers |= {path: admin.get(path).status_code for path in HEADQUARTERS}
    faults = [str(fault) for fault in company.host.faults.rows()]
    return {"plugins": list(company.host.plugins), "answers": answers, "faults": faults}


def after(folder: Path) -> dict[str, Any]:
    """What people and the operator see once the plugin is gone."""
    with opened(folder) as company:
        company.host.clock.move(timedelta(days=8, minutes=1))
        company.settle()
        told = seen(company)
    return told | {
        "doctor": command(folder, "doctor", "--json"),
        "verify": command(folder, "journal", "verify", "--json"),
    }


def kept(folder: Path) -> dict[str, Any]:
    """The same where it was uninstalled only; then it is removed after all."""
    told = after(folder)
    export = folder.parent / "late"
    return told | {"remove": command(folder, "plugin", "remove", "pm_parcels", "--yes", "--export", str(export))}


if __name__ == "__main__":
    print(json.dumps({"found": found, "work": work, "after": after, "kept": kept}[sys.argv[1]](Path(sys.argv[2]))))
