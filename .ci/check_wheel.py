"""The wheel is whole and alone: every file of the packages is in it, and nobody else owns their names.

Run by the Python of a venv that holds nothing but the installed wheel: check_wheel.py WHEEL REPOSITORY
"""

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

PLACES = {
    "platform/guanjia": "guanjia",
    "tenants": "tenants",
    "plugins": "plugins",
    "migrations": "guanjia/_migrations",
}


def lost_files(wheel: Path, repository: Path) -> list[str]:
    """Files that git keeps or would keep and that an installation would miss, a template say."""
    packed = set(zipfile.ZipFile(wheel).namelist())
    git = ["git", "-c", "safe.directory=*", "-C", str(repository)]
    git += ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PLACES]
    tracked = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split("\0")  # noqa: S603
    lost = []
    for path in filter(None, tracked):
        source = next(place for place in PLACES if path.startswith(place + "/"))
        if PLACES[source] + path.removeprefix(source) not in packed:
            lost.append(path)
    return lost


def strangers() -> list[str]:
    """Top-level names of ours that another distribution claims too, or that nobody brought."""
    owners = packages_distributions()
    return [
        f"{name}: {owners.get(name)}"
        for name in ("guanjia", "tenants", "plugins")
        if set(owners.get(name, ())) != {"guanjia"}
    ]


if __name__ == "__main__":
    problems = [f"not in the wheel: {path}" for path in lost_files(Path(sys.argv[1]), Path(sys.argv[2]))]
    problems += [f"not ours alone: {name}" for name in strangers()]
    sys.exit("\n".join(problems) or None)
