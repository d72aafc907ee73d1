"""Many submissions at once: each key is sent twice, and refusals are waited out."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

_AGAIN_S = 0.2
_TRIES = 500


@dataclass
class Told:
    """What came of it.

    Attributes:
        workflows: For each tenant and key the workflows that were answered, in order.
        seconds: How long each accepted post took.
        began: When the first accepted post of a workflow began, seconds since 1970, by its id.
        refused: Answers with 429.
    """

    workflows: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    began: dict[str, float] = field(default_factory=dict)
    refused: int = 0


async def submit_all(
    url: str, keys: dict[str, str], spec: dict[str, Any], each: int, at_once: int
) -> Told:
    """Submit `each` workflows of every tenant, so many posts at a time.

    Args:
        url: Where the door is.
        keys: The tenants' keys.
        spec: What to submit.
        each: Workflows of each tenant.
        at_once: Posts at a time, of all tenants together.
    """
    told, room = Told(), asyncio.Semaphore(at_once)
    # The second of each comes close behind the first, often before that is answered.
    posts = [
        (tenant, f"key-{number}") for number in range(each) for tenant in keys for _ in range(2)
    ]
    limits = httpx.Limits(max_connections=at_once)
    async with httpx.AsyncClient(
        base_url=url, trust_env=False, timeout=120, limits=limits
    ) as client:

        async def post(tenant: str, key: str) -> None:
            async with room:
                headers = {"Authorization": f"Bearer {keys[tenant]}", "Idempotency-Key": key}
                await _post(client, tenant, key, headers, spec, told)

        await asyncio.gather(*(post(tenant, key) for tenant, key in posts))
    return told


async def _post(
    client: httpx.AsyncClient,
    tenant: str,
    key: str,
    headers: dict[str, str],
    spec: dict[str, Any],
    told: Told,
) -> None:
    for _ in range(_TRIES):
        at, began = time.time(), time.perf_counter()
        answer = await client.post("/api/v1/workflows", json=spec, headers=headers)
        if answer.status_code == 429:
            told.refused += 1
            await asyncio.sleep(_AGAIN_S)
            continue
        assert answer.status_code == 202, answer.text
        workflow = answer.json()["id"]
        told.seconds.append(time.perf_counter() - began)
        told.began.setdefault(workflow, at)
        told.workflows.setdefault((tenant, key), []).append(workflow)
        return
    raise TimeoutError(f"{tenant} {key} was refused {_TRIES} times")
