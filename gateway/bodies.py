"""Bodies of requests, counted as they come."""

from fastapi import Request

from gateway.problems import Problem


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """All of the body.

    Raises:
        Problem: It is larger than the limit, whatever its header says.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit_bytes:
            raise Problem(413, "too_large", f"the body has more than {limit_bytes} bytes")
    return bytes(content)
