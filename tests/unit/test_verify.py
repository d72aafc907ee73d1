"""The report that shows which model is loaded and that it is InstanSeg's."""

from pathlib import Path

import pytest

from slideloom.errors import ModelUnavailable
from slideloom.models import ModelStore
from slideloom.verify import verify_model
from tests.helpers.recorded import record_model
from tests.helpers.tiny_instanseg import tiny_instanseg


def test_the_report_names_model_digest_parts_and_timings(tmp_path: Path) -> None:
    file = record_model(tmp_path, tiny_instanseg())
    store = ModelStore(tmp_path, shipped=tmp_path / "none")
    report = verify_model("tiny", "cpu", store, sides_px=(128, 192))
    assert report.type_name == "InstanSeg_Torchscript"
    assert report.parts == ("fcn", "pixel_classifier")
    assert report.info.digest == file.record.sha256
    assert report.info.mpp == 0.5
    assert (report.device, report.devices[0]) == ("cpu", "cpu")
    assert report.instanseg_version == "0.1.2"
    assert report.batch_equal
    assert report.parameters > 10_000
    assert [timing.side_px for timing in report.timings] == [128, 192]
    assert [timing.objects for timing in report.timings] == [16, 36]  # one in each 32 px square
    assert all(t.network_s > 0 and t.whole_s > 0 for t in report.timings)


def test_the_oracle_and_unknown_models_cannot_be_verified(tmp_path: Path) -> None:
    store = ModelStore(tmp_path, shipped=tmp_path / "none")
    with pytest.raises(ModelUnavailable, match="stand-in"):
        verify_model("oracle", "cpu", store)
    with pytest.raises(ModelUnavailable, match="no model is called"):
        verify_model("nothing", "cpu", store)
