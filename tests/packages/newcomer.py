"""Does what the guide says to the letter, outside of the checkout: with the packaged crates and a wheel, and nothing else of this
project. `docs/guide/start.md` whole, and in its crate the programs of the pages about messages and services; of the pages about build
scripts and the macro, what one has to add to a crate.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.python.docs.blocks import ROOT, Block, read_page

GUIDE = ROOT / "docs/guide"
PAGE = GUIDE / "start.md"
LIMIT = 600
"""Seconds for the commands of one block."""


def named(page: list[str], block: Block) -> str:
    """The file that a block is: the paragraph above it begins with its path."""
    # What is above the fence.
    above = block.line - 3
    while not page[above].strip() or page[above].startswith("<!--"):
        above -= 1
    while page[above - 1].strip():
        above -= 1
    found = re.match(r"`([\w./-]+)`", page[above])
    assert found is not None, f"{block.place} is of no file: {page[above]}"
    return found[1]


def run(script: str, folder: Path, environment: dict[str, str], place: str) -> tuple[str, Path]:
    """What the commands print, and the folder that they end in."""
    with tempfile.TemporaryDirectory() as scratch:
        ends = Path(scratch) / "folder"
        done = subprocess.run(
            ["bash", "-ec", f'{script}\npwd > "{ends}"'],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"{place} ended with {done.returncode}\n{script}\n{done.stdout}")
        return done.stdout, Path(ends.read_text(encoding="utf-8").strip())


def commands(block: Block) -> str:
    """The lines behind a prompt, and those that they go on in."""
    lines = block.code.splitlines()
    assert lines[0].startswith("$ "), block.place
    return "\n".join(line.removeprefix("$ ") for line in lines)


def follow(cargo_config: str, wheels: Path, target: Path) -> None:
    """Take the pages from the first block to the last; `target` keeps what cargo compiles."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ARISTAPROTO", "CARGO", "PYTHON"))
    }
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CARGO_TARGET_DIR": str(target),
        "PIP_FIND_LINKS": str(wheels),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        # gRPC Core logs a connection that the server closes before the client on standard error, which is compared, too.
        "GRPC_VERBOSITY": "NONE",
    }
    with tempfile.TemporaryDirectory() as outside:
        folder = Path(outside)
        (folder / ".cargo").mkdir()
        (folder / ".cargo/config.toml").write_text(cargo_config, encoding="utf-8")
        crate = start(folder, environment)
        run_messages(crate, environment)
        run_services(crate, environment)
        add_rust_types(crate, environment)
        use_the_macro(folder, crate / "proto", environment)


def start(folder: Path, environment: dict[str, str]) -> Path:
    """The first page; gives the crate that it made."""
    page = PAGE.read_text(encoding="utf-8").splitlines()
    ran = 0
    for block in read_page(PAGE).blocks:
        if block.language == "console":
            printed, folder = run(commands(block), folder, environment, block.place)
            assert printed.endswith(block.output), (block.place, printed)
            ran += 1
            continue
        path = folder / named(page, block)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.code, encoding="utf-8")
        if block.output:
            script = f".venv/bin/python -W error {path}"
            printed, _ = run(script, folder, environment, block.place)
            assert printed == block.output, (block.place, printed)
    assert ran >= 4, f"only {ran} blocks of {PAGE} are commands"
    return folder


def run_program(
    crate: Path, code: str, output: str, environment: dict[str, str], place: str
) -> None:
    (crate / "python/program.py").write_text(code, encoding="utf-8")
    script = ".venv/bin/python -W error python/program.py"
    printed, _ = run(script, crate, environment, place)
    assert printed == output, (place, printed)


