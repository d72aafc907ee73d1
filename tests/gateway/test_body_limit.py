"""Bodies that are too long are refused while they come."""

from collections.abc import Iterator

from slideloom.scheduling.text import MAX_BYTES
from tests.gateway.door import Door


def test_a_long_body_is_refused_before_it_is_read_whole(door: Door) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 400 * MAX_BYTES:
            sent += 65536
            yield b" " * 65536

    with door.client(None) as client:
        answer = client.post("/signin", content=endless())
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert sent < 200 * MAX_BYTES


def test_a_body_of_the_right_length_is_read(door: Door) -> None:
    with door.client(None) as client:
        answer = client.post("/signin", content=b" " * (MAX_BYTES - 2) + b"{}")
    assert answer.status_code == 422
