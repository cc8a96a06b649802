//! The code in README.md is this example's: the blocks are compared with the files that the build used and made, and the
//! Python session and the plugin's commands are run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aristaproto_tests::{python, run_python, workspace};

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

#[test]
fn the_service_is_what_the_examples_compile() {
    let proto = block("proto");
    for example in ["quickstart", "macro", "vendored"] {
        assert_eq!(
            read(&format!("{example}/proto/example.proto")),
            proto,
            "{example}"
        );
    }
}

#[test]
fn the_build_script_is_the_one_that_ran() {
    let script = read("vendored/build.rs");
    let [build, types, tonic, program] = &blocks("rust")[..] else {
        panic!("README.md has four blocks of rust")
    };
    assert!(
        script.ends_with(build.as_str()),
        "examples/vendored/build.rs ends otherwise:\n{script}"
    );
    assert!(read("vendored/src/main.rs").contains(types.as_str()));
    let tonic = tonic.lines().map(|line| format!("    {line}\n"));
    assert!(read("quickstart/build.rs").contains(&tonic.collect::<String>()));
    let source = read("macro/src/main.rs");
    assert!(
        source.contains(program.as_str()),
        "examples/macro/src/main.rs lacks it:\n{source}"
    );
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
    let mut rest = module.as_str();
    let excerpts = block("python");
    for excerpt in excerpts
        .split("# …\n")
        .map(str::trim_end)
        .filter(|text| !text.is_empty())
    {
        let excerpt = excerpt.trim_start_matches('\n');
        let at = rest.find(excerpt);
        let at =
            at.unwrap_or_else(|| panic!("not in the module, or not here:\n{excerpt}\n\n{module}"));
        rest = &rest[at + excerpt.len()..];
    }
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

#[test]
fn the_plugins_commands_generate_the_same_messages() {
    let console = blocks("console");
    let commands = console
        .iter()
        .find(|text| text.contains("grpc_tools.protoc"))
        .expect("a block of console with the plugin");
    let commands: Vec<&str> = commands
        .split("$ ")
        .filter(|command| !command.is_empty())
        .collect();
    let [build, path, folder_of_tree, generate] = commands[..] else {
        panic!("four commands expected: {commands:?}");
    };
    shell(&workspace(), build);
    // The second command is meant to be typed where the first one was.
    let path = path.replace("$PWD", &workspace().display().to_string());
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("proto")).expect("a folder");
    fs::copy(
        package().join("proto/example.proto"),
        folder.path().join("proto/example.proto"),
    )
    .expect("the proto file");
    shell(
        folder.path(),
        &format!("{path}\n{folder_of_tree}\n{generate}"),
    );
    let session = "from lib.example import MyServiceAsyncStub, Request; print(Request(name='a'))";
    assert_eq!(
        run_python(folder.path(), ["-c", session]),
        "Request(name='a')\n"
    );
}

/// Runs commands as typed, with the Python of the tests as `python`.
fn shell(folder: &Path, commands: &str) {
    let python = python();
    let programs = python.parent().expect("a folder of programs");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{commands}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
