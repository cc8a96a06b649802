"""Packages the crates as for crates.io, and builds projects from the packages alone: `cargo xtask test packages`.

The registry is a folder: the sources of all dependencies, as `cargo vendor` lays them out, and the packages beside them. One
project uses each way to generate; the other is that of the guide, with a wheel of the runtime, see `newcomer`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.packages import newcomer
from tests.wheels.users import ROOT, RUNTIME, Machine

CARGO_HOME = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo").resolve()
CRATES = (
    "aristaproto-build",
    "aristaproto-classes",
    "aristaproto-macros",
    "aristaproto-pyo3",
    "aristaproto-runtime",
)
# The default front end would compile protoc, for minutes.
FEATURES = (
    *("--no-default-features", "--features"),
    "aristaproto-build/protox,aristaproto-build/pyo3,aristaproto-macros/protox",
)
CONSUMER = """\
[package]
name = "consumer"
version = "0.0.0"
edition = "2021"

[dependencies]
aristaproto-macros = { version = "0.1", default-features = false, features = ["protox"] }

[build-dependencies]
aristaproto-build = { version = "0.1", default-features = false, features = ["protox"] }

[workspace]
"""
BUILD = """\
fn main() -> Result<(), aristaproto_build::Error> {
    aristaproto_build::compile_protos(&["greeting.proto"], &["."])
}
"""
MAIN = """\
mod python {
    aristaproto_macros::generate_python! {
        protos: ["greeting.proto"],
        includes: ["."],
        out_dir: "python",
    }
}

fn main() {
    let built = concat!(env!("OUT_DIR"), "/python/greeting/__init__.py");
    assert!(std::fs::read_to_string(built).unwrap().contains("class Greeting"));
    assert!(python::FILES.iter().any(|(path, _)| *path == "greeting/__init__.py"));
    println!("both generate");
}
"""
CONFIG = """\
[source.crates-io]
replace-with = "files"
[source.files]
directory = {}
"""
PROTO = 'syntax = "proto3";\npackage greeting;\nmessage Greeting { string text = 1; }\n'


def cargo(*arguments: str | Path, folder: Path = ROOT, home: Path = CARGO_HOME) -> str:
    done = subprocess.run(
        [os.environ.get("CARGO", "cargo"), *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "CARGO_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"cargo {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def check_texts() -> None:
    """The licences of the crates are those of the repository."""
    for crate in CRATES:
        for name in ("LICENSE-APACHE", "LICENSE-MIT"):
            same = (ROOT / crate / name).read_bytes() == (ROOT / name).read_bytes()
            assert same, f"{crate}/{name} differs from {name}"


def cargo_home(folder: Path) -> Path:
    """A home for cargo with the user's downloads and settings, but where no package is unpacked.

    Cargo unpacks what it packages into its home to verify it, and takes what is there for as long as the version stays.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "registry").mkdir(parents=True)
    for parent in (Path(), Path("registry")):
        for entry in (CARGO_HOME / parent).iterdir():
            if entry.name not in ("registry", "src"):
                (folder / parent / entry.name).symlink_to(entry)
    return folder


def package(target: Path, home: Path) -> dict[str, Path]:
    """The packages, each built from its own files."""
    named = [word for crate in CRATES for word in ("--package", crate)]
    said = cargo(
        *("package", "--allow-dirty", "--target-dir", target),
        *(*FEATURES, *named),
        home=home,
    )
    # What crates.io wants and a package lacks.
    assert "manifest has no" not in said, said
    found = {crate: next((target / "package").glob(f"{crate}-[0-9]*.crate")) for crate in CRATES}
    for crate, file in found.items():
        with tarfile.open(file) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        assert {"README.md", "LICENSE-APACHE", "LICENSE-MIT"} <= names, (crate, names)
    return found


def registry(folder: Path, packages: dict[str, Path]) -> None:
    """A folder that stands for crates.io."""
    cargo("vendor", "--versioned-dirs", "--quiet", folder)
    for crate, file in packages.items():
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        unpacked = folder / file.name.removesuffix(".crate")
        assert unpacked.is_dir(), crate
        (unpacked / ".cargo-checksum.json").write_text(json.dumps({"files": {}, "package": digest}))


def consume(folder: Path, sources: Path, target: Path) -> None:
    """Build and run a project outside the checkout that takes everything from the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "src").mkdir(parents=True)
    (folder / ".cargo").mkdir()
    for name, text in (
        ("Cargo.toml", CONSUMER),
        ("build.rs", BUILD),
        ("src/main.rs", MAIN),
        ("greeting.proto", PROTO),
        (
            ".cargo/config.toml",
            CONFIG.format(json.dumps(str(sources))),
        ),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    said = cargo("run", "--offline", "--target-dir", target, folder=folder)
    assert said.startswith("both generate\n"), said
    # cargo builds the package from what is in it, with the tree and without, and fails if that writes into it.
    for exclude in ("[]", '["python"]'):
        manifest = CONSUMER.replace("[dep", f"exclude = {exclude}\n\n[dep", 1)
        (folder / "Cargo.toml").write_text(manifest, encoding="utf-8")
        packaging = ("package", "--offline", "--allow-dirty", "--target-dir", target)
        assert "Verifying consumer" in cargo(*packaging, folder=folder)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--target", type=Path, required=True)
    options = parser.parse_args()
    work: Path = options.work.resolve()
    check_texts()
    packages = package(options.target.resolve(), cargo_home(work / "cargo-home"))
    sources = work / "registry"
    shutil.rmtree(sources, ignore_errors=True)
    registry(sources, packages)
    consume(work / "consumer", sources, work / "target")
    # Where the step `wheels` compiles, too.
    machine = Machine(options.target.resolve() / "wheels", RUNTIME)
    wheel, _ = machine.wheel(RUNTIME, "newcomer", ARISTAPROTO_BUILD="native")
    config = CONFIG.format(json.dumps(str(sources)))
    newcomer.follow(f"{config}[net]\noffline = true\n", wheel.parent, work / "target")
    print("the crates are packaged, and projects build from the packages")


if __name__ == "__main__":
    main()
