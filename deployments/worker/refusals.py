"""When a worker does not start: each reason is one line that says what to do."""

from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL

from runs.names import GPU, GPU_TAG, VERSION, WORKER_TYPE
from slideloom import __version__
from slideloom.errors import BadInput

_WANTS_PASSWORD = {401, 403}


class Refused(BadInput):
    """The worker cannot start as asked; the message says what to change."""


def check_address() -> None:
    """Look for the server's address.

    Raises:
        Refused: There is none.
    """
    if not PREFECT_API_URL.value():
        raise Refused("PREFECT_API_URL names no Prefect server: set it, or run `slideloom serve`")


def check_device(device: str) -> None:
    """Look whether the device that this process is pinned to is there.

    Raises:
        DeviceUnavailable: It is not.
    """
    if device.startswith("cuda"):
        # Imported here: it loads torch, which takes seconds, and only GPUs are worth them.
        from slideloom.engines.devices import available_devices, choose_device

        choose_device(device, available_devices())


async def check_pool(client: PrefectClient, pool: str) -> None:
    """Look whether the pool is one that this worker can work for.

    Raises:
        Refused: It is missing or of another type, its limit is missing, the password is wrong, or
            slideloom is another one there.
        httpx.HTTPError: The server does not answer.
    """
    try:
        found = await client.read_work_pool(pool)
    except ObjectNotFound:
        raise Refused(f"there is no work pool '{pool}': run `slideloom register`") from None
    except PrefectHTTPStatusError as error:
        if error.response.status_code not in _WANTS_PASSWORD:
            raise
        raise Refused(
            f"the server at {PREFECT_API_URL.value()} wants another password: set "
            "PREFECT_API_AUTH_STRING to what its PREFECT_SERVER_API_AUTH_STRING is"
        ) from None
    if found.type != WORKER_TYPE:
        raise Refused(
            f"the work pool '{pool}' is of type '{found.type}', this worker is for "
            f"'{WORKER_TYPE}': give another pool, or delete that one and run `slideloom register`"
        )
    await _check_version(client)
    if pool == GPU:
        await _check_limit(client)


async def _check_version(client: PrefectClient) -> None:
    """Flows and tasks of two versions must not work on one result."""
    theirs = await client.read_variable_by_name(VERSION)
    if theirs is not None and theirs.value != __version__:
        raise Refused(
            f"this is slideloom {__version__}, and the server was registered by {theirs.value}: "
            "install that version here, or run `slideloom register` with this one"
        )


async def _check_limit(client: PrefectClient) -> None:
    """Prefect runs tasks without any limit where the limit of their tag is missing."""
    limit = f"tag:{GPU_TAG}"
    try:
        await client.read_global_concurrency_limit_by_name(limit)
    except ObjectNotFound:
        raise Refused(
            f"the concurrency limit '{limit}' is missing, so nothing would hold the pool '{GPU}' "
            "back: run `slideloom register`"
        ) from None
