"""The store that bench/ fills by itself is as if the API had filled it."""

from bench.stored import fill
from tests.stores import LEASE, redis_stores


def test_what_is_filled_in_is_what_was_created(redis_url):
    ids = fill(redis_url, "ada", 60)
    with redis_stores(redis_url) as stores:
        assert ids == [job.id for job in stores.jobs.page("ada", limit=100, ascending=True).jobs]
        assert 59 == stores.jobs.standing(ids[-1]).position
        assert (60, 0) == (stores.jobs.depth().waiting, stores.jobs.depth().running)
        created = stores.add()
        assert 60 == stores.jobs.standing(created.id).position
        taken = stores.jobs.claim("a", LEASE)
        assert taken is not None
        assert ids[0] == taken.id
