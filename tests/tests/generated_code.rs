//! Generates every .proto under tests/protos with every combination of options that changes the text, then holds the output
//! to what is promised of it: it is formatted, lint-free, importable module by module, and silent under both type checkers
//! in strict mode. The tools run once over all trees together; Python is `ARISTAPROTO_PYTHON` or the one of target/venv.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aristaproto_build::DescriptorSet;
use aristaproto_build::GeneratedFile;
use aristaproto_build::{AsyncTransport, ClientGeneration, Config, Options, ServerGeneration};
use aristaproto_tests::{python, run_python, workspace};
use tempfile::TempDir;

/// The name of a tree and the options that it is generated with.
fn flavours() -> Vec<(&'static str, Options)> {
    use AsyncTransport::{Grpcio, Grpclib};
    use ClientGeneration as Client;
    use ServerGeneration as Server;

    let options = |client, client_transport, server, server_transport| Options {
        client_generation: client,
        client_async_transport: client_transport,
        server_generation: server,
        server_async_transport: server_transport,
        ..Options::default()
    };
    vec![
        ("default", Options::default()),
        (
            "messages_only",
            options(Client::None, Grpclib, Server::None, Grpclib),
        ),
        (
            "async_grpclib",
            options(Client::Async, Grpclib, Server::Async, Grpclib),
        ),
        (
            "sync_async_grpcio",
            options(Client::SyncAsync, Grpcio, Server::SyncAsync, Grpcio),
        ),
        (
            "async_sync_mixed",
            options(Client::AsyncSync, Grpclib, Server::AsyncSync, Grpcio),
        ),
        (
            "no_default_mixed",
            options(
                Client::SyncAsyncNoDefault,
                Grpcio,
                Server::SyncAsyncNoDefault,
                Grpclib,
            ),
        ),
        (
            "sync",
            options(Client::None, Grpclib, Server::Sync, Grpclib),
        ),
        (
            "pydantic",
            Options {
                pydantic_dataclasses: true,
                ..options(Client::None, Grpclib, Server::None, Grpclib)
            },
        ),
        (
            "descriptors",
            Options {
                google_protobuf_descriptors: true,
                ..options(Client::Async, Grpclib, Server::Async, Grpclib)
            },
        ),
    ]
}

/// Every .proto of the tests that can be generated.
fn protos() -> Vec<PathBuf> {
    let protos: Vec<PathBuf> = walkdir::WalkDir::new(workspace().join("tests/protos"))
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.file_name() != "invalid")
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|it| it == "proto"))
        .collect();
    assert!(
        protos.len() >= 40,
        "only {} .proto files found",
        protos.len()
    );
    protos
}

fn load() -> DescriptorSet {
    let includes = [workspace().join("tests/protos")];
    Config::new().load(&protos(), &includes).unwrap()
}

fn write(folder: &Path, files: &[GeneratedFile]) {
    for file in files {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.text).unwrap();
    }
}

/// All flavours beside each other in a package `trees`.
fn trees() -> TempDir {
    let set = load();
    let folder = tempfile::tempdir().unwrap();
    let trees = folder.path().join("trees");
    fs::create_dir(&trees).unwrap();
    fs::write(trees.join("__init__.py"), "").unwrap();
    for (name, options) in flavours() {
        let files = Config::new().options(options).generate(&set).unwrap().files;
        write(&trees.join(name), &files);
    }
    folder
}

/// Lines of more than 100 columns are docstrings, whose text is the user's, or hold a name or literal that fills most of
/// them: nothing could break those.
fn check_line_lengths(folder: &Path) -> usize {
    let mut long_lines = 0;
    for entry in walkdir::WalkDir::new(folder) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|it| it != "py") {
            continue;
        }
        let mut in_docstring = false;
        for line in fs::read_to_string(&path).unwrap().lines() {
            let quotes = line.trim_start().starts_with("\"\"\"");
            let is_one_line =
                quotes && line.len() > 6 + line.find('"').unwrap() && line.ends_with("\"\"\"");
            let is_code = !in_docstring && !quotes;
            in_docstring ^= quotes && !is_one_line;
            if is_code && line.chars().count() > 100 {
                let words = line.split(|c: char| !c.is_alphanumeric() && !"._\\".contains(c));
                let longest = words.map(str::len).max().unwrap_or_default();
                let is_literal = line.trim_start().starts_with(['"', 'b']);
                assert!(is_literal || longest > 50, "{}: {line}", path.display());
                long_lines += 1;
            }
        }
    }
    long_lines
}

/// Runs a tool that must have nothing to say.
fn check(folder: &Path, module: &str, arguments: &[&str]) -> String {
    run_python(folder, ["-m", module].iter().chain(arguments))
}

