"""Settings of all Python tests."""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings

# Machines that run tests in parallel make single examples slow; that is no failure of the code.
settings.register_profile(
    "aristaproto",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Neither a database in the repository nor examples that differ from run to run.
    database=None,
    derandomize=True,
)
settings.load_profile("aristaproto")


def pytest_collection_finish() -> None:
    """Leave what the tests need to the end out of each collection: many of them collect, over a hundred thousand objects."""
    gc.collect()
    gc.freeze()
