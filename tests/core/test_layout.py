"""The repository keeps its shape: source roots, file sizes, no files of others, a lock that holds."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "platform" / "guanjia", ROOT / "tenants", ROOT / "plugins"]
FOLDERS = [*SOURCES, ROOT / "migrations", ROOT / "tests"]
MOST_LINES = 450
OTHERS_FILES = re.compile(
    r"\.min\.(js|css)$|\.(woff2?|ttf|otf|ttc|eot)$|^(bootstrap|htmx|jquery|alpine|echarts).*\.(js|css|map)$"
)


def files(folders: list[Path], pattern: str = "*") -> list[Path]:
    """All files below, without what Python compiled."""
    found = [path for folder in folders for path in sorted(folder.rglob(pattern)) if path.is_file()]
    return [path for path in found if "__pycache__" not in path.parts]


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


SOURCE_FILES = files(SOURCES, "*.py")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_platform_is_a_source_root_and_no_package():
    assert (ROOT / "platform" / "guanjia" / "__init__.py").is_file()
    assert not (ROOT / "platform" / "__init__.py").exists()


@pytest.mark.parametrize("path", [None, "."])
def test_import_platform_at_the_root_is_the_standard_librarys(path):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    code = "import platform; print(platform.python_version()); print(platform.__file__)"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean if path is None else {**clean, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    version, file = answer.stdout.splitlines()
    assert version == ".".join(str(part) for part in sys.version_info[:3])
    assert Path(file).resolve().parent == Path(sysconfig.get_path("stdlib")).resolve()


def test_tests_are_no_package_and_hide_no_module():
    """Except for the distributions of others that stand there to be installed."""
    packages = files([ROOT / "tests"], "__init__.py")
    assert names([path for path in packages if "outside" not in path.parts]) == []
    assert [path for path in (ROOT / "tests").rglob("*") if path.stem == "platform"] == []


def test_modules_are_named_for_what_they_hold():
    vague = {"utils", "helpers", "common"}
    assert [path for folder in FOLDERS for path in folder.rglob("*") if path.stem in vague] == []


def test_source_files_stay_readable():
    assert SOURCE_FILES
    written = [path for path in SOURCE_FILES if path.parent.name not in ("migrations", "versions")]  # by people
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    assert names([path for path, lines in lengths.items() if lines > MOST_LINES]) == []


def test_every_module_says_what_it_is_for():
    silent = [path for path in SOURCE_FILES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert names(silent) == []


def test_every_folder_with_modules_is_a_package():
    """Migrations are the exception: Alembic loads them by path."""
    folders = {path.parent for path in SOURCE_FILES if "migrations" not in path.parts}
    assert names(sorted(folder for folder in folders if not (folder / "__init__.py").is_file())) == []


def test_no_file_of_others_is_committed():
    """Bootstrap, htmx and fonts come from their packages; `/*!` opens the notice of a minified file."""
    ours = files(FOLDERS)
    assert names([path for path in ours if OTHERS_FILES.search(path.name)]) == []
    scripts = [path for path in ours if path.suffix in {".js", ".css", ".svg"}]
    assert names([path for path in scripts if "/*!" in path.read_text(encoding="utf-8")]) == []
    assert [path.name for path in ROOT.iterdir() if re.match(r"(?i)(licen[cs]e|copying|notice)", path.name)] == []


def test_licence_is_stated_by_its_spdx_expression():
    assert PROJECT["license"] == "AGPL-3.0-or-later"
    assert "AGPL-3.0-or-later" in (ROOT / "README.md").read_text(encoding="utf-8")


def locked() -> dict[str, tuple[Version, int]]:
    """Name -> version and number of hashes, of every requirement of the lock."""
    found = {}
    for entry in re.split(r"\n(?! )", LOCK.strip()):
        name, version = re.match(r"([\w.-]+)==([\w.+!-]+)", entry).groups()
        found[name] = (Version(version), len(re.findall(r"--hash=sha256:[0-9a-f]{64}", entry)))
    return found


def test_lock_pins_every_requirement_by_hash_and_names_no_address():
    assert "://" not in LOCK
    assert "index-url" not in LOCK
    assert len(locked()) > 40
    assert [name for name, (_, hashes) in locked().items() if hashes == 0] == []


def test_lock_meets_the_project_file():
    """After a change of the dependencies: `make lock`."""
    asked = list(PROJECT["dependencies"])
    for extra in ("prod", "dev", "browser"):
        asked += PROJECT["optional-dependencies"][extra]
    unmet = []
    for requirement in map(Requirement, asked):
        version, _ = locked().get(re.sub(r"[-_.]+", "-", requirement.name).lower(), (None, 0))
        if version is None or version not in requirement.specifier:
            unmet.append(str(requirement))
    assert unmet == []


def test_ci_script_is_executable():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
