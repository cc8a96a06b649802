//! The code in README.md is this example's: the blocks are compared with the files that the build used and made, and the
//! Python session is run.

use std::fs;
use std::path::PathBuf;

use aristaproto_tests::{run_python, workspace};

/// The text of the blocks that are fenced with `language`, in order.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(workspace().join("README.md")).expect("README.md");
    let opening = format!("```{language}\n");
    readme
        .split(opening.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

fn block(language: &str) -> String {
    let mut found = blocks(language);
    assert_eq!(found.len(), 1, "README.md has one block of {language}");
    found.remove(0)
}

fn read(path: &str) -> String {
    let path = workspace().join("examples").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn package() -> PathBuf {
    workspace().join("examples").join("vendored")
}

/// Fails unless the parts of `excerpts`, divided by lines with an ellipsis, stand in `text` one after the other.
fn assert_excerpts(text: &str, excerpts: &str, ellipsis: &str) {
    let mut rest = text;
    for excerpt in excerpts
        .split(ellipsis)
        .map(str::trim_end)
        .filter(|part| !part.is_empty())
    {
        let excerpt = excerpt.trim_start_matches('\n');
        let at = rest
            .find(excerpt)
            .unwrap_or_else(|| panic!("not in the file, or not here:\n{excerpt}\n\n{text}"));
        rest = &rest[at + excerpt.len()..];
    }
}

#[test]
fn the_service_is_what_the_examples_compile() {
    let service = read("vendored/proto/example.proto");
    assert_excerpts(&service, &block("proto"), "// …\n");
    for example in ["quickstart", "macro"] {
        assert_eq!(
            read(&format!("{example}/proto/example.proto")),
            service,
            "{example}"
        );
    }
}

#[test]
fn the_rust_is_what_was_compiled() {
    let [build_script, module] = blocks("rust").try_into().expect("two blocks of Rust");
    let script = read("vendored/build.rs");
    assert!(
        script.ends_with(&build_script),
        "examples/vendored/build.rs ends otherwise:\n{script}"
    );
    assert_excerpts(&read("vendored/src/main.rs"), &module, "// …\n");
    let readme = fs::read_to_string(workspace().join("README.md")).expect("README.md");
    let call = ".service_generator(tonic_prost_build::configure().service_generator())";
    assert!(readme.contains(call) && read("quickstart/build.rs").contains(call));
}

#[test]
fn the_dependencies_are_the_build_scripts() {
    let manifest = read("vendored/Cargo.toml");
    let block = block("toml");
    let names: Vec<&str> = block
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["prost", "aristaproto-build", "prost-build"]);
    for name in names {
        assert!(manifest.contains(&format!("\n{name}")), "{name}");
    }
}

#[test]
fn the_module_is_what_was_generated() {
    let module = read("vendored/python/lib/example/__init__.py");
    assert_excerpts(&module, &block("python"), "# …\n");
}

#[test]
fn the_python_session_gives_what_it_shows() {
    let sessions = blocks("pycon");
    assert!(!sessions.is_empty());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = folder.path().join("session.txt");
    // One file: later blocks use names of the earlier ones.
    fs::write(&text, sessions.join("\n")).expect("the session");
    let program = format!(
        "import doctest, sys\n\
         sys.path.insert(0, {:?})\n\
         result = doctest.testfile({:?}, module_relative=False, encoding='utf-8')\n\
         assert result.attempted > 0\n\
         sys.exit(result.failed > 0)",
        package().join("python"),
        text,
    );
    let printed = run_python(folder.path(), ["-c", &program]);
    assert_eq!(printed, "");
}
