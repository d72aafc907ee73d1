"""What the record of the shipped model tells its user, and that the training writes it so."""

import json
from pathlib import Path

import pytest

from slideloom.models import SHIPPED_MODEL, ModelFile, ModelStore
from slideloom.verify import verify_model

LICENCE = "Apache-2.0"
SOURCE = "trained by training/train_nuclei_small.py on CC0 data"


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """A store to which nothing was added."""
    return ModelStore(tmp_path)


@pytest.fixture
def file(store: ModelStore) -> ModelFile:
    return store.resolve(SHIPPED_MODEL)


def test_the_list_of_models_states_the_licence(store: ModelStore) -> None:
    (record,) = store.list().shipped
    assert (record.name, record.licence, record.source) == (SHIPPED_MODEL, LICENCE, SOURCE)


def test_the_report_of_verify_states_source_and_licence(store: ModelStore) -> None:
    report = verify_model(SHIPPED_MODEL, "cpu", store, sides_px=(128,))
    assert (report.licence, report.source) == (LICENCE, SOURCE)


def test_the_training_writes_the_same(file: ModelFile) -> None:
    stated = pytest.importorskip("training.describe").STATED
    content = json.loads(file.path.with_name("model.json").read_text(encoding="utf-8"))
    assert stated == {field: content[field] for field in ("licence", "licence_data", "source")}
    assert stated == {"licence": LICENCE, "licence_data": "CC0-1.0", "source": SOURCE}
