"""`prefect.yaml`: Prefect accepts it, nothing in it is misspelt, and every entry point loads."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prefect.cli.deploy._models import DeploymentConfig, PrefectYamlModel
from prefect.flows import Flow, load_flow_from_entrypoint
from pydantic import ValidationError

from deployments.register.written import Written, find_file, written_deployments
from runs import names

_POOLS = {
    names.RUN_WORKFLOW: names.CONTROL,
    names.SEGMENT_JOB: names.JOBS,
    names.TISSUE_JOB: names.JOBS,
    names.SHARD: names.GPU,
    names.SUBMIT_INBOX: names.CONTROL,
    names.REAPER: names.CONTROL,
}
_BY_NAME = {f"{one.entrypoint.rsplit('.')[-1]}/{one.name}": one for one in written_deployments()}


def test_it_is_the_file_at_the_root() -> None:
    root = Path(__file__).parents[2]
    assert find_file() == root / "prefect.yaml"


def test_prefects_own_models_read_the_same() -> None:
    content = yaml.safe_load(find_file().read_text())
    read = PrefectYamlModel.model_validate(content)
    assert read.build == read.push == read.pull == []
    for theirs, ours in zip(read.deployments, written_deployments(), strict=True):
        assert theirs.name == ours.name
        assert theirs.entrypoint == ours.entrypoint
        assert theirs.tags == ours.tags
        assert theirs.description == ours.description
        assert theirs.work_pool is not None
        assert theirs.work_pool.name == ours.work_pool.name
        assert len(theirs.schedules or []) == len(ours.schedules)


def test_prefect_knows_every_word() -> None:
    """It reads over words that it does not know."""
    content = yaml.safe_load(find_file().read_text())
    for deployment in content["deployments"]:
        assert set(deployment) <= set(DeploymentConfig.model_fields)
    assert set(content) - set(PrefectYamlModel.model_fields) == {"definitions"}


def test_a_misspelt_word_is_refused() -> None:
    with pytest.raises(ValidationError, match="schedule_s"):
        Written.model_validate(
            {
                "name": "job",
                "entrypoint": "flows.x.x",
                "description": "",
                "tags": [],
                "work_pool": {"name": "jobs"},
                "schedule_s": [],
            }
        )


def test_the_deployments_are_the_agreed_ones() -> None:
    assert {name: one.work_pool.name for name, one in _BY_NAME.items()} == _POOLS
    public = {name for name, one in _BY_NAME.items() if "public" in one.tags}
    assert public == {names.RUN_WORKFLOW}
    assert all(one.tags[0] == "slideloom" and len(one.tags) == 2 for one in _BY_NAME.values())


def test_only_the_inbox_has_a_schedule_and_it_is_off() -> None:
    assert [name for name, one in _BY_NAME.items() if one.schedules] == [names.SUBMIT_INBOX]
    (every,) = _BY_NAME[names.SUBMIT_INBOX].schedules
    assert (every.interval, every.active) == (60, False)


@pytest.mark.parametrize("name", list(_POOLS))
def test_every_entry_point_loads(name: str) -> None:
    written = _BY_NAME[name]
    flow = load_flow_from_entrypoint(written.entrypoint, use_placeholder_flow=False)
    assert isinstance(flow, Flow)
    assert f"{flow.name}/{written.name}" == name
    assert flow.retries == 0


def test_entry_points_load_in_any_folder_and_only_once(tmp_path: Path) -> None:
    """A path of a file would be loaded a second time, under another name."""
    code = (
        "import sys\n"
        "from prefect.flows import load_flow_from_entrypoint as load\n"
        "flow = load('flows.tissue_mask.tissue_mask', use_placeholder_flow=False)\n"
        "from flows.tissue_mask import tissue_mask\n"
        "assert flow is tissue_mask\n"
        "assert 'tissue_mask' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
