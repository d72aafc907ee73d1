"""From a model's name to an engine."""

from slideloom.engines.base import Engine
from slideloom.engines.oracle import NAME as ORACLE
from slideloom.engines.oracle import OracleEngine
from slideloom.models import ModelStore


def check_model(model: str, store: ModelStore | None = None) -> None:
    """Refuse a model that cannot be loaded by name or digest; loads nothing.

    Args:
        model: As for `load_engine`.
        store: Where models are recorded; None takes the default store.

    Raises:
        ModelUnavailable: Not recorded, or changed.
    """
    if model != ORACLE:
        (store or ModelStore()).resolve(model)


def load_engine(
    model: str, device: str = "auto", threads: int = 1, store: ModelStore | None = None
) -> Engine:
    """The engine of a model; torch is imported only where the model needs it.

    Args:
        model: `oracle`, a recorded model's name, `name@version`, or a path to a recorded file.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: How many calls of `segment` may run at the same time on a CPU.
        store: Where models are recorded; None takes the default store.

    Raises:
        ModelUnavailable: Not recorded, changed, or no InstanSeg model for RGB.
        DeviceUnavailable: The device is not there.
        EngineFailed: The model's numbers are not finite.
    """
    if model == ORACLE:
        return OracleEngine()
    store = store or ModelStore()
    file = store.resolve(model)
    from slideloom.engines.instanseg import InstanSegEngine

    return InstanSegEngine(file, device, threads, note_measured=store.note_measured)
