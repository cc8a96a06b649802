//! Links the targets that embed a Python to its library: the workspace builds the codec for a Python that loads it.

use std::process::Command;

const QUERY: &str =
    "import sysconfig; v = sysconfig.get_config_var; print(v('LIBDIR'), v('LDVERSION'))";

fn main() {
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    let python = std::env::var("PYO3_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let told = Command::new(&python)
        .args(["-c", QUERY])
        .output()
        .unwrap_or_else(|error| panic!("{python} cannot be run: {error}"));
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let Some((folder, version)) = told.trim().split_once(' ') else {
        panic!("{python} does not tell where its library is");
    };
    for target in ["codec", "text"] {
        println!("cargo:rustc-link-arg-bin={target}=-L{folder}");
        println!("cargo:rustc-link-arg-bin={target}=-Wl,-rpath,{folder}");
        println!("cargo:rustc-link-arg-bin={target}=-lpython{version}");
    }
}
