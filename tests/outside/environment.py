"""A throw-away environment: a venv that sees the packages of this one, into which a distribution is installed without network.

Where hatchling is there, pip builds and installs the distribution. Else it is laid out as pip would: package, entry points, record.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
import tomllib
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STARTER = "#!{python}\nimport sys\nfrom guanjia.cli import main\nsys.exit(main())\n"


@dataclass
class Environment:
    """The venv, and the folder in which a Guanjia of it keeps its data."""

    folder: Path
    data: Path

    @classmethod
    def make(cls, folder: Path) -> Environment:
        """An environment in `folder/venv`, its data in `folder/data`."""
        found = cls(folder / "venv", folder / "data")
        venv.EnvBuilder(with_pip=False, symlinks=True).create(found.folder)
        here = sysconfig.get_path("purelib")
        found.packages.joinpath("guanjia_host.pth").write_text(f"import site; site.addsitedir({here!r})\n")
        for name in ("guanjia",):
            starter = found.folder / "bin" / name
            starter.write_text(STARTER.format(python=found.python))
            starter.chmod(0o755)
        return found

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where it keeps packages."""
        return next((self.folder / "lib").glob("python3*")) / "site-packages"

    def install(self, distribution: Path, *, editable: bool = False) -> None:
        """The distribution is installed; with `editable`, its package stays where it is."""
        if importlib.util.find_spec("hatchling") and not editable:
            command = [
                "-m",
                "pip",
                "install",
                "-q",
                "--no-index",
                "--no-deps",
                "--no-build-isolation",
                str(distribution),
            ]
            self.run(str(self.python), *command)
            return
        project = tomllib.loads((distribution / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        (package,) = {point.partition(".")[0] for point in project["entry-points"]["guanjia.plugins"].values()}
        name = re.sub(r"[-_.]+", "_", project["name"])
        info = self.packages / f"{name}-{project['version']}.dist-info"
        info.mkdir()
        points = "".join(
            f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
            for group, entries in project["entry-points"].items()
        )
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        (info / "entry_points.txt").write_text(points)
        (info / "INSTALLER").write_text("by hand\n")
        if editable:
            self.packages.joinpath(f"{name}.pth").write_text(f"{distribution}\n")
        else:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(distribution / package, self.packages / package, ignore=ignored)

    def uninstall(self, name: str, package: str) -> None:
        """The distribution is gone, as `pip uninstall` leaves it."""
        found = re.sub(r"[-_.]+", "_", name)
        for path in (*self.packages.glob(f"{found}-*.dist-info"), self.packages / package):
            if path.exists():
                shutil.rmtree(path)
        self.packages.joinpath(f"{found}.pth").unlink(missing_ok=True)

    def guanjia(self, *args: str, ok: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command `guanjia` in it."""
        return self.run(str(self.folder / "bin" / "guanjia"), *args, ok=ok, **variables)

    def run(
        self, *command: str, ok: bool = True, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it; with `ok`, it has to succeed."""
        done = subprocess.run(
            command, cwd=cwd or self.data.parent, env=self.variables(variables), text=True, capture_output=True
        )
        assert not ok or done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """The variables that a process of it starts with: nothing of whoever runs the tests."""
        clean = {
            k: v for k, v in os.environ.items() if not k.startswith(("GUANJIA_", "PYTHON", "PYTEST_", "TEST_", "COV_"))
        }
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return {
            **clean, "PATH": path, "VIRTUAL_ENV": str(self.folder), "GUANJIA_DATA": str(self.data),
            "PYTHONDONTWRITEBYTECODE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", **more,
        }  # fmt: skip
