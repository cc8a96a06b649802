"""Wheels, the source distribution and installations in place, made by the front ends that people use."""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from users import PROGRAMS, WAYS_OUT, Machine, names, run, said, told

BARE = str(PROGRAMS)
"""PATH without cargo: only the programs of this environment."""


def metadata(wheel: Path) -> set[str]:
    """What a wheel says of the package, without the versions of the formats."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        head, _, _ = archive.read(name).decode().partition("\n\n")
    kept = (
        "Name:",
        "Version:",
        "Summary:",
        "License-",
        "Requires-Python:",
        "Provides-",
    )
    return {line for line in head.splitlines() if line.startswith(kept)}


def test_both_wheels_have_the_same_files(machine: Machine, native: Path, plain: Path) -> None:
    extension = {name for name in names(native) if name.startswith("aristaproto/_native.")}
    assert len(extension) == 2, extension
    assert names(native) - extension == names(plain)
    assert metadata(native) == metadata(plain)
    assert plain.name.endswith("-py3-none-any.whl")
    assert "none-any" not in native.name
    for wheel in (native, plain):
        with zipfile.ZipFile(wheel) as archive:
            licences = [name for name in archive.namelist() if "/licenses/LICENSE-" in name]
        assert len(licences) == 2, licences


def test_both_wheels_install_and_say_what_they_are(
    machine: Machine, native: Path, plain: Path
) -> None:
    for wheel, word in ((native, "native"), (plain, "python")):
        python = machine.environment(f"venv-{word}")
        done = run(python, "-m", "pip", "install", "--no-index", wheel)
        assert done.returncode == 0, said(done)
        codec, warning = told(python)
        assert codec == word
        assert ("RuntimeWarning: " in warning) == (word == "python"), warning
        forced = run(python, "-c", "import aristaproto", ARISTAPROTO_IMPLEMENTATION="native")
        assert (forced.returncode == 0) == (word == "native"), said(forced)


def test_the_distribution_s_name_is_a_setting(machine: Machine) -> None:
    renamed = machine.work / "renamed"
    shutil.rmtree(renamed, ignore_errors=True)
    shutil.copytree(machine.alone, renamed)
    settings = renamed / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    assert text.count('\nname = "aristaproto"\n') == 1
    settings.write_text(
        text.replace('\nname = "aristaproto"\n', '\nname = "acme-proto"\n'), encoding="utf-8"
    )
    python = machine.environment("venv-renamed")
    wheel, _ = machine.wheel(renamed, "renamed-wheel", ARISTAPROTO_BUILD="python")
    install = (python, "-m", "pip", "install", "--no-index", "--no-build-isolation")
    for installed in ((wheel,), ("-e", renamed)):
        if installed[0] == "-e":
            run(python, "-m", "pip", "uninstall", "--yes", "acme-proto")
            fetched = run(python, "-m", "pip", "install", "hatchling")
            assert fetched.returncode == 0, said(fetched)
        done = run(*install, *installed, ARISTAPROTO_BUILD="python")
        assert done.returncode == 0, said(done)
        program = "import aristaproto; aristaproto.check_compiler_version(aristaproto.__version__)"
        shown = run(python, "-I", "-c", program)
        assert shown.returncode == 0, said(shown)
        for missing in ("grpcio", "grpclib"):
            refused = run(python, "-I", "-c", f"import aristaproto.{missing}")
            assert f"pip install 'acme-proto[{missing}]'" in refused.stderr, said(refused)


def test_the_source_distribution_builds_the_same(
    machine: Machine, sdist: Path, native: Path
) -> None:
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE-APACHE", "LICENSE-MIT", "PKG-INFO", "pyproject.toml"} <= inside
    assert not any("fuzz" in name for name in inside)
    wheel, _ = machine.wheel(sdist, "from-sdist", ARISTAPROTO_BUILD="native")
    assert names(wheel) == names(native)


@pytest.mark.parametrize("asked", ["", "native"])
def test_without_cargo_the_build_says_the_ways_out(machine: Machine, asked: str) -> None:
    done = machine.pip_wheel(
        machine.alone, machine.work / "none", ARISTAPROTO_BUILD=asked, PATH=BARE
    )
    assert done.returncode != 0
    assert "the codec in Rust cannot be built: cargo is not on PATH" in said(done)
    assert all(way in said(done) for way in WAYS_OUT), said(done)


def test_the_compiler_s_error_is_in_the_text(machine: Machine, native: Path) -> None:
    broken = machine.work / "broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(machine.alone, broken)
    with (broken / "src" / "lib.rs").open("a", encoding="utf-8") as file:
        file.write("\nfn broken() -> u8 { not_a_name }\n")
    done = machine.pip_wheel(broken, machine.work / "none")
    assert done.returncode != 0
    text = said(done).partition("the codec in Rust cannot be built: ")[2]
    assert "cannot find value `not_a_name` in this scope" in text, said(done)
    assert all(way in text for way in WAYS_OUT), text


def test_pip_in_place_without_cargo(machine: Machine) -> None:
    python = machine.environment("venv-editable")
    # With isolation: pip fetches the builder.
    install = (python, "-m", "pip", "install", "-e", machine.alone)
    refused = run(*install, PATH=BARE)
    assert refused.returncode != 0
    assert all(way in said(refused) for way in WAYS_OUT), said(refused)
    done = run(*install, PATH=BARE, ARISTAPROTO_BUILD="python")
    assert done.returncode == 0, said(done)
    shown = run(python, "-I", "-c", "import aristaproto; print(aristaproto.__file__)")
    assert Path(shown.stdout.strip()).is_relative_to(machine.alone), said(shown)
    assert "RuntimeWarning: " in shown.stderr


def test_build_with_isolation(machine: Machine) -> None:
    """`python -m build`, which is what `pipx run build` runs: first the source distribution, then a wheel of it."""
    out = machine.work / "build"
    shutil.rmtree(out, ignore_errors=True)
    done = run(
        *(sys.executable, "-m", "build", "--outdir", out, machine.alone),
        ARISTAPROTO_BUILD="native",
        **machine.cargo,
    )
    assert done.returncode == 0, said(done)
    suffixes = sorted(file.suffix for file in out.iterdir())
    assert suffixes == [".gz", ".whl"]
    assert not any("none-any" in file.name for file in out.iterdir())


def test_uv_in_place_and_in_a_project(machine: Machine) -> None:
    python = machine.environment("venv-uv")
    editable = ("uv", "pip", "install", "--python", python, "-e", machine.alone)
    done = run(*editable, **machine.cargo)
    assert done.returncode == 0, said(done)
    shown = run(python, "-I", "-c", "import aristaproto; print(aristaproto.implementation())")
    assert (shown.stdout, shown.stderr) == ("native\n", "")
    for built in (machine.alone / "python" / "aristaproto").glob("_native.*.so"):
        built.unlink()

    project = machine.work / "project"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "project"\nversion = "0"\nrequires-python = ">=3.10"\n'
        'dependencies = ["aristaproto"]\n'
        f'[tool.uv.sources]\naristaproto = {{ path = "{machine.alone.as_posix()}" }}\n'
    )
    cache = {"UV_CACHE_DIR": str(machine.work / "uv-cache"), "CWD": str(project)}
    shutil.rmtree(cache["UV_CACHE_DIR"], ignore_errors=True)
    sync = ("uv", "sync", "--python", sys.executable)
    tell = (
        "uv",
        "run",
        "--no-sync",
        "python",
        "-c",
        "import aristaproto; print(aristaproto.implementation())",
    )
    # The plain package was asked for first: what uv keeps of that must not be what it installs then.
    for asked, word in (("python", "python"), ("native", "native")):
        done = run(*sync, ARISTAPROTO_BUILD=asked, **machine.cargo, **cache)
        assert done.returncode == 0, said(done)
        shown = run(*tell, **cache)
        assert shown.stdout == f"{word}\n", said(done) + said(shown)


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_what_a_cache_kept_does_not_stand_in_silently(
    installer: str, machine: Machine, sdist: Path
) -> None:
    """pip and uv look into their caches before any code of ours runs: the package itself must tell."""
    python = machine.environment(f"venv-cache-{installer}")
    cache = machine.work / f"{installer}-cache"
    shutil.rmtree(cache, ignore_errors=True)
    name = sdist.name.partition("-")[0]
    found = ("--no-index", "--find-links", sdist.parent, "--no-build-isolation", name)
    caches = {"PIP_CACHE_DIR": str(cache), "UV_CACHE_DIR": str(cache), **machine.cargo}
    builders = run(
        python, "-m", "pip", "install", "--disable-pip-version-check", "hatchling", "maturin"
    )
    assert builders.returncode == 0, said(builders)
    if installer == "pip":
        install = (python, "-m", "pip", "install", "--force-reinstall", *found)
        afresh = (*install, "--no-cache-dir")
    else:
        install = ("uv", "pip", "install", "--python", python, "--reinstall", *found)
        afresh = (*install, "--no-cache")
    done = run(*install, **caches, ARISTAPROTO_BUILD="python")
    assert done.returncode == 0, said(done)
    done = run(*install, **caches, ARISTAPROTO_BUILD="native")
    assert done.returncode == 0, said(done)
    codec, warning = told(python)
    if codec == "python":
        assert "RuntimeWarning: " in warning
        assert "--no-cache" in warning
        forced = run(python, "-c", "import aristaproto", ARISTAPROTO_IMPLEMENTATION="native")
        assert "but this installation has none" in forced.stderr
    # What the warning says helps.
    done = run(*afresh, **caches, ARISTAPROTO_BUILD="native")
    assert done.returncode == 0, said(done)
    assert told(python) == ("native", "")
