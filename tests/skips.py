"""In CI a test is skipped for what its machine is known to lack, and for nothing else."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

MAY_LACK = ("disk", "gpu", "schemas")
"""The markers of what .ci/run cannot install."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not any(map(item.get_closest_marker, MAY_LACK)):
        reason = report.longrepr[-1].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else "xfail"
        report.outcome = "failed"
        report.longrepr = f"nothing is skipped in CI but what is marked {' or '.join(MAY_LACK)}: {reason}"
    return report
