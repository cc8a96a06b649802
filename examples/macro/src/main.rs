//! A Rust program that brings its Python along: the files that `generate_python!` made are constants of the program. It
//! unpacks them into a temporary folder and starts `python/main.py` on them. The one argument is the Python to start;
//! `python3` without it.

use std::fs;
use std::process::Command;

mod python {
    //! The generated package: `OUT_DIR`, its folder, and `FILES`, the path and the text of each file.

    aristaproto_macros::generate_python! {
        protos: ["proto/example.proto"],
        includes: ["proto"],
        out_dir: "python/lib",
        client_generation: sync_async,
        client_async_transport: grpcio,
        server_generation: async,
        server_async_transport: grpcio,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let interpreter = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "python3".to_owned());
    let folder = tempfile::tempdir()?;
    for (path, text) in python::FILES {
        let file = folder.path().join("lib").join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, text)?;
    }
    let main = folder.path().join("main.py");
    fs::write(&main, include_str!("../python/main.py"))?;

    let status = Command::new(&interpreter)
        .arg(&main)
        .status()
        .map_err(|error| format!("cannot start {interpreter}: {error}"))?;
    if !status.success() {
        return Err(format!("{interpreter} ended with {status}").into());
    }
    Ok(())
}
