"""`python -m gateway`: the door, until a signal says stop."""

import argparse

import uvicorn

from gateway.app import make_app


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=int, default=8000, help="where to listen")
    given = parser.parse_args()
    # Nobody has anything to say on a socket.
    uvicorn.run(make_app(), host=given.host, port=given.port, log_level="warning", ws_max_size=4096)


if __name__ == "__main__":
    main()