def run_messages(crate: Path, environment: dict[str, str]) -> None:
    """The pages that are one program each, on the .proto file of the first."""
    proto = read_page(GUIDE / "messages.md").blocks[0]
    assert proto.language == "proto", proto.place
    (crate / "proto/shop.proto").write_text(proto.code, encoding="utf-8")
    script = (crate / "build.rs").read_text(encoding="utf-8")
    named = '["proto/example.proto"]'
    assert named in script
    (crate / "build.rs").write_text(script.replace(named, '["proto"]'), encoding="utf-8")
    run("cargo build", crate, environment, proto.place)
    for name in ("messages", "json-and-text", "errors-and-limits", "moving"):
        blocks = [
            block
            for block in read_page(GUIDE / f"{name}.md").blocks
            if block.language == "python" and not block.directives
        ]
        assert blocks, name
        code = "".join(block.code for block in blocks)
        output = "".join(block.output for block in blocks)
        run_program(crate, code, output, environment, name)


def run_services(crate: Path, environment: dict[str, str]) -> None:
    """The programs about services, each kind on what the build script generates with the changes that the guide shows."""
    script = (crate / "build.rs").read_text(encoding="utf-8")
    changes = [it for it in read_page(GUIDE / "servers.md").blocks if it.language == "rust,ignore"]
    threads, grpclib = changes
    install = ".venv/bin/pip install 'aristaproto[grpclib]>=2' trustme"
    run(install, crate, environment, "packages of the recipes")
    for tree, change in (("grpcio", None), ("no_default", threads), ("grpclib", grpclib)):
        changed = script
        for setter in change.code.splitlines() if change else ():
            name = setter.partition("(")[0]
            changed, count = re.subn(
                rf"{re.escape(name)}\(.*\)$", setter, changed, flags=re.MULTILINE
            )
            assert count == 1, setter
        (crate / "build.rs").write_text(changed, encoding="utf-8")
        run("cargo build", crate, environment, change.place if change else tree)
        pages = (
            "servers",
            "calls",
            "testing",
            "errors-with-details",
            "reflection-and-health",
            "grpc-recipes",
        )
        blocks = [
            block
            for page in pages
            for block in read_page(GUIDE / f"{page}.md").blocks
            if block.directives.get("lib") == tree
        ]
        assert blocks, tree
        for block in blocks:
            run_program(crate, block.code, block.output, environment, block.place)


def add_rust_types(crate: Path, environment: dict[str, str]) -> None:
    """The build script of the page about them, with what it stands on."""
    script, added, include, *_ = read_page(GUIDE / "build-scripts.md").blocks
    run(commands(added), crate, environment, added.place)
    (crate / "build.rs").write_text(script.code, encoding="utf-8")
    (crate / "src/main.rs").write_text(
        f"mod example {{{include.code}}}\n"
        'fn main() { println!("{:?}", example::Request { name: "hello".to_owned() }); }\n',
        encoding="utf-8",
    )
    printed, _ = run("cargo run --quiet", crate, environment, script.place)
    assert printed.endswith('Request { name: "hello" }\n'), printed


def use_the_macro(folder: Path, protos: Path, environment: dict[str, str]) -> None:
    """The macro, in a crate of its own; the program says what it unpacked."""
    added, use, unpack, *_ = read_page(GUIDE / "macro.md").blocks
    run("cargo new --quiet unpacking", folder, environment, added.place)
    crate = folder / "unpacking"
    shutil.copytree(protos, crate / "proto")
    run(f"{commands(added)}\ncargo add tempfile", crate, environment, added.place)
    (crate / "src/main.rs").write_text(
        f"use std::fs;\n{use.code}"
        "fn main() -> Result<(), Box<dyn std::error::Error>> {\n"
        f"let folder = tempfile::tempdir()?;\n{unpack.code}"
        'assert!(folder.path().join("lib/example/__init__.py").is_file());\n'
        'println!("unpacked");\nOk(())\n}\n',
        encoding="utf-8",
    )
    printed, _ = run("cargo run --quiet", crate, environment, use.place)
    assert printed.endswith("unpacked\n"), printed
