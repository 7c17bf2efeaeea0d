"""A run that must not skip: with ``GUANJIA_TEST_NO_SKIPS=1`` a skipped test fails.

CI installs and starts everything the tests ask for; there, a skip means that a test got lost. A pytest plug-in,
registered by ``tests/conftest.py``.
"""

import os
from collections.abc import Generator

import pytest

VARIABLE = "GUANJIA_TEST_NO_SKIPS"


def _turn_into_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get(VARIABLE) != "1" or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    if "may_skip" in getattr(report, "keywords", ()):  # it measures with what only its owners have
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{VARIABLE}=1, and this was skipped. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test or its fixture skipped."""
    report = yield
    _turn_into_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole module skipped."""
    report = yield
    _turn_into_failure(report)
    return report