#[test]
fn generated_code_passes_every_checker() {
    let folder = trees();
    let folder = folder.path();

    check(
        folder,
        "ruff",
        &["format", "--isolated", "--check", "trees"],
    );
    check(
        folder,
        "ruff",
        &[
            "check",
            "--isolated",
            "--extend-select",
            "I,UP,F,E,W",
            "--ignore",
            "E501",
            "trees",
        ],
    );

    assert!(
        check_line_lengths(folder) > 0,
        "the protos hold names that nothing can break"
    );

    // mypy counts the files that it read: none may be missing.
    let modules = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|it| it == "py")
        })
        .count();
    assert!(modules >= 600, "only {modules} modules");
    let report = check(
        folder,
        "mypy",
        &["--strict", "--cache-dir", ".mypy_cache", "-p", "trees"],
    );
    assert_eq!(
        report.trim(),
        format!("Success: no issues found in {modules} source files")
    );

    let settings = format!(
        r#"{{"include": ["trees"], "typeCheckingMode": "strict", "pythonVersion": "3.10", "executionEnvironments": [
            {{"root": ".", "extraPaths": [{:?}]}}]}}"#,
        workspace().join("aristaproto-runtime/python")
    );
    fs::write(folder.join("pyrightconfig.json"), settings).unwrap();
    let python = python();
    let pyright = ["--pythonpath", python.to_str().unwrap(), "--outputjson"];
    let output = Command::new(&python)
        .args(["-m", "pyright"])
        .args(pyright)
        .current_dir(folder)
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert!(
        report.contains(&format!("\"filesAnalyzed\": {modules},")),
        "{report}"
    );
}

/// Imports each module of each tree in a state in which no other module of the tree has been imported, and counts what the
/// trees hold.
const IMPORT: &str = r#"
import ast, contextlib, importlib, inspect, pathlib, sys, warnings
import aristaproto, aristaproto.grpcio, aristaproto.grpclib
from google.protobuf.descriptor_pb2 import FileDescriptorProto

warnings.simplefilter("error")
sys.path.insert(0, ".")
bases = {
    "messages": aristaproto.Message,
    "enums": aristaproto.Enum,
    "stubs": (
        aristaproto.grpcio.SyncServiceStub,
        aristaproto.grpcio.ServiceStub,
        aristaproto.grpclib.ServiceStub,
    ),
    "bases": (
        aristaproto.grpcio.SyncServiceBase,
        aristaproto.grpcio.ServiceBase,
        aristaproto.grpclib.ServiceBase,
    ),
}

def find_message(tree, pool, full_name):
    """The class, its module imported first: that is the longest module name in it."""
    parts = full_name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(".".join(["trees", tree, *parts[:end]]))
            break
    return pool.find_message(full_name)

for tree in sorted(pathlib.Path("trees").iterdir()):
    if not tree.is_dir():
        continue
    counts = dict.fromkeys(["modules", "extensions", "files", *bases], 0)
    for path in sorted(tree.rglob("*.py")):
        name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for loaded in [m for m in sys.modules if m == str(tree).replace("/", ".") or m.startswith(f"trees.{tree.name}.")]:
            del sys.modules[loaded]
        module = importlib.import_module(name)
        counts["modules"] += 1
        if path.name == "_descriptors.py":
            for file, serialized in module.FILES.items():
                descriptor = FileDescriptorProto.FromString(serialized)
                assert descriptor.name == file and not descriptor.HasField("source_code_info"), (name, file)
                for imported in descriptor.dependency:
                    holder = module.IMPORTS.get(imported, name)
                    holder = importlib.import_module(holder, name.rpartition(".")[0])
                    assert imported in holder.FILES, (name, file, imported)
                counts["files"] += 1
            continue
        public = getattr(module, "__all__", ())
        assert len(set(public)) == len(public), (name, public)
        for symbol in public:
            value = getattr(module, symbol)
            if isinstance(value, aristaproto.Extension):
                pool = importlib.import_module(f"trees.{tree.name}.message_pool").default_message_pool
                assert pool.find_extension(value.extendee, value.number) is value, (name, symbol)
                assert pool.find_extension_by_name(value.full_name) is value, (name, symbol)
                extendee = find_message(tree.name, pool, value.extendee)
                message = extendee()
                assert value not in aristaproto.extensions(message), (name, symbol)
                aristaproto.extensions(message)[value]
                counts["extensions"] += 1
                continue
            if not isinstance(value, type):
                # The pool of the descriptors, with what it is made of.
                assert path.name == "google_proto_descriptor_pool.py", (name, symbol)
                continue
            if symbol not in vars(module):
                # By a public import.
                assert value.__module__ != name and symbol in sys.modules[value.__module__].__all__, (name, symbol)
                continue
            if value.__module__ != name:
                assert value.__module__.startswith("aristaproto.wkt"), (name, symbol)
                continue
            assert value.__name__ == symbol, (name, symbol)
            for kind, base in bases.items():
                counts[kind] += issubclass(value, base)
            body = ast.parse(inspect.getsource(value)).body[0].body
            if issubclass(value, aristaproto.Message):
                fields = [it.target.id for it in body if isinstance(it, ast.AnnAssign) and it.value]
                assert symbol == "Any" or value.__match_args__ == tuple(fields), (name, symbol)
                if any("required=True" in ast.unparse(it) for it in body):
                    continue
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "[A-Za-z]+ is deprecated", DeprecationWarning)
                    assert value.parse(bytes(value())) == value(), (name, symbol)
            elif issubclass(value, aristaproto.Enum):
                members = [it.targets[0].id for it in body if isinstance(it, ast.Assign)]
                assert list(value.__members__) == members, (name, symbol)
    print(tree.name, *(f"{kind}={count}" for kind, count in counts.items()))
