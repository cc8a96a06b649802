//! The verbs of this repository: `cargo xtask <verb>`.
//!
//! In: the command line. Out: a line of progress for each step on standard output, and an exit code that is zero only
//! when everything asked for was done. Nothing here is needed to use the crates. No dependencies: a fresh machine
//! starts `cargo xtask demo` within seconds.

mod bench;
mod bless;
mod bootstrap;
mod conformance;
mod corpus;
mod cross;
mod debian;
mod demo;
mod docs;
mod exec;
mod fuzz_engine;
mod oldest_rust;
mod plugin;
mod python;
mod pythons;
mod sanitize;
mod soak;
mod suite;
mod wheels;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
The verbs of this repository

Usage: cargo xtask <verb> [arguments]

  demo              generate, build and run the quickstart: Rust and Python call each other over gRPC
  test [step...]    everything that must hold before a change is merged; `test --list` names the steps
  conformance       protobuf's official conformance suite against the runtime: totals by syntax and format
  corpus [step...]  thousands of real .proto files: generate, import, use, lint, type-check, time
  pythons [name...] the Pythons that the tests want and this machine lacks, below target/pythons
  soak              calls under load and faults, our clients and servers beside google's; an hour, `--short` a minute or two;
                    with `--hostile`: damaged messages through both codecs, and bombs; half an hour, `--short` half a minute
  sanitize          the codec's tests on a debug build of CPython and under AddressSanitizer; `--short`: a few of them
  wheels            wheels for an index: each Python here, each platform of Linux, the pure one; checked and used
  docs              the site of the guide, in target/docs/site; `--serve` to look at it
  bench [group...]  speed and memory beside google.protobuf and others; `bench --help` has the options
  fuzz-engine N     N descriptor sets, whole and damaged, through the engine; a million take an hour
  bless             rewrite the golden files and the compile errors that tests compare with
  bootstrap         rewrite the checked-in descriptor types of aristaproto-build
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let verb = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let root = workspace();
    let done = match verb.as_deref() {
        Some("demo") => demo::run(&root, &rest),
        Some("test") => suite::run(&root, &rest),
        Some("conformance") => conformance::run(&root, &rest),
        Some("corpus") => corpus::run(&root, &rest),
        Some("fuzz-engine") => fuzz_engine::run(&root, &rest),
        Some("soak") => soak::run(&root, &rest),
        Some("bench") => bench::run(&root, &rest),
        Some("docs") => docs::run(&root, &rest),
        Some("wheels") => wheels::run(&root, &rest),
        Some("sanitize") => sanitize::run(&root, &rest),
        Some("pythons") => pythons::run(&root, &rest),
        Some("bless") => bless::run(&root).map(|()| ExitCode::SUCCESS),
        Some("bootstrap") => bootstrap::run(&root, &rest).map(|()| ExitCode::SUCCESS),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => Err(format!("unknown verb `{other}`\n\n{USAGE}")),
        None => Err(USAGE.to_owned()),
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace: xtask runs from the checkout that it was built in.
fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}
