"""Keys as their owners hold them."""

import secrets

from hypothesis import given
from hypothesis import strategies as st

from blocks.keys import KeyText, read_key

_NEARLY = st.from_regex(r"sl_[0-9a-f]{15,17}_[A-Za-z0-9_-]{42,44}\n?", fullmatch=True)


@given(st.text(max_size=80) | _NEARLY)
def test_a_text_is_read_as_a_key_only_if_it_is_one_to_the_letter(text: str) -> None:
    found = read_key(text)
    assert found is None or str(found) == text


def test_a_key_is_read_as_it_is_shown_and_hides_its_secret_in_a_log() -> None:
    text = KeyText(secrets.token_hex(8), secrets.token_urlsafe(32))
    assert read_key(str(text)) == text
    assert text.secret not in repr(text)
