"""`register`: pools, blocks, limits, deployments, the automation and our version, in this order."""

from deployments.register.deployed import register_deployments
from deployments.register.limits import register_limits
from deployments.register.pools import register_pools
from deployments.register.server import connected
from deployments.register.silence import register_silence
from deployments.register.stores import register_blocks
from deployments.register.version import register_version


async def register() -> None:
    """Make what is missing on the server that PREFECT_API_URL names, and put right what is ours.

    Safe to run twice, twice at once, and at every start: what is right already is not touched.

    What an operator has set on Prefect's pages stays: schedules switched on or off and changed,
    parameters, limits and pauses of deployments, everything about work pools, an automation that is
    switched off, and stores. A limit of GPU work stays too unless a setting or the tenant's block
    states another one. Entry points, pools, parameter schemas, descriptions and tags of deployments
    and what the automation does are ours and are put back.

    Raises:
        ServerMissing: PREFECT_API_URL names no server.
        ServerUnreachable: The server does not answer.
        ServerMismatch: It is of another version of Prefect.
        PoolConflict: A work pool of our name is of another type.
        DeploymentRefused: The server did not take a deployment.
    """
    async with connected() as client:
        await register_pools(client)
        await register_blocks(client)
        await register_limits(client)
        await register_silence(client, await register_deployments(client))
        await register_version(client)
