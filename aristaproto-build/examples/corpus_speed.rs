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
//! * `--front-end-runs N`: the front end, as the engine uses it and alone, so many times; 0 if not given.
//! * `--share N`: only about one in N of the files, whole folders of them, with what they import.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use aristaproto_build::source::DescriptorSet;
use aristaproto_build::{python, resolve, Config, FrontEnd, Options};

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
    Ok(())
}

struct Arguments {
    folder: PathBuf,
    protoc: Option<PathBuf>,
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
        let (arguments, set) = (folder.path().join("arguments"), folder.path().join("set"));
        let mut lines = vec![
            format!("--proto_path={}", self.folder.display()),
            format!("--descriptor_set_out={}", set.display()),
            "--include_imports".to_owned(),
            "--include_source_info".to_owned(),
        ];
        lines.extend(files.iter().map(|path| path.display().to_string()));
        fs::write(&arguments, lines.join("\n"))?;
        let status = Command::new(protoc)
            .arg(format!("@{}", arguments.display()))
            .status()?;
        if status.success() {
            Ok(fs::read(&set)?)
        } else {
            Err(format!("{} ended with {status}", protoc.display()).into())
        }
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
        protos_below(&self.folder, &mut protos)?;
        protos.sort();
        let mut folders: Vec<&Path> = protos.iter().filter_map(|path| path.parent()).collect();
        folders.dedup();
        let chosen: Vec<&Path> = folders.into_iter().step_by(self.share).collect();
        let chosen: Vec<&PathBuf> = protos
            .iter()
            .filter(|path| path.parent().is_some_and(|it| chosen.contains(&it)))
            .collect();
        let mut times: [Times; 2] = Default::default();
        for _ in 0..self.front_end_runs {
            times[0].take(|| self.front_end_alone(&chosen))?;
            times[1].take(|| config.load(&chosen, &[&self.folder]))?;
        }
        let set = times[1].take(|| config.load(&chosen, &[&self.folder]))?;
        let [alone, load] = times;
        alone.print("front-end-alone");
        load.print("load");
        if let Some(path) = &self.set {
            fs::write(path, set.bytes())?;
        }
        Ok(set)
    }
}

fn protos_below(folder: &Path, protos: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            protos_below(&path, protos)?;
        } else if path.extension().is_some_and(|it| it == "proto") {
            protos.push(path);
        }
    }
    Ok(())
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
