"""Settings of all Python tests."""

from __future__ import annotations

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
