"""Specs: both formats, round trips, and one clear line for everything that is refused."""

import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideloom.errors import BadInput
from slideloom.parameters import SegmentCells, TissueMaskJob
from slideloom.scheduling.errors import SpecUnreadable, SpecUnusable
from slideloom.scheduling.graph import in_order
from slideloom.scheduling.spec import (
    MAX_JOBS,
    WorkflowSpec,
    branches_in_order,
    check_spec,
    parse_spec,
    to_yaml,
)
from slideloom.scheduling.text import MAX_BYTES

SPEC = """\
tenant: alice
name: biopsy 17
branches:
  - name: left
    jobs:
      - {kind: tissue_mask, slide: slides/a.svs}
      - {kind: segment_cells, slide: slides/a.svs, model: slideloom_nuclei_small}
  - name: report
    needs: [left]
    jobs: [{kind: segment_cells, slide: slides/b.ndpi, tissue: off}]
"""


def _refusal(text: str | bytes) -> str:
    with pytest.raises(SpecUnusable) as refused:
        parse_spec(text)
    said = str(refused.value)
    assert "\n" not in said
    return said


def _branches(**needs: list[str]) -> dict[str, Any]:
    job = {"kind": "tissue_mask", "slide": "a.svs"}
    branches = [{"name": name, "needs": wanted, "jobs": [job]} for name, wanted in needs.items()]
    return {"tenant": "alice", "name": "made", "branches": branches}


def test_the_example() -> None:
    spec = parse_spec(SPEC)
    first, second = spec.branches
    assert (spec.tenant, spec.name) == ("alice", "biopsy 17")
    assert [type(job) for job in first.jobs] == [TissueMaskJob, SegmentCells]
    assert second.needs == ["left"]
    assert isinstance(second.jobs[0], SegmentCells)
    assert second.jobs[0].tissue == "off"


def test_json_and_yaml_mean_the_same() -> None:
    spec = parse_spec(SPEC)
    assert parse_spec(json.dumps(spec.model_dump(mode="json"))) == spec
    assert parse_spec(b"\xef\xbb\xbf" + SPEC.encode()) == spec
    assert parse_spec(to_yaml(spec)) == spec
    assert check_spec(spec.model_dump(mode="json")) == spec


def test_yaml_in_braces_is_yaml() -> None:
    spec = parse_spec(
        "{tenant: a, name: 17, branches: [{name: x, jobs: [{kind: tissue_mask, slide: s}]}]}"
    )
    assert spec.name == "17"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("alice", "Alice!", "line 1, tenant: must be lower-case letters, digits and hyphens"),
        ("biopsy 17", "", "line 2, name: should be a valid string, but nothing is there"),
        ("tenant: alice\n", "", "tenant: is missing: add it"),
        ("tissue: off", "tisue: off", "line 10, branch 'report', job 1, tisue: is not a field"),
        ("tissue: off", "tile_size: 1000", "tile_size: should be a multiple of 16, not '1000'"),
        ("tissue: off", "overlap: 1024", "overlap 1024 must be at most half of tile_size 1024"),
        ("tissue: off", "mpp: nan", "mpp must be a positive number"),
        ("tissue: off", "device: gpu", "device: must be `auto`, `cpu`, `cuda` or `cuda:N`"),
        ("slides/b.ndpi", '"a\\u0007"', "slide must be at most 1024 characters"),
        ("slides/b.ndpi", "s" * 1025, "slide must be at most 1024 characters"),
        ("kind: tissue_mask", "kind: x", "line 6, branch 'left', job 1: kind 'x' is unknown"),
        ("kind: tissue_mask, ", "", "line 6, branch 'left', job 1: says no kind: add"),
        ("[{kind: segment_cells, slide: slides/b.ndpi, tissue: off}]", "[]", "is empty: give it"),
        ("[{kind: segment_cells, slide: slides/b.ndpi, tissue: off}]", "[a]", "must be a mapping"),
        ("needs: [left]", "needs: left", "line 9, branch 'report', needs: should be a valid list"),
        ("needs: [left]", "needs: [lefft]", "branch 'report' needs 'lefft', which is not there"),
        ("needs: [left]", "needs: [report]", "branch 'report' needs itself"),
        ("needs: [left]", "needs: [left, left]", "branch 'report' needs 'left' 2 times"),
        ("name: report", "name: left", "2 branches are named 'left'"),
        ("name: left\n", "name: left\n    needs: [report]\n", "left -> report -> left"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, message: str) -> None:
    assert old in SPEC
    assert message in _refusal(SPEC.replace(old, new, 1))


