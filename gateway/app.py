"""The door as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from prefect.client.orchestration import get_client

from gateway.board import Board
from gateway.body_limit import BodyLimit
from gateway.built import Built
from gateway.job_metrics import JobMetrics
from gateway.keyring import Keyring
from gateway.last_uses import uses_written
from gateway.live.live import watching
from gateway.logs import Logged
from gateway.openapi import describe, operation_id
from gateway.problems import ProblemOut, handle_problems
from gateway.rates import Limits
from gateway.results import Results
from gateway.routes import (
    catalogue,
    cells,
    health,
    jobs,
    live,
    metrics,
    overlay,
    page,
    results,
    resumable,
    signin,
    slide_tiles,
    slides,
    status,
    upload,
    workflows,
)
from gateway.scope import Tenants
from gateway.settings import GatewaySettings, gateway_settings
from gateway.shelf import Shelf
from gateway.submissions import Submissions
from gateway.tiles import open_viewer
from gateway.uploads.desk import open_desk
from gateway.viewer.room import Room
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
    status.router,
    metrics.router,
    upload.router,
    resumable.router,
    slides.router,
    slide_tiles.router,
    catalogue.router,
    workflows.router,
    jobs.router,
    results.router,
    overlay.router,
    cells.router,
    live.router,
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
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        responses={"4XX": _PROBLEM, "5XX": _PROBLEM},
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
    )
    app.state.settings = stated or gateway_settings()
    app.state.limits = Limits(app.state.settings)
    app.state.page = Built()
    handle_problems(app)
    describe(app)
    app.add_middleware(BodyLimit, streamed=(f"{API}/upload",))
    app.add_middleware(Logged)
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    app.include_router(page.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: GatewaySettings = app.state.settings
    state = app.state
    async with get_client() as client:
        state.prefect = client
        state.keyring, state.tenants = Keyring(settings.key_cache_s), Tenants()
        state.board = Board(client, settings.status_cache_s)
        state.job_metrics = JobMetrics(client, state.board, settings.status_cache_s)
        state.shelf = Shelf()
        state.submissions = Submissions(client, state.shelf, settings)
        state.results = Results(settings.result_reads_at_once)
        state.room = Room(settings)
        async with (
            uses_written(client) as state.uses,
            watching(client, state.tenants, settings) as state.live,
            open_desk(settings) as state.desk,
            open_viewer(settings) as state.slide_viewer,
        ):
            yield
