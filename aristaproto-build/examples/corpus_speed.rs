//! How long the stages take, and how much memory: for a folder of .proto files, which is the root of their imports, too.
//! In: the folder, settings. Out: lines of `name value`, times in seconds (wall and CPU of all threads), memory in MiB. By
//! hand, and `cargo xtask corpus`:
//!
//! ```console
//! $ cargo run --release -p aristaproto-build --no-default-features --features protox --example corpus_speed -- FOLDER
//! ```
//!
//! * `--protoc PATH`: that protoc reads the files; without it, protox.
//! * `--set FILE`: the descriptors are in this file, which is written if it is not there; the folder is not read then.
//! * `--out FOLDER`: writes into subfolders of this folder; without it, of a temporary one.
//! * `--runs N`: each stage so many times; 5 if not given. Printed are median, least and most.
//! * `--plugin PATH`: with `--protoc`, also protoc with this plugin, as often as the front end alone.
//! * `--front-end-runs N`: the front end, as the engine uses it and alone, so many times; 0 if not given.
//! * `--share N`: only about one in N of the files, whole folders of them, with what they import.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs};

use aristaproto_build::descriptor::{DescriptorProto, FileDescriptorProto};
use aristaproto_build::DescriptorSet;
use aristaproto_build::{python, resolve, Config, FrontEnd, Options};
use prost::Message;
use walkdir::WalkDir;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read()?;
    let mut config = Config::new();
    let folder = tempfile::tempdir()?;
    let out = arguments.out.as_deref().unwrap_or(folder.path());
    let set = arguments.descriptors(&mut config)?;
    println!("files {}", set.file.file.len());
    println!("memory-with-descriptors {}", memory("VmRSS:"));

    let options = Options::default();
    let mut times: [Times; 5] = Default::default();
    let (mut modules, mut bytes) = (0, 0);
    for run in 0..arguments.runs {
        let model = times[0].take(|| resolve::resolve(&set, &options))?;
        let files = times[1].take(|| python::render(&model, &options));
        drop(model);
        // A folder of its own each time: file systems take their time where files were removed just now.
        config.out_dir(out.join(format!("stages-{run}")));
        times[2].take(|| config.write(&files))?;
        times[3].take(|| config.write(&files))?;
        modules = files.len();
        bytes = files.iter().map(|file| file.text.len()).sum();
        drop(files);
        config.out_dir(out.join(format!("whole-{run}")));
        times[4].take(|| config.compile_descriptors(&set))?;
    }
    println!("generated-files {modules}");
    println!("generated-bytes {bytes}");
    let names = ["resolve", "render", "write", "write-unchanged", "generate"];
    for (name, times) in names.iter().zip(times) {
        times.print(name);
    }
    println!("memory-peak {}", memory("VmHWM:"));
    if let Some(name) = set.to_generate.get(set.to_generate.len() / 2) {
        config.out_dir(out.join("whole-0"));
        let before = written(&out.join("whole-0"))?;
        let mut times = Times::default();
        let changed = with_one_more_message(&set, name)?;
        times.take(|| config.compile_descriptors(&changed))?;
        let after = written(&out.join("whole-0"))?;
        let count = after
            .iter()
            .filter(|(path, time)| before.get(*path) != Some(time))
            .count();
        println!("written-after-change-of-one {count}");
        times.print("generate-after-change-of-one");
    }
    Ok(())
}

/// The same files, of which one has another message.
fn with_one_more_message(set: &DescriptorSet, name: &str) -> Result<DescriptorSet, Box<dyn Error>> {
    #[derive(Clone, PartialEq, Message)]
    struct Files {
        #[prost(bytes = "vec", repeated, tag = "1")]
        serialized: Vec<Vec<u8>>,
    }
    let mut files = Files::decode(set.bytes().as_slice())?;
    let more = FileDescriptorProto {
        message_type: vec![DescriptorProto {
            name: Some("CorpusSpeedProbe".to_owned()),
            ..DescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    };
    for (file, serialized) in set.file.file.iter().zip(&mut files.serialized) {
        if file.name() == name {
            // Serialised messages are merged by putting one after the other.
            serialized.extend(more.encode_to_vec());
        }
    }
    Ok(DescriptorSet::from_bytes(&files.encode_to_vec())?)
}

/// When each file below a folder was written.
fn written(folder: &Path) -> Result<BTreeMap<PathBuf, SystemTime>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            found.insert(entry.path().to_owned(), entry.metadata()?.modified()?);
        }
    }
    Ok(found)
}

struct Arguments {
    folder: PathBuf,
    protoc: Option<PathBuf>,
    plugin: Option<PathBuf>,
    set: Option<PathBuf>,
    out: Option<PathBuf>,
    runs: usize,
    front_end_runs: usize,
    share: usize,
}

