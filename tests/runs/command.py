"""The command line against the tests' server, in this process."""

from dataclasses import dataclass

import pytest

from deployments.cli.main import main
from deployments.cli.server import VARIABLE
from tests.runs.server import api_url


@dataclass(frozen=True)
class Said:
    """Exit code and what was printed."""

    code: int
    out: str
    err: str


class Command:
    """Calls `slideloom`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        monkeypatch.setenv(VARIABLE, api_url())

    def __call__(self, *arguments: str) -> Said:
        self._capsys.readouterr()
        code = main(list(arguments))
        caught = self._capsys.readouterr()
        return Said(code, caught.out, caught.err)

    def refused(self, *arguments: str, code: int = 2) -> str:
        """The one line that is said when it is refused."""
        said = self(*arguments)
        assert (said.code, said.out, said.err.count("\n")) == (code, "", 1), said
        assert said.err.startswith("slideloom: ")
        return said.err


@pytest.fixture(name="slideloom")
def slideloom_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """The command, with the address of the server in its environment."""
    return Command(capsys, monkeypatch)
