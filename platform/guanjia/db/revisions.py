"""Making revisions: what the models have and the database lacks, for the core or for one plugin's branch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.script import ScriptDirectory

from guanjia.db.base import Base, tenant_tables
from guanjia.db.migrate import alembic_config, script_folder

if TYPE_CHECKING:
    from guanjia.host import Host

CORE = "core"
CORE_PREFIXES = ("guanjia_", "tenants_")


def make_revision(host: Host, branch: str, message: str, *, url: str | None = None) -> Path | None:
    """Write a revision of `branch` (`core`, or a plugin's key) that brings the database to the models; None if equal.

    The database must be at its newest revision. Tables of a branch begin with its key.
    """
    config = alembic_config(host, url)
    prefixes = CORE_PREFIXES if branch == CORE else (f"{branch}_",)

    def own(obj: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
        table = name if kind == "table" else getattr(getattr(obj, "table", None), "name", None)
        return table is None or table.startswith(prefixes)

    config.attributes["include_object"] = own
    folder = script_folder() / "versions" if branch == CORE else host.plugins[branch].folder / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    config.set_main_option("version_locations", _with(config.get_main_option("version_locations") or "", folder))
    # not only among the heads: what another branch depends on is none
    first = not any(branch in r.branch_labels for r in ScriptDirectory.from_config(config).walk_revisions())
    number = f"{len(list(folder.glob('*.py'))) + 1:04d}"
    made = command.revision(
        config, message=message, autogenerate=True, rev_id=f"{branch}_{number}"[:32], version_path=str(folder),
        head="base" if first else f"{branch}@head", branch_label=branch if first else None,
        depends_on=_needs(host, branch) if first else None,  # type: ignore[arg-type]
    )  # fmt: skip
    script = made[0] if isinstance(made, list) else made
    if script is None:
        return None
    path = Path(script.path)
    text = path.read_text(encoding="utf-8")
    if "op." not in text.split("def upgrade")[1]:
        path.unlink()
        return None
    path.write_text(_secured(text), encoding="utf-8")
    return path


def _with(locations: str, folder: Path) -> str:
    lines = [line for line in locations.split("\n") if line]
    return "\n".join(lines if str(folder) in lines else [*lines, str(folder)])


def _needs(host: Host, branch: str) -> list[str] | None:
    if branch == CORE:
        return None
    return [CORE, *host.plugins[branch].needs]


def _secured(text: str) -> str:
    text = re.sub(r"\n    # ### .* ###", "", text)
    text = text if "guanjia.db.types." in text else text.replace("import guanjia.db.types\n", "")
    made = re.findall(r"op\.create_table\(\s*['\"](\w+)['\"]", text)
    walled = [name for name in made if name in tenant_tables()]
    outside = [name for name in made if name in Base.metadata.tables and name not in walled]
    lines = ""
    for call, names in (("secure_tables", walled), ("open_tables", outside)):
        if names:
            listed = "".join(f'\n        "{name}",' for name in names)
            lines += f"    {call}(\n        op,{listed}\n    )\n"
    calls = [call for call, names in (("open_tables", outside), ("secure_tables", walled)) if names]
    wanted = f"from guanjia.db.migrate import {', '.join(calls)}\n" if calls else ""
    text = text.replace("from guanjia.db.migrate import open_tables, secure_tables\n", wanted)
    head, tail = text.split("\n\n\ndef downgrade")
    return f"{head}\n{lines}\n\ndef downgrade{tail}" if lines else text
