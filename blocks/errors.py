"""What blocks refuse."""

from slideloom.errors import BadInput


class TenantUnknown(BadInput):
    """No tenant of this id has been added."""


class SlideOutside(BadInput):
    """The slide does not lie in its tenant's slide folder."""


class BlockUnusable(BadInput):
    """A block holds something that cannot be used; the message names block and field."""


class KeyUnknown(BadInput):
    """No key of this id has been made."""


class KeyEnded(BadInput):
    """The key has expired or is revoked."""
