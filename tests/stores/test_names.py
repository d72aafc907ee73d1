"""Roots as operators state them, and names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideloom.stores import LocalRoot, NameRefused, RootRefused, S3Root, parse_root
from slideloom.stores.names import is_name


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("/data/slides/", LocalRoot(Path("/data/slides"))),
        ("file:///data/my%20slides", LocalRoot(Path("/data/my slides"))),
        ("s3://bucket", S3Root("bucket", "")),
        ("s3://bucket/", S3Root("bucket", "")),
        ("S3://bucket/a/b/", S3Root("bucket", "a/b")),
    ],
)
def test_roots(stated: str, meant: LocalRoot | S3Root) -> None:
    assert parse_root(stated) == meant
    assert parse_root(str(meant)) == meant


@pytest.mark.parametrize(
    "stated",
    [
        *("", "slides", "~/slides", "/a\0", "file:slides", "file://host/a", "file:///a?b"),
        *("http://host/a", "s3:bucket", "s3:/bucket", "s3://", "s3:///a", "s3://B_ucket/a"),
        *("s3://user:word@bucket/a", "s3://bucket:80/a", "s3://bucket//a", "s3://bucket/a//b"),
        *("s3://bucket/../a", "s3://bucket/a/..", "s3://bucket/%2e%2e/a", "s3://bucket/a?b"),
        *("s3://bucket/a#b", "s3://[bucket/a", "s3://bucket/a\0"),
    ],
)
def test_what_is_no_root_is_refused(stated: str) -> None:
    with pytest.raises(RootRefused):
        parse_root(stated)


def test_a_key_that_is_too_long_is_refused() -> None:
    root = S3Root("bucket", "/".join(["x" * 200] * 4))
    assert root.key("a" * 200).endswith("/" + "a" * 200)
    with pytest.raises(NameRefused, match="1024 bytes"):
        root.key("/".join(["a" * 200] * 2))


@given(st.lists(st.one_of(st.sampled_from(["..", ".", "", "a"]), st.text(max_size=5))))
def test_names_stay_below_their_root(parts: list[str]) -> None:
    name = "/".join(parts)
    if is_name(name):
        root = S3Root("bucket", "alice")
        assert root.key(name) == f"alice/{name}"
        assert not {"", ".", ".."} & set(name.split("/"))
        assert Path("/alice", name).is_relative_to("/alice")
