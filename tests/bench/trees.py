"""Generated code: a protoc plugin and proto files go in, for each library a folder of Python modules comes out.

Called by `__main__` and by `corpus`. protoc is that of grpcio-tools, the plugins are those of the environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .dialects import LeftOut

HERE = Path(__file__).parent
OPTIONS = (
    "client_generation=sync_async,client_async_transport=grpcio,"
    "server_generation=async,server_async_transport=grpcio"
)
# The group `rpc` has both kinds of server.
SHAPES_OPTIONS = (
    "client_generation=sync_async,client_async_transport=grpcio,"
    "server_generation=async_sync,server_async_transport=grpcio"
)


def protoc(arguments: Sequence[str | Path], cwd: Path | None = None) -> None:
    """Run protoc; `LeftOut` with the end of what it said when it fails."""
    folder = Path(sys.executable).parent
    # protoc finds plugins on PATH.
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [sys.executable, "-m", "grpc_tools.protoc", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if "warning: " not in line]
        raise LeftOut(f"protoc ended with {done.returncode}: {' | '.join(said[-3:])}")


def output_arguments(name: str, out: Path, plugin: Path, options: str = OPTIONS) -> list[str]:
    """protoc's arguments that make the code of the library `name` in `out`."""
    if name == "google":
        return [f"--python_out={out}"]
    if name == "aristaproto":
        return [
            f"--plugin=protoc-gen-python_aristaproto={plugin}",
            f"--python_aristaproto_out={out}",
            f"--python_aristaproto_opt={options}",
        ]
    if name == "betterproto2":
        return [f"--python_betterproto2_out={out}"]
    if name == "protobuf-py":
        return [f"--py_out={out}"]
    raise ValueError(f"no library is called {name!r}")


def fresh(folder: Path) -> Path:
    """The folder, made, empty."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def generate(name: str, work: Path, plugin: Path) -> Path:
    """The folder to put on sys.path for the library's code of shapes.proto. `LeftOut` when it cannot be made."""
    folder = fresh(work / "trees" / name)
    out = folder
    protos = ["shapes.proto"]
    if name in ("aristaproto", "betterproto2"):
        # Their trees are packages; google/protobuf below sys.path would hide google's own.
        out = folder / f"tree_{name}"
        out.mkdir()
        protos.append("google/protobuf/descriptor.proto")
    arguments = [f"--proto_path={HERE}", *output_arguments(name, out, plugin, SHAPES_OPTIONS)]
    if name == "google":
        arguments.append(f"--grpc_python_out={out}")
    try:
        protoc([*arguments, *protos])
    except LeftOut as error:
        raise LeftOut(f"{name}: its code cannot be generated: {error}") from error
    return folder


def descriptor_set(protos: Path, work: Path) -> bytes:
    """The proto files below `protos`/google/protobuf as a serialised FileDescriptorSet.

    Those for protobuf's own tests are left out: protocs of other versions refuse some of them.
    """
    files = sorted(
        path.relative_to(protos).as_posix()
        for path in (protos / "google" / "protobuf").rglob("*.proto")
        if "unittest" not in path.name and path.parent.name in ("protobuf", "compiler")
    )
    if not files:
        raise SystemExit(f"no proto file is below {protos / 'google' / 'protobuf'}")
    out = work / "descriptors.binpb"
    protoc([f"--proto_path={protos}", "--include_imports", f"--descriptor_set_out={out}", *files])
    return out.read_bytes()
