"""The distribution that this package was installed from. Its name is its publisher's choice (project.name in pyproject.toml).

The entry point of the group `aristaproto` leads from the package to it, installed in place or not.
"""

from __future__ import annotations


def installed() -> tuple[str, str]:
    """Name and version of the distribution; `PackageNotFoundError` when the package is on the path and not installed."""
    from importlib.metadata import entry_points, version

    for entry in entry_points(group="aristaproto"):
        if entry.dist is not None:
            return entry.dist.name, entry.dist.version
    return "aristaproto", version("aristaproto")


def extra(name: str) -> str:
    """The command that installs what an extra needs."""
    try:
        distribution, _ = installed()
    except ImportError:
        distribution = "aristaproto"
    return f"pip install '{distribution}[{name}]'"
