"""Which Prefect server the command line talks to, and what it says when none answers."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.utilities.urls import url_for

from deployments.cli.running import run_flow
from slideloom.errors import BadInput, SlideloomError
from slideloom.settings import settings

VARIABLE = "PREFECT_API_URL"
_Result = TypeVar("_Result")


class NoServer(BadInput):
    """Nothing says where the server is."""


class ServerUnreachable(SlideloomError):
    """The server does not answer, or answers with an error of its own."""


def note_of_server() -> Path:
    """The file in which a running `slideloom serve` says where its server is."""
    return settings().home / "serve.json"


def address() -> str:
    """The server's API: from the environment, a running `slideloom serve`, or Prefect's profile.

    Raises:
        NoServer: None of them says.
    """
    found = os.environ.get(VARIABLE) or _noted() or PREFECT_API_URL.value()
    if not found:
        raise NoServer(
            f"no server is known: start one with `make serve`, or set {VARIABLE} to the address "
            "of one that runs, such as http://127.0.0.1:4200/api"
        )
    return str(found)


def _noted() -> str | None:
    note = note_of_server()
    try:
        return str(json.loads(note.read_text())["api_url"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoServer(
            f"{note} does not say where the server is ({error}): remove it, or set {VARIABLE}"
        ) from error


def ask(act: Callable[[PrefectClient], Awaitable[_Result]]) -> _Result:
    """Do something with a client of the server; Prefect's settings point there meanwhile.

    Raises:
        NoServer: Nothing says where it is.
        ServerUnreachable: It does not answer.
        Interrupted: A signal came.
    """
    api_url = address()

    async def call() -> _Result:
        with temporary_settings({PREFECT_API_URL: api_url}):
            async with get_client() as client:
                return await act(client)

    try:
        return run_flow(call)
    except httpx.HTTPStatusError as error:
        raise ServerUnreachable(_complaint(api_url, error.response)) from error
    except (httpx.TransportError, httpx.InvalidURL) as error:
        said = str(error) or type(error).__name__
        raise ServerUnreachable(
            f"no server answers at {api_url} ({said}): is `slideloom serve` running, and is "
            f"{VARIABLE} right?"
        ) from error


def _complaint(api_url: str, answer: httpx.Response) -> str:
    if answer.status_code in {401, 403}:
        return f"the server at {api_url} wants a password: set PREFECT_API_AUTH_STRING"
    said = " ".join(answer.text.split())[:200]
    return (
        f"the server at {api_url} answers {answer.status_code} to {answer.request.url.path}: "
        f"{said or answer.reason_phrase}: is it a Prefect server, and is {VARIABLE} right?"
    )


def page_of(run_id: str) -> str:
    """Address of a run in Prefect's UI; empty where the server has none."""
    return url_for("flow-run", obj_id=run_id) or ""
