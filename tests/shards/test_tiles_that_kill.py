"""A tile on which every worker dies is found: it is a gap, or what the job fails with."""

from tests.chaos.city import City
from tests.shards.told import Told


def test_it_is_left_out_or_named_and_all_others_are_done(town: City, told: Told) -> None:
    """Both at once, as each death takes a while: one tenant's job leaves it out, another's fails."""
