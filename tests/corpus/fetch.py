"""The packages whose .proto files make up the corpus: fetched with their registries' clients, checked, unpacked.

In: a cache folder, which survives a new clone when it is elsewhere. Out: for each source a folder of .proto files and their
names. Called by `__main__`.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Missing(Exception):
    """What the machine lacks for a source, or what a registry did not give."""


@dataclass(frozen=True)
class Archive:
    """A package in a registry."""

    client: str
    """npm, pip or cargo"""
    name: str
    version: str
    file: str
    """Its name in the cache."""
    digest: str
    """`sha256-` or `sha512-`, then base64."""


@dataclass(frozen=True)
class Source:
    """A set of .proto files that see each other."""

    name: str
    about: str
    archive: Archive | None
    roots: Sequence[str]
    """Folders of the archive that are laid over each other."""
    leave_out: Sequence[str] = ()
    """Beginnings of names of files that are no part of it."""
    only: Sequence[str] = ("",)
    """Beginnings of names of files that are."""
    options: str = ""
    """For the plugin."""
    not_protox: str = ""
    """Why protox cannot read it, if it cannot."""


GRPCIO = (
    "client_generation=sync_async,client_async_transport=grpcio,"
    "server_generation=async,server_async_transport=grpcio"
)
GRPCLIB = "client_generation=async_sync,server_generation=async"

PROTOBUF = Archive(
    "cargo",
    "protobuf-src",
    "2.1.1+27.1",
    "protobuf-src-2.1.1+27.1.crate",
    "sha256-YhfDUE2hm4WjpLLppRg9Y1gi2DUHugmGYktcBbg7/EA=",
)


def _suite(
    language: str,
    roots: Sequence[str],
    only: Sequence[str] = ("",),
    leave_out: Sequence[str] = (),
    not_protox: str = "",
) -> Source:
    """The .proto files that protobuf's tests for a language bring. Those of C++ are the unittest tree of `cargo xtask test`."""
    about = f"protobuf's tests for {language}"
    roots = [f"protobuf/{root}" for root in roots]
    return Source(
        f"protobuf_{language}", about, PROTOBUF, roots, leave_out, only, GRPCLIB, not_protox
    )


SOURCES = (
    Source(
        "googleapis",
        "everything that Google publishes",
        Archive(
            "npm",
            "google-proto-files",
            "5.0.3",
            "google-proto-files-5.0.3.tgz",
            "sha512-HrKG4IIPUHaU1E4+J8yETm41N39+pm9z+ZBERNcq+q8ltHRcFwTcxSviqJSuxPiZJNTWmdBhp03xcElCRlQPxA==",
        ),
        ["package"],
        # The well-known types come with the engine.
        ["google/protobuf/"],
        options=GRPCIO,
    ),
    Source(
        "common_protos",
        "googleapis-common-protos",
        Archive(
            "pip",
            "googleapis-common-protos",
            "1.76.0",
            "googleapis_common_protos-1.76.0-py3-none-any.whl",
            "sha256-WeEzRKnzZRqiAaA+K+6BWjv0OkuvH5/4qbYqhAziX6w=",
        ),
        ["."],
        options=GRPCLIB,
    ),
    Source(
        "grpcio_tools",
        "the files that grpcio-tools brings",
        None,
        ["_proto"],
        options=GRPCLIB,
        not_protox="protox has no options for an extension range of one number",
    ),
    Source(
        "opentelemetry",
        "OpenTelemetry",
        Archive(
            "cargo",
            "opentelemetry-proto",
            "0.33.1",
            "opentelemetry-proto-0.33.1.crate",
            "sha256-1Xb13dwymTQbzYWgS+F7JWSETAyVYyFPAthfJSTRr64=",
        ),
        ["src/proto/opentelemetry-proto"],
        options=GRPCLIB,
    ),
    Source(
        "kubernetes",
        "the API of Kubernetes 1.35",
        Archive(
            "cargo",
            "k8s-rs-pb",
            "0.5.0",
            "k8s-rs-pb-0.5.0.crate",
            "sha256-RkHYERWRSxwL8zcICwos8mUyB+iBQO5dd8/6jFidYKA=",
        ),
        ["src/v1_35"],
        options=GRPCLIB,
    ),
    Source(
        "kubernetes_cri",
        "Kubernetes' container runtime interface",
        Archive(
            "cargo",
            "k8s-cri",
            "0.11.0",
            "k8s-cri-0.11.0.crate",
            "sha256-ODNvpbiviUvFEtCdyubczzUXxseetk69d6S0q0nZ1H4=",
        ),
        ["proto"],
        options=GRPCIO,
    ),
    Source(
        "envoy",
        "Envoy and xDS",
        Archive(
            "cargo",
            "envoy-types",
            "0.7.7",
            "envoy-types-0.7.7.crate",
            "sha256-4f3T+n6DR4ct1dboYmRBWJ8P2H1/zzADpMyiED7MOcA=",
        ),
        [
            "proto/cel-spec/proto",
            "proto/client_model",
            "proto/data-plane-api",
            "proto/googleapis",
            "proto/opentelemetry-proto",
            "proto/protoc-gen-validate",
            "proto/ratelimit",
            "proto/xds",
        ],
        options=GRPCLIB,
        not_protox="protox looks for `config.core.v3.A` in `envoy.extensions.config`, which is not imported",
    ),
    _suite(
        "java",
        ["java/core/src/test/proto", "java/core/src/main/resources"],
        leave_out=[
            # They import google/protobuf/unittest.proto, which the protoc of grpcio-tools, a newer one, refuses.
            f"com/google/protobuf/{name}.proto"
            for name in (
                "cached_field_size_test",
                "field_presence_test",
                "multiple_files_test",
                "test_custom_options",
            )
        ],
        not_protox="protox knows no editions",
    ),
    _suite(
        "objectivec",
        [""],
        ["objectivec/Tests/"],
        # As above.
        [
            f"objectivec/Tests/{start}"
            for start in (
                "map_unittest",
                "unittest.",
                "unittest_extension_chain_",
                "unittest_objc.",
            )
        ],
    ),
    _suite(
        "csharp",
        [""],
        ["csharp/protos/"],
        # The JSON name of one field is the name of another, which google.protobuf refuses.
        ["csharp/protos/unittest_issues.proto"],
        not_protox="protox does not read options in the declaration of their own type",
    ),
    _suite(
        "python",
        ["python"],
        not_protox="protox does not look into files that are imported publicly by public imports",
    ),
    _suite("php", ["php/tests"]),
    _suite("ruby", ["ruby/tests"], not_protox="protox knows no editions"),
)


