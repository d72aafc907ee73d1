"""How much one tenant may ask for in a while; counted in this process, gone when it ends.

All requests with a tenant's key count already (`gateway.callers`). A route that costs more adds a
limit of its own:

    @router.post("/workflows", dependencies=[Depends(limited("submissions"))])

The names are those of `Limits.rates` (`gateway.rates`): `submissions` for a workflow, `uploads` for
an upload that begins (not for each of its pieces). Beyond a limit the answer is a problem 429,
`rate_limited`, with `Retry-After`. Every limited answer says in `RateLimit-Limit`, `-Remaining` and
`-Reset` (seconds) what is left of the limit that was counted last: the route's own. An operator's
calls are not counted.
"""

from collections.abc import Awaitable, Callable

from fastapi.requests import HTTPConnection

from gateway.callers import AnyCaller
from gateway.rates import Limits, Rate


def limited(rate: Rate) -> Callable[..., Awaitable[None]]:
    """A dependency that counts a tenant's call against a rate.

    Args:
        rate: A name of `Limits.rates`.
    """

    async def count(connection: HTTPConnection, who: AnyCaller) -> None:
        if who.tenant:
            limits: Limits = connection.app.state.limits
            limits.count(rate, who.tenant, connection)

    return count
