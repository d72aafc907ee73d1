"""Entry point of `slideloom`: commands, exit codes, one line per error.

Exit code 0: done; 1: something broke; 2: bad input, with one line on stderr that says what to
change; 130 and 143: stopped by SIGINT (Ctrl-C) or SIGTERM. `SLIDELOOM_DEBUG=1` shows the stack
trace instead.
"""

import os
import sys

from cyclopts import App, CycloptsError
from pydantic import ValidationError

from deployments.cli.running import Interrupted
from slideloom import __version__
from slideloom.errors import BadInput, SlideloomError

app = App(
    name="slideloom",
    help="Whole-slide-image inference: tissue, nuclei, pictures, results for QuPath and Python.",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
for _name in ("segment", "tissue", "info", "sample", "verify", "compare"):
    app.command(f"deployments.cli.{_name}:{_name}", name=_name)
for _name in ("serve", "worker", "register", "submit", "status", "cancel", "retry"):
    app.command(f"deployments.cli.{_name}:{_name}", name=_name)
for _name in ("tenants", "models"):
    app.command(f"deployments.cli.{_name}:{_name}", name=_name)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    if os.environ.get("SLIDELOOM_DEBUG"):
        return _run(arguments)
    try:
        return _run(arguments)
    except (BadInput, CycloptsError) as error:
        return _fail(str(error), 2)
    except ValidationError as error:
        return _fail(_settings_error(error), 2)
    except SlideloomError as error:
        return _fail(str(error), 1)
    except Interrupted as stop:
        return _fail(f"stopped by {stop}; the same command takes up where it stopped", stop.code)
    except KeyboardInterrupt:
        return _fail("stopped by SIGINT", 130)
    except Exception as error:  # noqa: BLE001 - the last resort: one line instead of a trace
        return _fail(f"{type(error).__name__}: {error} (SLIDELOOM_DEBUG=1 shows the trace)", 1)


def _run(arguments: list[str] | None) -> int:
    code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    return code if isinstance(code, int) else 0


def _settings_error(error: ValidationError) -> str:
    """What is wrong with the environment; parameters of jobs are checked where they are made."""
    said = [f"SLIDELOOM_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
    return "; ".join(said)


def _fail(message: str, code: int) -> int:
    print(f"slideloom: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