def protos(source: Source, cache: Path, work: Path) -> tuple[Path, list[str]]:
    """The folder of the source's files and the names of those to generate. `Missing` when it cannot be had."""
    folder = work / "protos" / source.name
    stamp = folder.with_suffix(".txt")
    wanted = f"{source}\n"
    if not (stamp.exists() and stamp.read_text() == wanted and folder.exists()):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        unpacked = work / "unpacked" / source.name
        top = _unpack(source, cache, unpacked)
        folder.mkdir(parents=True)
        for root in source.roots:
            for path in sorted((top / root).rglob("*.proto")):
                to = folder / path.relative_to(top / root)
                name = to.relative_to(folder).as_posix()
                is_part = name.startswith(tuple(source.only))
                if is_part and not to.exists() and not name.startswith(tuple(source.leave_out)):
                    to.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, to)
        shutil.rmtree(unpacked, ignore_errors=True)
        stamp.write_text(wanted)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.proto"))
    if not names:
        raise Missing(f"{source.name} holds no .proto file")
    return folder, names


def _unpack(source: Source, cache: Path, to: Path) -> Path:
    """The archive's folder, unpacked; a source without an archive is installed with the checkers."""
    if source.archive is None:
        grpc_tools: Any = importlib.import_module("grpc_tools")
        return Path(next(iter(grpc_tools.__path__)))
    archive = cache / source.archive.file
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _FETCH[source.archive.client](source.archive, cache)
    _check(source.archive, archive)
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(to)
        return to
    with tarfile.open(archive) as tar:
        tar.extractall(to, filter="data")
    # A crate has one folder, named like itself.
    return next(to.iterdir()) if source.archive.client == "cargo" else to


def _check(archive: Archive, path: Path) -> None:
    kind, _, wanted = archive.digest.partition("-")
    found = base64.b64encode(hashlib.new(kind, path.read_bytes()).digest()).decode()
    if found != wanted:
        raise Missing(
            f"{path} is not {archive.name} {archive.version}: its {kind} is {found}; remove it"
        )


def _npm(archive: Archive, cache: Path) -> None:
    _run("npm", ["pack", "--silent", f"{archive.name}@{archive.version}"], cache)


def _pip(archive: Archive, cache: Path) -> None:
    wanted = f"{archive.name}=={archive.version}"
    arguments = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", wanted]
    _run(sys.executable, arguments, cache)


def _cargo(archive: Archive, cache: Path) -> None:
    """cargo downloads into its own cache, from where the archive is copied."""
    _run(os.environ.get("CARGO", "cargo"), ["info", f"{archive.name}@{archive.version}"], cache)
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    for path in (home / "registry" / "cache").glob(f"*/{archive.file}"):
        shutil.copyfile(path, cache / archive.file)
        return
    raise Missing(f"cargo did not leave {archive.file} below {home}")


_FETCH = {"npm": _npm, "pip": _pip, "cargo": _cargo}


def _run(program: str, arguments: Iterable[str], folder: Path) -> None:
    found = shutil.which(program)
    if found is None:
        raise Missing(f"{program} is not installed")
    done = subprocess.run(
        [found, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Missing(f"{program} {' '.join(arguments)} failed: {done.stderr.strip()[-300:]}")
