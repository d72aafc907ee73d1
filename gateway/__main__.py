"""`python -m gateway`: the door, until a signal says stop."""

import argparse
import logging
import sys

import uvicorn

from gateway.app import make_app
from gateway.json_lines import log_json
from gateway.settings import gateway_settings

_log = logging.getLogger("gateway")


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=int, default=8000, help="where to listen")
    given = parser.parse_args()
    app = make_app()
    log_json(gateway_settings().log_level, sys.stderr)
    _log.info("opening at %s port %d", given.host, given.port)
    # Uvicorn's own log of requests holds paths and queries as they came. Nobody has anything to say
    # on a socket.
    uvicorn.run(
        app,
        host=given.host,
        port=given.port,
        log_config=None,
        access_log=False,
        ws_max_size=4096,
    )


if __name__ == "__main__":
    main()
