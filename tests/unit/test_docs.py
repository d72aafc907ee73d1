"""The documentation names every setting, column, file, command and option that there is."""

import inspect
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from deployments.cli import main as cli
from deployments.cli.segment import segment
from deployments.cli.worker import worker
from gateway.settings import GatewaySettings
from slideloom.results.final import SCHEMA
from slideloom.results.folder import MANIFEST, RUN
from slideloom.segmentation.job import FILES
from slideloom.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    ("kind", "page"), [(Settings, "settings.md"), (GatewaySettings, "door.md")]
)
def test_every_setting_is_documented(kind: type[BaseSettings], page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    prefix = kind.model_config["env_prefix"]
    for name, field in kind.model_fields.items():
        (row,) = [line for line in text.splitlines() if f"`{prefix}{name.upper()}`" in line[:60]]
        stated = field.default_factory is None and field.default is not None
        assert not stated or str(field.default).removesuffix(".0") in row


def test_every_column_is_documented() -> None:
    text = (ROOT / "docs" / "results.md").read_text()
    assert [name for name in SCHEMA.names if f"`{name}`" not in text] == []


def test_every_result_file_is_in_the_readme() -> None:
    assert [name for name in (*FILES, MANIFEST, RUN) if f"`{name}`" not in README] == []


def test_every_option_of_segment_is_in_the_readme() -> None:
    options = [name.replace("_", "-") for name in inspect.signature(segment).parameters]
    assert [name for name in options if name != "slide" and f"--{name}" not in README] == []


def test_every_option_of_worker_is_documented() -> None:
    text = (ROOT / "docs" / "machines.md").read_text()
    options = [name.replace("_", "-") for name in inspect.signature(worker).parameters]
    assert [name for name in options if f"| `--{name}` |" not in text] == []


def test_every_command_is_in_the_readme() -> None:
    commands = [name for name in cli.app if not name.startswith("-")]
    assert len(commands) == 15
    assert [name for name in commands if f"slideloom {name}" not in README] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    _check_links(page)


def test_links_of_the_readme_lead_somewhere() -> None:
    _check_links(ROOT / "README.md")


def _check_links(page: Path) -> None:
    for piece in page.read_text().split("](")[1:]:
        target = piece.split(")")[0]
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
