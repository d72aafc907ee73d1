"""The door as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from prefect.client.orchestration import get_client

from gateway.keyring import Keyring
from gateway.openapi import describe, operation_id
from gateway.problems import ProblemOut, handle_problems
from gateway.results import Results
from gateway.routes import catalogue, health, jobs, results, signin, workflows
from gateway.scope import Tenants
from gateway.settings import GatewaySettings, gateway_settings
from gateway.shelf import Shelf
from gateway.submissions import Submissions
from slideloom import __version__

API = "/api/v1"
_TOLD = (
    "Whole slides in, exact nuclei out. Show a key as `Authorization: Bearer <key>`; an operator "
    "makes one with `slideloom tenants keys add TENANT`."
)
_PROBLEM = {"model": ProblemOut, "content": {"application/problem+json": {}}}

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    signin.router,
    workflows.router,
    jobs.router,
    results.router,
    catalogue.router,
)


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
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
    )
    app.state.settings = stated or gateway_settings()
    handle_problems(app)
    describe(app)
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: GatewaySettings = app.state.settings
    async with get_client() as client:
        app.state.prefect = client
        app.state.keyring, app.state.tenants = Keyring(settings.key_cache_s), Tenants()
        app.state.shelf = Shelf()
        app.state.submissions = Submissions(app.state.shelf, settings)
        app.state.results = Results(settings.result_reads_at_once)
        yield
