"""`guanjia plugin new` writes a plugin whose tests pass as written; `docs/plugins.md` says nothing that is not so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from guanjia.cli import cli
from guanjia.plugin_commands.writing import WrongName, write_plugin
from outside.environment import Environment

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).parent / "guanjia-sample-parcels"
DOCS = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def ruff(*args: str) -> str:
    done = subprocess.run([sys.executable, "-m", "ruff", *args], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("name", ["pm_lamps", "a", "a_name_of_twenty4_letters"[:24].rstrip("_")])
def test_what_is_written_is_clean(tmp_path: Path, name: str) -> None:
    made = write_plugin(name, tmp_path, title="Lamps", title_zh="路灯")
    assert ruff("check", "--no-cache", str(made)) == ruff("format", "--no-cache", "--check", str(made)) == ""
    assert not [path for path in made.rglob("*") if path.is_file() and "${" in path.read_text(encoding="utf-8")]
    assert (made / name / "migrations" / f"{name}_0001_first_tables.py").is_file()
    assert (made / name / "templates" / name / "open.html").is_file()


@pytest.mark.parametrize(
    "name", ["Lamps", "1lamps", "pm-lamps", "pm__lamps", "class", "json", "guanjia", "flask", "x" * 25, ""]
)
def test_a_name_that_cannot_be_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongName):
        write_plugin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ["", 'a "b"', "a\\b", "50%", "Entry", "x" * 61])
def test_a_title_that_cannot_be_is_refused(tmp_path: Path, title: str) -> None:
    if title == "":
        assert (
            'title=_("Pm lamps")'
            in (write_plugin("pm_lamps", tmp_path, title=title) / "pm_lamps" / "plugin.py").read_text()
        )
        return
    with pytest.raises(WrongName):
        write_plugin("pm_lamps", tmp_path, title=title)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "pm_lamps").mkdir()
    done = CliRunner().invoke(cli, ["plugin", "new", "pm_lamps", "--in", str(tmp_path)])
    assert done.exit_code == 1 and "is there already" in done.output


# -- the docs --------------------------------------------------------------------------------------------


def blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall(DOCS) if found == kind]


@pytest.mark.parametrize("kind", ["python", "toml", "html"])
def test_what_the_docs_show_stands_in_the_sample(kind: str) -> None:
    """So it is tried by the sample's own tests."""
    sources = [
        path.read_text(encoding="utf-8") for path in SAMPLE.rglob("*") if path.suffix in (".py", ".toml", ".html")
    ]
    shown = blocks(kind)
    assert shown or kind == "html"
    for block in shown:
        for part in block.split("\n...\n"):
            assert any(part.strip() in source for source in sources), part


def test_the_commands_of_the_docs_lead_from_nothing_to_a_plugin_and_back(tmp_path: Path) -> None:
    """In an environment of their own; pip is left out, since it would want a network."""
    here = Environment.make(tmp_path)
    here.data.mkdir()
    lines = [line.split("  #")[0].strip() for block in blocks("bash") for line in block.splitlines() if line.strip()]
    assert len(lines) > 6
    folder, ran = tmp_path, 0
    for line in lines:
        program, *_rest = line.split()
        if program == "cd":
            folder = folder / line.split()[1]
        elif line.startswith("pip install"):
            here.install(folder)
        elif line.startswith("pip uninstall"):
            here.uninstall(line.split()[-1], line.split()[-1].replace("-", "_"))
        else:
            command = line if program != "pytest" else f"{here.python} -m pytest -p no:cacheprovider -q"
            here.run("bash", "-ec", command, cwd=folder)
            ran += 1
    assert ran >= 5
    assert not (here.data / "migrations" / "pm_lamps").exists()
