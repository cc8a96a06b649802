//! One whole run as in a build script, for `cargo xtask corpus`. In: the folder that imports are looked for in, a file that
//! lists what to generate by names below it, the folder of the tree, the options as for the plugin, and a protoc; without one,
//! protox reads the files. Out: the tree, and lines of `name value`: seconds of the stages, and memory in MiB.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use aristaproto_build::{Config, FrontEnd, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, list, out, options, protoc @ ..] = arguments.as_slice() else {
        return Err("usage: corpus_tree FOLDER LIST OUT OPTIONS [PROTOC]".into());
    };
    let folder = Path::new(folder);
    let mut read = Options::default();
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, "true"));
        read.set(key, Some(value))
            .map_err(|error| format!("{option}: {error:?}"))?;
    }
    let mut config = Config::new();
    config.options(read).out_dir(out);
    match protoc.first() {
        Some(path) => config.protoc(path),
        None => config.front_end(FrontEnd::Protox),
    };
    let files: Vec<PathBuf> = fs::read_to_string(list)?
        .lines()
        .map(|name| folder.join(name))
        .collect();

    let started = Instant::now();
    let set = config.load(&files, &[folder])?;
    println!("load {:.3}", started.elapsed().as_secs_f64());
    let started = Instant::now();
    config.compile_descriptors(&set)?;
    println!("generate {:.3}", started.elapsed().as_secs_f64());
    println!("memory {}", peak_memory());
    Ok(())
}

/// The most that this process needed; zero where there is no /proc.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
