"""`register` on a real server: it makes what is missing and leaves the operator's alone."""

import asyncio
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import (
    DeploymentUpdate,
    GlobalConcurrencyLimitUpdate,
    VariableUpdate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from blocks import DEFAULT, KINDS, SlideStore, Tenant, save_tenant
from deployments.cli.register import register as register_command
from deployments.cli.server import NoServer
from deployments.register import register
from deployments.register.errors import (
    PoolConflict,
    ServerMismatch,
    ServerMissing,
    ServerUnreachable,
)
from deployments.register.silence import NAME, WATCHED, silence_automation
from runs import names
from slideloom import __version__
from slideloom.settings import settings
from tests.register.asking import ask, clear, everything, forget_kinds

_INTERNAL = [names.SEGMENT_JOB, names.TISSUE_JOB, names.SHARD, names.SUBMIT_INBOX, names.REAPER]


def _limit(name: str) -> int:
    return ask(lambda client: client.read_global_concurrency_limit_by_name(name)).limit


def test_all_that_is_needed_is_there(registered: str) -> None:
    found = ask(everything)
    assert {pool["name"]: pool["type"] for pool in found["pools"]} == dict.fromkeys(
        (names.CONTROL, names.JOBS, names.GPU), names.WORKER_TYPE
    )
    assert {one["name"] for one in found["limits"]} >= {"tag:gpu"}
    assert {kind.get_block_type_slug() for kind in KINDS} <= {
        one["slug"] for one in found["block types"]
    }
    assert [one["name"] for one in found["block documents"]] == [DEFAULT] * 3
    for name in (names.RUN_WORKFLOW, *_INTERNAL):
        deployment = ask(lambda client, name=name: client.read_deployment_by_name(name))
        assert deployment.pull_steps == []
        assert deployment.path is None
        # The public one checks its spec itself, in words of its own.
        public = deployment.name == "run-workflow"
        assert deployment.enforce_parameter_schema is not public


def test_a_second_time_changes_nothing(registered: str) -> None:
    before = ask(everything)
    asyncio.run(register())
    assert ask(everything) == before


def test_three_at_once_make_everything_once(registered: str) -> None:
    async def thrice() -> None:
        await asyncio.gather(register(), register(), register())

    counts = {kind: len(things) for kind, things in ask(everything).items()}
    ask(clear)
    ask(forget_kinds)
    asyncio.run(thrice())
    assert {kind: len(things) for kind, things in ask(everything).items()} == counts
    asyncio.run(register())
    assert {kind: len(things) for kind, things in ask(everything).items()} == counts


def test_what_an_operator_has_set_stays(registered: str) -> None:
    async def operate(client: PrefectClient) -> None:
        inbox = await client.read_deployment_by_name(names.SUBMIT_INBOX)
        await client.update_deployment_schedule(inbox.id, inbox.schedules[0].id, active=True)
        job = await client.read_deployment_by_name(names.TISSUE_JOB)
        await client.update_deployment(job.id, DeploymentUpdate(paused=True, concurrency_limit=7))
        await client.update_work_pool(
            names.JOBS, WorkPoolUpdate(is_paused=True, concurrency_limit=9)
        )
        await client.update_global_concurrency_limit(
            "tag:gpu", GlobalConcurrencyLimitUpdate(limit=3)
        )
        (automation,) = await client.read_automations_by_name(NAME)
        await client.pause_automation(automation.id)
        await SlideStore(root="/data/slides").asave(DEFAULT, overwrite=True)

    ask(operate)
    before = ask(everything)
    asyncio.run(register())
    assert ask(everything) == before
    assert _limit("tag:gpu") == 3


def test_what_is_ours_is_put_right(registered: str) -> None:
    before = ask(everything)

    async def spoil(client: PrefectClient) -> None:
        inbox = await client.read_deployment_by_name(names.SUBMIT_INBOX)
        pull = [{"prefect.deployments.steps.set_working_directory": {"directory": "/nowhere"}}]
        await client.update_deployment(
            inbox.id,
            DeploymentUpdate(
                description="mine", tags=["mine"], entrypoint="mine.flow", pull_steps=pull
            ),
        )

    ask(spoil)
    assert ask(everything) != before
    asyncio.run(register())
    after = ask(everything)
    for deployment in (*before["deployments"], *after["deployments"]):
        deployment.pop("updated")
    assert after == before


def test_the_server_knows_which_slideloom_prepared_it(registered: str) -> None:
    async def older(client: PrefectClient) -> None:
        await client.update_variable(VariableUpdate(name=names.VERSION, value="0.0.1"))

    for change in (None, older):
        if change:
            ask(change)
        asyncio.run(register())
        known = ask(lambda client: client.read_variable_by_name(names.VERSION))
        assert known is not None
        assert known.value == __version__


def test_a_stated_limit_wins_and_keeps_the_slots(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hold(client: PrefectClient) -> None:
        await client.increment_concurrency_slots(["tag:gpu"], 2, "concurrency")

    ask(hold)
    monkeypatch.setenv("SLIDELOOM_GPU_LIMIT", "8")
    settings.cache_clear()
    asyncio.run(register())
    limit = ask(lambda client: client.read_global_concurrency_limit_by_name("tag:gpu"))
    assert (limit.limit, limit.active_slots) == (8, 2)
    assert limit.slot_decay_per_second == 0.0


def test_tenants_get_their_limits(registered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(save_tenant("alice", Tenant(gpu_limit=4)))
    asyncio.run(save_tenant("bob", Tenant()))
    asyncio.run(register())
    assert _limit("tag:gpu-tenant:alice") == 4
    assert _limit("tag:gpu-tenant:bob") == settings().tenant_gpu_limit == 2
    monkeypatch.setenv("SLIDELOOM_TENANT_GPU_LIMIT", "3")
    settings.cache_clear()
    asyncio.run(register())
    assert _limit("tag:gpu-tenant:alice") == 4
    assert _limit("tag:gpu-tenant:bob") == 3


def test_a_broken_tenant_does_not_keep_the_server_from_starting(registered: str) -> None:
    """As Prefect's form would save it: it does not know our checks."""
    asyncio.run(save_tenant("alice", Tenant.model_construct(slide_root="s3://bucket")))
    asyncio.run(save_tenant("bob", Tenant()))
    asyncio.run(register())
    assert _limit("tag:gpu-tenant:bob") == 2


def test_the_automation_watches_for_as_long_as_stated(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIDELOOM_SILENT_LIMIT_S", "75")
    settings.cache_clear()
    asyncio.run(register())
    (found,) = ask(lambda client: client.read_automations_by_name(NAME))
    ids = [ask(lambda c, name=name: c.read_deployment_by_name(name)).id for name in WATCHED]
    assert found.trigger == silence_automation(ids, 75).trigger
    assert found.trigger.within == timedelta(seconds=75)
    assert found.enabled


def test_doubles_of_the_automation_go(registered: str) -> None:
    (found,) = ask(lambda client: client.read_automations_by_name(NAME))
    ask(lambda client: client.create_automation(silence_automation([], 35)))
    asyncio.run(register())
    (left,) = ask(lambda client: client.read_automations_by_name(NAME))
    assert left.trigger == found.trigger


def test_a_pool_of_another_type_is_refused(registered: str) -> None:
    async def replace(client: PrefectClient) -> None:
        await client.delete_work_pool(names.GPU)
        await client.create_work_pool(WorkPoolCreate(name=names.GPU, type="process"))

    ask(replace)
    with pytest.raises(PoolConflict, match=r"'gpu' is of type 'process'.*delete it"):
        asyncio.run(register())


def test_without_an_address_nothing_is_started() -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        with pytest.raises(ServerMissing, match="make serve"):
            asyncio.run(register())
        with pytest.raises(NoServer, match="make serve"):
            register_command()


def test_the_command_says_where(empty: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert register_command() == 0
    assert capsys.readouterr().out == f"registered at {empty}\n"
    assert ask(lambda client: client.read_deployment_by_name(names.RUN_WORKFLOW))


def test_a_server_that_is_not_there() -> None:
    gone = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(gone), pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1:9"):
        asyncio.run(register())


class _OldServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'"2.20.0"')

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_server_of_another_version() -> None:
    with HTTPServer(("127.0.0.1", 0), _OldServer) as old:
        thread = threading.Thread(target=old.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{old.server_port}/api"
        try:
            with (
                temporary_settings({PREFECT_API_URL: address}),
                pytest.raises(ServerMismatch, match=r"2\.20\.0.*3\.8\.8"),
            ):
                asyncio.run(register())
        finally:
            old.shutdown()
            thread.join()