impl Arguments {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut read = Self {
            folder: PathBuf::new(),
            protoc: None,
            plugin: None,
            set: None,
            out: None,
            runs: 5,
            front_end_runs: 0,
            share: 1,
        };
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--protoc" => read.protoc = Some(value()?.into()),
                "--plugin" => read.plugin = Some(value()?.into()),
                "--set" => read.set = Some(value()?.into()),
                "--out" => read.out = Some(value()?.into()),
                "--runs" => read.runs = value()?.parse()?,
                "--front-end-runs" => read.front_end_runs = value()?.parse()?,
                "--share" => read.share = value()?.parse()?,
                _ => read.folder = argument.into(),
            }
        }
        if !read.folder.is_dir() {
            return Err("which folder?".into());
        }
        Ok(read)
    }

    /// From the same files to the bytes of a descriptor set, as somebody would who has only the front end.
    fn front_end_alone(&self, files: &[&PathBuf]) -> Result<Vec<u8>, Box<dyn Error>> {
        let Some(protoc) = &self.protoc else {
            let mut compiler = protox::Compiler::new([&self.folder])?;
            compiler.include_imports(true).include_source_info(true);
            compiler.open_files(files)?;
            return Ok(compiler.encode_file_descriptor_set());
        };
        let folder = tempfile::tempdir()?;
        let set = folder.path().join("set");
        let arguments = [
            format!("--descriptor_set_out={}", set.display()),
            "--include_imports".to_owned(),
            "--include_source_info".to_owned(),
        ];
        self.run_protoc(protoc, files, arguments)?;
        Ok(fs::read(&set)?)
    }

    fn run_protoc(
        &self,
        protoc: &Path,
        files: &[&PathBuf],
        arguments: impl IntoIterator<Item = String>,
    ) -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let list = folder.path().join("arguments");
        let mut lines = vec![format!("--proto_path={}", self.folder.display())];
        lines.extend(arguments);
        lines.extend(files.iter().map(|path| path.display().to_string()));
        fs::write(&list, lines.join("\n"))?;
        // It has a warning for every other file.
        let output = Command::new(protoc)
            .arg(format!("@{}", list.display()))
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).into())
    }

    /// Through the front end, or from the file where an earlier run left them.
    fn descriptors(&self, config: &mut Config) -> Result<DescriptorSet, Box<dyn Error>> {
        if let Some(path) = self.set.as_ref().filter(|path| path.exists()) {
            let bytes = fs::read(path)?;
            let mut times = Times::default();
            let set = times.take(|| DescriptorSet::from_bytes(&bytes))?;
            times.print("decode");
            return Ok(set);
        }
        match &self.protoc {
            Some(path) => config.protoc(path),
            None => config.front_end(FrontEnd::Protox),
        };
        let mut protos = Vec::new();
        for entry in WalkDir::new(&self.folder).sort_by_file_name() {
            let path = entry?.into_path();
            if path.extension().is_some_and(|it| it == "proto") {
                protos.push(path);
            }
        }
        let mut folders: Vec<&Path> = protos.iter().filter_map(|path| path.parent()).collect();
        folders.dedup();
        let chosen: Vec<&Path> = folders.into_iter().step_by(self.share).collect();
        let chosen: Vec<&PathBuf> = protos
            .iter()
            .filter(|path| path.parent().is_some_and(|it| chosen.contains(&it)))
            .collect();
        let mut times: [Times; 3] = Default::default();
        for _ in 0..self.front_end_runs {
            times[0].take(|| self.front_end_alone(&chosen))?;
            times[1].take(|| config.load(&chosen, &[&self.folder]))?;
            if let (Some(path), Some(plugin)) = (&self.protoc, &self.plugin) {
                let out = tempfile::tempdir()?;
                let arguments = [
                    format!(
                        "--plugin=protoc-gen-python_aristaproto={}",
                        plugin.display()
                    ),
                    format!("--python_aristaproto_out={}", out.path().display()),
                ];
                times[2].take(|| self.run_protoc(path, &chosen, arguments))?;
            }
        }
        let set = times[1].take(|| config.load(&chosen, &[&self.folder]))?;
        let names = ["front-end-alone", "load", "plugin"];
        for (name, times) in names.iter().zip(times) {
            times.print(name);
        }
        if let Some(path) = &self.set {
            fs::write(path, set.bytes())?;
        }
        Ok(set)
    }
}

/// What one stage took, run after run.
#[derive(Default)]
struct Times {
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
}

impl Times {
    fn take<T>(&mut self, stage: impl FnOnce() -> T) -> T {
        let (before, start) = (cpu_time(), Instant::now());
        let result = stage();
        self.wall.push(start.elapsed());
        self.cpu.push(cpu_time().saturating_sub(before));
        result
    }

    fn print(mut self, name: &str) {
        for (kind, times) in [("wall", &mut self.wall), ("cpu", &mut self.cpu)] {
            times.sort();
            if let (Some(least), Some(most)) = (times.first(), times.last()) {
                let median = times[times.len() / 2].as_secs_f64();
                let (least, most) = (least.as_secs_f64(), most.as_secs_f64());
                println!("{name}-{kind} {median:.3} {least:.3} {most:.3}");
            }
        }
    }
}

/// User and system time of this process, threads and ended children included; zero where there is no /proc.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // Fields 14 to 17 of proc_pid_stat(5), in hundredths of a second; the name was the second one.
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// A line of /proc/self/status in MiB; zero where there is none.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) / 1024
}
