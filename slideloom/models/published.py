"""The published models, as the installed InstanSeg package lists them."""

import importlib.util
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from slideloom.errors import ModelUnavailable
from slideloom.models.fetch import Limits, download
from slideloom.models.records import PublishedModel

_INDEX = Path("bioimageio_models", "model-index.json")
_ENTRIES = TypeAdapter(list[PublishedModel])
_INDEX_LIMITS = Limits(size_bytes=1 << 20, socket_s=15.0, total_s=30.0)


def published_models(index_url: str | None = None) -> list[PublishedModel]:
    """What InstanSeg publishes, in the order of its index.

    Args:
        index_url: Another index of the same form, for a mirror; None reads the package's own.

    Raises:
        ModelUnavailable: The index cannot be read, or is not one.
    """
    content = download(index_url, _INDEX_LIMITS) if index_url else _installed_index()
    try:
        return _ENTRIES.validate_json(content)
    except ValidationError as error:
        raise ModelUnavailable(
            f"the index of published models is not one ({error.error_count()} errors): "
            f"{index_url or 'reinstall instanseg-torch'}"
        ) from error


def _installed_index() -> bytes:
    """The index inside the package, found without importing it: that would import torch."""
    spec = importlib.util.find_spec("instanseg")
    places = list(spec.submodule_search_locations or []) if spec else []
    if not places:
        raise ModelUnavailable("instanseg-torch is not installed: pip install instanseg-torch")
    try:
        return (Path(places[0]) / _INDEX).read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"instanseg-torch comes without its index: {error}") from error
