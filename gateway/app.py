"""The door as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from prefect.client.orchestration import get_client

from gateway.body_limit import BodyLimit
from gateway.built import Built
from gateway.keyring import Keyring
from gateway.problems import ProblemOut, handle_problems
from gateway.routes import health, page, signin
from gateway.scope import Tenants
from gateway.settings import GatewaySettings, gateway_settings
from slideloom import __version__

API = "/api/v1"
_TOLD = (
    "Whole slides in, exact nuclei out. Show a key as `Authorization: Bearer <key>`; an operator "
    "makes one with `slideloom tenants keys add TENANT`."
)
_PROBLEM = {"model": ProblemOut, "content": {"application/problem+json": {}}}

ROUTERS: tuple[APIRouter, ...] = (health.router, signin.router)


def make_app(stated: GatewaySettings | None = None) -> FastAPI:
    """The application.

    Args:
        stated: Its settings; by default those of this process.
    """
    app = FastAPI(
        title="slideloom",
        version=__version__,
        description=_TOLD,
        lifespan=_lifespan,
        docs_url="/docs",
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        responses={"4XX": _PROBLEM, "5XX": _PROBLEM},
    )
    app.state.settings = stated or gateway_settings()
    handle_problems(app)
    app.add_middleware(BodyLimit, streamed=(f"{API}/upload",))
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    app.state.page = Built()
    app.include_router(page.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: GatewaySettings = app.state.settings
    async with get_client() as client:
        app.state.prefect = client
        app.state.keyring, app.state.tenants = Keyring(settings.key_cache_s), Tenants()
        yield
