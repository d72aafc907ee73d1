"""How sockets are closed, and what that means."""

from enum import Enum


class Closing(Enum):
    """A close code with its reason."""

    NOT_ASKED = 1008, "nothing is to be sent here"
    TOO_SLOW = 1013, "what was sent is not being read: come again later"
    KEY_ENDED = 4401, "the key has ended: sign in again"
    GONE = 4404, "it has been deleted"

    @property
    def code(self) -> int:
        """For programs."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """For people; at most 123 bytes."""
        return self.value[1]
