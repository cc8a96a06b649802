//! The step `buf`: a real buf runs the plugin from the `buf.gen.yaml` of examples/buf, and what it writes is what protoc and the
//! plugin write, byte for byte; and `buf curl` calls our servers, which it knows through reflection. Called by `suite`.
//!
//! buf compiles proto files itself, and not always as protoc does (it spells float defaults with more digits, and has a
//! newer descriptor.proto), so that not every file of tests/protos is a fair case.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::steps::{Bench, STEP_LIMIT};
use super::Outcome;
use crate::exec;
use crate::plugin::Plugin;
use crate::python;

/// The options that `buf.gen.yaml` gives, for protoc.
const OPTIONS: &str = "client_generation=sync_async,client_async_transport=grpcio,\
                       server_generation=async,server_async_transport=grpcio";

/// What is generated: a folder of proto files, and which of them.
const CASES: &[(&str, &[&str])] = &[
    ("examples/buf/proto", &["greeter/v1/greeter.proto"]),
    ("tests/protos", &["example.proto", "calls.proto"]),
];

impl Bench {
    pub fn buf(&self) -> Result<Outcome, String> {
        if exec::output(std::process::Command::new("npm").arg("--version")).is_err() {
            return Ok(Outcome::Skipped(
                "npm, which fetches buf, is not installed".to_owned(),
            ));
        }
        let work = self.target.join("buf");
        let program = self.install_buf(&work)?;
        let plugin = Plugin::at(&self.target);
        let folder = plugin.program().parent().unwrap_or(&self.target);
        for (protos, files) in CASES {
            let protos = self.root.join(protos);
            let out = work.join("out");
            exec::remove(&out)?;
            let mut generate = exec::command(&self.root, &program);
            generate
                .arg("generate")
                .arg(&protos)
                .args(["--template", "examples/buf/buf.gen.yaml", "--output"])
                .arg(&out)
                .env("PATH", python::path_with(folder));
            for file in *files {
                generate.arg("--path").arg(protos.join(file));
            }
            exec::run(&mut generate, &self.log("buf"), STEP_LIMIT)?;
            let expected = work.join("protoc");
            plugin.generate(
                &self.venv_program("python"),
                &protos,
                &files.iter().map(PathBuf::from).collect::<Vec<_>>(),
                OPTIONS,
                &expected,
                &self.log("buf"),
            )?;
            compare(&contents(&out.join("lib"))?, &contents(&expected)?)?;
        }
        let mut curl = exec::command(&self.root, self.venv_program("python"));
        curl.arg("tests/buf/curl.py").arg(&program);
        curl.env(
            "PYTHONPATH",
            self.trees_dir().parent().unwrap_or(&self.root),
        );
        exec::run(&mut curl, &self.log("buf"), STEP_LIMIT)?;
        Ok(Outcome::Done)
    }

    /// The buf of tests/buf/package-lock.json, which holds the digests of its archives.
    fn install_buf(&self, work: &Path) -> Result<PathBuf, String> {
        fs::create_dir_all(work)
            .map_err(|error| format!("cannot create {}: {error}", work.display()))?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(self.root.join("tests/buf").join(name), work.join(name))
                .map_err(|error| format!("cannot copy tests/buf/{name}: {error}"))?;
        }
        let mut install = exec::command(work, "npm");
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        exec::run(&mut install, &self.log("buf"), STEP_LIMIT)?;
        let name = if cfg!(windows) { "buf.cmd" } else { "buf" };
        Ok(work.join("node_modules").join(".bin").join(name))
    }
}

/// The files below a folder: relative path and content.
fn contents(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(current) = folders.pop() {
        let entries = fs::read_dir(&current)
            .map_err(|error| format!("cannot read {}: {error}", current.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let name = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
            found.insert(name, bytes);
        }
    }
    Ok(found)
}

fn compare(
    buf: &BTreeMap<PathBuf, Vec<u8>>,
    protoc: &BTreeMap<PathBuf, Vec<u8>>,
) -> Result<(), String> {
    if protoc.is_empty() {
        return Err("protoc wrote no file".to_owned());
    }
    let differing: Vec<String> = buf
        .keys()
        .chain(protoc.keys())
        .filter(|path| buf.get(*path) != protoc.get(*path))
        .map(|path| path.display().to_string())
        .collect();
    if differing.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "buf and protoc give other files: {}",
            differing.join(", ")
        ))
    }
}