"#;

#[test]
fn every_module_can_be_imported_first() {
    let folder = trees();
    let report = run_python(folder.path(), ["-W", "error", "-c", IMPORT]);
    let names: Vec<&str> = report
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let mut flavours: Vec<&str> = flavours().iter().map(|(name, _)| *name).collect();
    flavours.sort_unstable();
    assert_eq!(names, flavours, "{report}");
    let count = |flavour: &str, kind: &str| -> usize {
        let line = report
            .lines()
            .find(|line| line.starts_with(&format!("{flavour} ")))
            .unwrap();
        let count = line
            .split(' ')
            .find_map(|it| it.strip_prefix(&format!("{kind}=")));
        count.unwrap().parse().unwrap()
    };
    let services: usize = load().file.file.iter().map(|file| file.service.len()).sum();
    assert!(services >= 18);
    // The runtime brings the descriptors of the types that it brings.
    let files = load().file.file.len() - 10;
    for flavour in names {
        assert!(count(flavour, "messages") >= 150, "{report}");
        assert!(count(flavour, "enums") >= 25, "{report}");
        assert!(count(flavour, "extensions") >= 40, "{report}");
        assert_eq!(count(flavour, "files"), files, "{report}");
        assert!(count(flavour, "modules") >= 45, "{report}");
    }
    for (flavour, stubs, bases) in [
        ("default", 1, 0),
        ("messages_only", 0, 0),
        ("async_grpclib", 1, 1),
        ("sync_async_grpcio", 2, 2),
        ("async_sync_mixed", 2, 2),
        ("no_default_mixed", 2, 2),
        ("sync", 0, 1),
        ("pydantic", 0, 0),
        ("descriptors", 1, 1),
    ] {
        assert_eq!(
            count(flavour, "stubs"),
            stubs * services,
            "{flavour}: {report}"
        );
        assert_eq!(
            count(flavour, "bases"),
            bases * services,
            "{flavour}: {report}"
        );
    }
}

/// Everything that generated code takes from the runtime is in the contract, and it imports nothing else from anywhere
/// but the standard library.
const CONTRACT: &str = r#"
import ast, importlib, pathlib, sys
from aristaproto.contract import NAMES

standard = {"__future__", "builtins", "collections.abc", "datetime", "importlib", "typing", "warnings"}
used = set()
for path in sorted(pathlib.Path("trees").rglob("*.py")):
    aliases = {}
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "aristaproto":
                    aliases[alias.asname or "aristaproto"] = alias.name if alias.asname else "aristaproto"
                    used.add(alias.name)
                else:
                    assert alias.name in standard, (path, alias.name)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            if node.module.split(".")[0] == "aristaproto":
                used.update(f"{node.module}.{alias.name}" for alias in node.names)
            else:
                assert node.module in standard, (path, node.module)
    for node in ast.walk(tree):
        chain = []
        while isinstance(node, ast.Attribute):
            chain.append(node.attr)
            node = node.value
        if chain and isinstance(node, ast.Name) and node.id in aliases:
            used.add(".".join([aliases[node.id], *reversed(chain)]))
used.discard("aristaproto")
outside = set()
for name in used:
    parts = name.split(".")
    if ".".join(parts[:2]) not in NAMES:
        outside.add(name)
    elif len(parts) > 2 and parts[1] in ("grpcio", "grpclib", "wkt", "descriptors", "pydantic"):
        if parts[2] not in importlib.import_module(".".join(parts[:2])).__all__:
            outside.add(name)
assert not outside, sorted(outside)
print(len(used))
"#;

