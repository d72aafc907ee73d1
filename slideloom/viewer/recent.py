"""What was used last, within a number of bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Recent(Generic[_Key, _Value]):
    """Values by key; those that were not used for longest go first.

    The newest stays even where it is too large alone: it is in use. For one thread.

    Args:
        most_bytes: What all may take together.
    """

    def __init__(self, most_bytes: int) -> None:
        """Empty."""
        self.most_bytes, self.nbytes = most_bytes, 0
        self._held: OrderedDict[_Key, tuple[_Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: _Key) -> _Value | None:
        """The value; None: it is not held."""
        if key not in self._held:
            return None
        self._held.move_to_end(key)
        return self._held[key][0]

    def put(self, key: _Key, value: _Value, nbytes: int) -> None:
        """Hold a value, in place of what was there."""
        self.drop(key)
        self._held[key] = value, nbytes
        self.nbytes += nbytes
        while self.nbytes > self.most_bytes and len(self._held) > 1:
            self.drop(next(iter(self._held)))

    def drop(self, key: _Key) -> None:
        """Forget a value, if it is held."""
        _, nbytes = self._held.pop(key, (None, 0))
        self.nbytes -= nbytes
