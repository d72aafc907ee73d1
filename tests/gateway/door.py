"""The door as tenants find it: a real server on loopback, in a thread of the tests."""

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import uvicorn
from prefect.settings import PREFECT_API_URL

from blocks.keys import make_key
from gateway.app import make_app
from gateway.settings import GatewaySettings
from tests.helpers.stack import free_port
from tests.helpers.waiting import wait_until
from tests.workflows.server import on_server

_KEYS: dict[tuple[str | None, str], str] = {}
"""Keys by server and tenant: making one takes a while."""


class Door:
    """Where it is, and keys to it.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        # Other threads of a test do not have it in their context.
        self._server = PREFECT_API_URL.value()

    def key(self, tenant: str) -> str:
        """A key of the tenant; of an empty one, an operator's. Others use it, too: end it not."""
        known = self._server, tenant
        if known not in _KEYS:
            _KEYS[known] = self.new_key(tenant)
        return _KEYS[known]

    def new_key(self, tenant: str) -> str:
        """A key that nobody else has."""
        text, _ = on_server(lambda _: make_key(tenant, "tests", datetime.now(UTC)))
        return str(text)

    @contextmanager
    def client(self, tenant: str | None) -> Iterator[httpx.Client]:
        """A client with the tenant's key; of None, with none."""
        key = {} if tenant is None else {"Authorization": f"Bearer {self.key(tenant)}"}
        with httpx.Client(
            base_url=f"{self.url}/api/v1", headers=key, trust_env=False, timeout=60
        ) as client:
            yield client


@contextmanager
def open_door(settings: GatewaySettings | None = None) -> Iterator[Door]:
    """The door while the block runs; Prefect's server is that of the settings.

    Args:
        settings: By default revoked keys are refused at once, and wrong ones as often as one likes.
    """
    app = make_app(settings or GatewaySettings(key_cache_s=0, failures_per_minute=1_000_000))
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    # The address of Prefect is in the context of these tests.
    inside = contextvars.copy_context()
    thread = threading.Thread(target=inside.run, args=(server.run,), name="door")
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        assert server.started
        yield Door(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join()