#[test]
fn generated_code_uses_the_contract_only() {
    let folder = trees();
    let used: usize = run_python(folder.path(), ["-c", CONTRACT])
        .trim()
        .parse()
        .unwrap();
    assert!(used >= 60, "only {used} names of the runtime are used");
}

/// The names that a field, a member or a method must not have are those that the runtime's classes have.
const MEMBERS: &str = r#"
import aristaproto, aristaproto.grpcio, aristaproto.grpclib, aristaproto.pydantic
class Held(aristaproto.Message, extendable=True):
    pass
class Checked(aristaproto.pydantic.Message, extendable=True):
    pass
# `dir` knows neither what a checker sees nor a slot that a class has for being extendable.
print("message", *sorted({*dir(Held), *dir(Checked), *Held.__slots__, "_unknown_fields", "_extensions"}))
class Empty(aristaproto.Enum):
    pass
class One(aristaproto.Enum):
    ONE = 1
print("enum", *sorted({*dir(Empty), *dir(type(Empty)), *dir(One.ONE)} - {"ONE"}))
services = [
    aristaproto.grpcio.SyncServiceStub, aristaproto.grpcio.ServiceStub,
    aristaproto.grpcio.SyncServiceBase, aristaproto.grpcio.ServiceBase,
    aristaproto.grpclib.ServiceStub, aristaproto.grpclib.ServiceBase,
]
print("service", *sorted({name for service in services for name in dir(service)}))
"#;

#[test]
fn no_generated_name_hides_a_member_of_the_runtime() {
    let members = run_python(&workspace(), ["-c", MEMBERS]);
    let mut lines = members
        .lines()
        .map(|line| line.split(' ').skip(1).collect::<Vec<_>>());
    let (message, enumeration, service) = (
        lines.next().unwrap(),
        lines.next().unwrap(),
        lines.next().unwrap(),
    );
    assert!(message.contains(&"parse") && enumeration.contains(&"mro"));
    assert!(service.contains(&"_unary_unary"));

    // Each member's name as a field, a value and a method.
    let list = |names: &[&str], line: &dyn Fn(usize, &str) -> String| -> String {
        (1..)
            .zip(names)
            .map(|(number, name)| line(number, name))
            .collect()
    };
    // Each value has an enum of its own: the compiler wants values to differ in more than case and underscores.
    let proto = format!(
        "syntax = \"proto2\";\npackage members;\nmessage Fields {{\n{}}}\n{}{}service Methods {{\n{}}}\n",
        list(&message, &|number, name| format!("  optional int32 {name} = {number};\n")),
        list(&message, &|number, name| format!(
            "message Oneof{number} {{ oneof {name} {{ int32 x = 1; string y = 2; }} }}\n"
        )),
        list(&enumeration, &|number, name| format!("enum Values{number} {{ {name} = 0; }}\n")),
        list(&service, &|_, name| format!("  rpc {name}(Fields) returns (Fields);\n")),
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("members.proto");
    fs::write(&path, proto).unwrap();
    let mut config = Config::new();
    config
        .client_generation(ClientGeneration::Sync)
        .server_generation(ServerGeneration::Async);
    let set = config.load(&[&path], &[folder.path()]).unwrap();
    let files = config.generate(&set).unwrap().files;
    let text = &files
        .iter()
        .find(|file| file.path == "members/__init__.py")
        .unwrap()
        .text;

    let mut fields = 0;
    let mut section: &[&str] = &[];
    for line in text.lines() {
        match line.split(['(', ' ']).nth(1) {
            Some("Fields") if line.starts_with("class ") => section = &message,
            Some(class) if class.starts_with("Oneof") && line.starts_with("class ") => {
                section = &message;
            }
            Some(class) if class.starts_with("Values") && line.starts_with("class ") => {
                section = &enumeration;
            }
            Some("MethodsStub" | "MethodsBase") if line.starts_with("class ") => section = &service,
            _ => {}
        }
        let Some(line) = line
            .strip_prefix("    ")
            // The declaration of a oneof.
            .map(|line| {
                line.strip_prefix("    ")
                    .filter(|it| it.contains(".Oneof["))
                    .unwrap_or(line)
            })
            .filter(|line| !line.starts_with([' ', ')']))
        else {
            continue;
        };
        let line = line.trim_start_matches("async ").trim_start_matches("def ");
        let name = line.split([':', ' ', '(']).next().unwrap();
        let own = ["_grpcio_rpc_handler", "__mapping__"];
        if section == service && own.contains(&name) {
            continue;
        }
        assert!(
            !section.contains(&name),
            "`{name}` hides a member of the runtime\n{line}"
        );
        fields += 1;
    }
    let wanted = 2 * message.len() + enumeration.len() + 2 * service.len();
    assert!(
        fields >= wanted,
        "{fields} names found, {wanted} expected\n{text}"
    );
}