def test_a_longer_circle_is_named_without_what_leads_into_it() -> None:
    with pytest.raises(SpecUnusable, match="circle: a -> c -> b -> a: take out"):
        check_spec(_branches(free=[], tail=["a"], a=["free", "c"], b=["a"], c=["b"]))


def test_no_branches() -> None:
    assert "branches: is empty: give it at least one branch" in _refusal(
        '{"tenant": "a", "name": "b", "branches": []}'
    )


def test_too_many_jobs() -> None:
    content = _branches(a=[], b=[], c=[])
    for branch in content["branches"]:
        branch["jobs"] = branch["jobs"] * (MAX_JOBS // 2)
    with pytest.raises(SpecUnusable, match=f"1500 jobs are more than {MAX_JOBS}"):
        check_spec(content)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the spec must be a mapping with the fields tenant, name and branches"),
        ("[]", "the spec must be a mapping"),
        ("only words", "the spec must be a mapping"),
        ("a: [", "line 2: neither YAML nor JSON"),
        ("a: 1\n\tb: 2", "line 2: neither YAML nor JSON"),
        ("a: \x00", "neither YAML nor JSON"),
        ("tenant: a\ntenant: b", "line 2: 'tenant' is given twice"),
        ('{"tenant": "a", "tenant": "b"}', "'tenant' is given twice"),
        ("a: 1\n---\nb: 2", "line 2: a second document"),
        ("a: &x [1]\nb: *x", "line 2: alias *x: write its content out"),
        ("&x [*x]", "alias *x"),
        ("a: !!python/name:os.system ''", "line 1: tag"),
        ("? [a]\n: b", "line 1: a key must be a plain word"),
        ("[" * 1000, "nested more than 16 deep"),
        ("- " * 17 + "x", "line 1: nested more than 16 deep"),
        ('{"a":' * 50000, "nested more than 16 deep"),
        (b"\xff\xfe", "the spec is not UTF-8 text (byte 0)"),
        ("#" * (MAX_BYTES + 1), f"more than {MAX_BYTES}"),
    ],
)
def test_what_is_no_spec_at_all(text: str | bytes, message: str) -> None:
    assert message in _refusal(text)


def test_the_schema_describes_every_field() -> None:
    schema = WorkflowSpec.model_json_schema()
    for model in (schema, schema["$defs"]["BranchSpec"]):
        assert all("description" in field for field in model["properties"].values())
        assert model["additionalProperties"] is False


_TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=20
)
_JOBS = st.one_of(
    st.builds(TissueMaskJob, slide=_TEXT, mpp=st.none() | st.floats(1e-3, 100.0)),
    st.builds(
        SegmentCells,
        slide=_TEXT,
        tissue=st.sampled_from(["off", "auto", "null", "1e3", "yes", "~"]) | _TEXT,
        tile_size=st.sampled_from([64, 1024]),
        overlap=st.sampled_from([0, 32]),
    ),
)


@st.composite
def _specs(draw: st.DrawFn) -> WorkflowSpec:
    names = draw(st.lists(_TEXT, min_size=1, max_size=4, unique=True))
    order = draw(st.permutations(names))
    branches = []
    for place, name in enumerate(order):
        needs = draw(st.sets(st.sampled_from(order[:place]))) if place else set()
        jobs = draw(st.lists(_JOBS, min_size=1, max_size=3))
        branches.append({"name": name, "needs": sorted(needs), "jobs": jobs})
    branches = draw(st.permutations(branches))
    tenant = draw(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=63))
    return WorkflowSpec(tenant=tenant, name=draw(_TEXT), branches=branches)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(_specs())
def test_round_trips(spec: WorkflowSpec) -> None:
    assert parse_spec(to_yaml(spec)) == spec
    assert parse_spec(spec.model_dump_json()) == spec
    assert parse_spec(json.dumps(spec.model_dump(mode="json"), ensure_ascii=True)) == spec


@settings(max_examples=60, deadline=None)
@given(_specs())
def test_the_order_of_branches_obeys_their_needs(spec: WorkflowSpec) -> None:
    order = branches_in_order(spec)
    assert sorted(order) == sorted(branch.name for branch in spec.branches)
    for branch in spec.branches:
        assert all(order.index(need) < order.index(branch.name) for need in branch.needs)


def test_the_order_is_otherwise_as_written() -> None:
    assert in_order({"z": [], "y": ["x"], "x": [], "a": []}) == ["z", "x", "y", "a"]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text("{}[]:,-&*!?\"'\n ab#|>~", max_size=60)))
def test_whatever_the_text_is_it_is_refused_in_one_line(text: str | bytes) -> None:
    with pytest.raises(BadInput) as refused:
        parse_spec(text)
    assert isinstance(refused.value, SpecUnreadable | SpecUnusable)
    assert "\n" not in str(refused.value)
