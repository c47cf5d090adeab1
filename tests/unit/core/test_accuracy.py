"""What is said of an estimate once the truth is known."""

import pytest

from shared.core.accuracy import Verdict, relative_error, verdict
from shared.core.estimate import Estimate


def foretold(seconds: float) -> Estimate:
    return Estimate(p50_s=seconds, p90_s=2 * seconds, denoise_s=seconds)


@pytest.mark.parametrize(
    ("said", "was", "expected"),
    [
        (400, 350, Verdict.TRUE_LONG),
        (400, 300, Verdict.FALSE_LONG),
        (300, 200, Verdict.TRUE_SHORT),
        (300, 301, Verdict.FALSE_SHORT),
    ],
)
def test_long_is_what_takes_longer_than_the_threshold(said, was, expected):
    assert expected is verdict(foretold(said), was, 300)


@pytest.mark.parametrize(("said", "was", "error"), [(100, 100, 0), (50, 100, 0.5), (300, 100, 2), (5, 0, 0)])
def test_the_error_is_a_share_of_the_truth(said, was, error):
    assert error == relative_error(foretold(said), was)
