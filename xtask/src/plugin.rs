//! The protoc plugin: cargo builds it, protoc of the Python package grpcio-tools runs it. In: proto files. Out: Python
//! trees. Called by `test`, `conformance` and `bench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::exec;

/// A cold release build of the plugin takes a minute or two; a protoc run takes seconds.
const LIMIT: Duration = Duration::from_mins(15);

/// The plugin, built.
pub struct Plugin {
    program: PathBuf,
}

impl Plugin {
    /// Where cargo puts it.
    pub fn at(target: &Path) -> Self {
        let name = format!(
            "protoc-gen-python_aristaproto{}",
            std::env::consts::EXE_SUFFIX
        );
        Self {
            program: target.join("release").join(name),
        }
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Builds the plugin without any front end.
    ///
    /// # Errors
    /// A message with cargo's output.
    pub fn build(root: &Path, log: &Path) -> Result<Self, String> {
        let mut build = exec::cargo(root);
        build.args([
            "build",
            "--release",
            "--package",
            "aristaproto-build",
            "--no-default-features",
            "--bin",
            "protoc-gen-python_aristaproto",
        ]);
        exec::run(&mut build, log, LIMIT)?;
        Ok(Self::at(&exec::target_dir(root)))
    }

    /// Generates the tree of `files` (relative to the folder `protos`) in `out`, which is emptied first: the plugin only
    /// adds files, and what an earlier run left would be taken for its output.
    ///
    /// # Errors
    /// A message with protoc's output.
    pub fn generate(
        &self,
        python: &Path,
        protos: &Path,
        files: &[PathBuf],
        options: &str,
        out: &Path,
        log: &Path,
    ) -> Result<(), String> {
        exec::remove(out)?;
        fs::create_dir_all(out)
            .map_err(|error| format!("cannot create {}: {error}", out.display()))?;
        let mut command = exec::command(protos, python);
        command
            .args(["-m", "grpc_tools.protoc", "--proto_path=."])
            .arg(format!(
                "--plugin=protoc-gen-python_aristaproto={}",
                self.program.display()
            ))
            .arg(format!("--python_aristaproto_out={}", out.display()));
        if !options.is_empty() {
            command.arg(format!("--python_aristaproto_opt={options}"));
        }
        command.args(files);
        exec::run(&mut command, log, LIMIT)
    }
}
