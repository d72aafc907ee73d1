"""Become a program: `python -I -S launch.py '{"uid": …, "gid": …, "cwd": …}' COMMAND…`.

Between the start of a child and its program some things have to be put right which
`subprocess.Popen` leaves as they are: a SIGINT that is ignored (everything started by `nohup … &`
inherits that, and Prefect's processes then never stop), blocked signals, and the user, who may be
unable to reach this interpreter: so the user is changed last. Standard library only.
"""

import json
import os
import signal
import sys


def _reset_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main() -> None:
    """Change into what is asked for, then into the program."""
    wanted, command = json.loads(sys.argv[1]), sys.argv[2:]
    _reset_signals()
    try:
        if wanted.get("uid") is not None:
            _become(wanted["uid"], wanted["gid"])
        if wanted.get("cwd") is not None:
            os.chdir(wanted["cwd"])
        os.execvp(command[0], command)  # noqa: S606 - what this file is for
    except OSError as error:
        print(f"{command[0]} cannot be started: {error}", file=sys.stderr)
        os._exit(127)


if __name__ == "__main__":
    main()
