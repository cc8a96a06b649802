//! The three doors give the same files: `Config`, `generate_python!`, and the plugin, through protoc and through
//! `grpc_tools`. A wrong option of the plugin is one line of protoc's output.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use aristaproto_build::{AsyncTransport, ClientGeneration, Config, ServerGeneration};
use aristaproto_tests::{plugin_program, python, workspace};
use walkdir::WalkDir;

const PROTOS: [&str; 2] = ["example.proto", "calls.proto"];

mod defaults {
    aristaproto_macros::generate_python! {
        protos: ["protos/example.proto", "protos/calls.proto"],
        includes: ["protos"],
        out_dir: "../target/doors/defaults",
    }
}

mod everything {
    aristaproto_macros::generate_python! {
        protos: ["protos/example.proto", "protos/calls.proto"],
        includes: ["protos"],
        out_dir: "../target/doors/everything",
        client_generation: sync_async_no_default,
        client_async_transport: grpcio,
        server_generation: sync_async,
        server_async_transport: "grpcio",
        pydantic_dataclasses: true,
        google_protobuf_descriptors: true,
    }
}

mod standing {
    aristaproto_macros::generate_python! {
        protos: ["stacked/orders"],
        includes: ["stacked"],
        out_dir: "../target/doors/standing",
        extern_package: ["acme.shared:acme_protos.acme.shared", "acme.shared.import:.labels"],
    }
}

const EVERYTHING: [&str; 3] = [
    "--python_aristaproto_opt=client_generation=sync_async_no_default,client_async_transport=grpcio",
    "--python_aristaproto_opt=server_generation=sync_async,server_async_transport=grpcio,pydantic_dataclasses",
    "--python_aristaproto_opt=google_protobuf_descriptors=true",
];

type Files = BTreeMap<String, String>;

fn from_config(config: &Config) -> Files {
    let protos = workspace().join("tests/protos");
    let set = config
        .load(&PROTOS.map(|name| protos.join(name)), &[&protos])
        .unwrap();
    let files = config.generate(&set).unwrap().files;
    files
        .into_iter()
        .map(|file| (file.path, file.text))
        .collect()
}

fn from_macro(files: &[(&str, &str)]) -> Files {
    files
        .iter()
        .map(|&(path, text)| (path.to_owned(), text.to_owned()))
        .collect()
}

/// What lies in a folder; the manifest is the folder's own and no generated file.
fn from_disk(folder: &Path) -> Files {
    WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file() && entry.file_name() != ".aristaproto-manifest")
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            (
                path.to_str().unwrap().to_owned(),
                fs::read_to_string(entry.path()).unwrap(),
            )
        })
        .collect()
}

/// PATH with the plugin on it.
fn path_with_plugin() -> OsString {
    let plugin = plugin_program();
    let mut folders = vec![plugin.parent().unwrap().to_owned()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    std::env::join_paths(folders).unwrap()
}

/// Runs a protoc on protos, the way the specification does.
fn protoc(
    mut command: Command,
    folder_of_protos: &str,
    path: &OsString,
    options: &[&str],
    protos: &[&str],
) -> (Output, Files) {
    let folder = tempfile::tempdir().unwrap();
    let lib = folder.path().join("lib");
    fs::create_dir(&lib).unwrap();
    let output = command
        .args([
            "-I",
            ".",
            &format!("--python_aristaproto_out={}", lib.display()),
        ])
        .args(options)
        .args(protos)
        .current_dir(workspace().join("tests").join(folder_of_protos))
        .env("PATH", path)
        .output()
        .unwrap();
    (output, from_disk(&lib))
}

fn grpc_tools() -> Command {
    let mut command = Command::new(python());
    command.args(["-m", "grpc_tools.protoc"]);
    command
}

#[test]
fn the_doors_give_the_same_files() {
    let path = path_with_plugin();
    let mut everything = Config::new();
    everything
        .client_generation(ClientGeneration::SyncAsyncNoDefault)
        .client_async_transport(AsyncTransport::Grpcio)
        .server_generation(ServerGeneration::SyncAsync)
        .server_async_transport(AsyncTransport::Grpcio)
        .pydantic_dataclasses(true)
        .google_protobuf_descriptors(true);
    let cases = [
        (Config::new(), defaults::FILES, defaults::OUT_DIR, &[][..]),
        (
            everything,
            everything::FILES,
            everything::OUT_DIR,
            &EVERYTHING[..],
        ),
    ];
    for (config, macro_files, macro_folder, options) in cases {
        let expected = from_config(&config);
        assert!(expected["example/__init__.py"].contains("class Request("));
        assert_eq!(from_macro(macro_files), expected);
        assert_eq!(from_disk(Path::new(macro_folder)), expected);
        for command in [Command::new(aristaproto_tests::protoc()), grpc_tools()] {
            let (output, files) = protoc(command, "protos", &path, options, &PROTOS);
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert_eq!(files, expected);
        }
    }
}

#[test]
fn the_doors_know_the_same_extern_packages() {
    let stacked = workspace().join("tests/stacked");
    let mut config = Config::new();
    config
        .extern_package("acme.shared", "acme_protos.acme.shared")
        .extern_package("acme.shared.import", ".labels");
    let set = config.load(&[stacked.join("orders")], &[&stacked]).unwrap();
    let generated = config.generate(&set).unwrap();
    assert_eq!(generated.warnings, []);
    let files = generated.files.into_iter();
    let expected: Files = files.map(|file| (file.path, file.text)).collect();
    let orders = &expected["acme/orders/__init__.py"];
    assert!(
        orders.contains("\"acme_protos.acme.shared:Money\""),
        "{orders}"
    );
    assert!(orders.contains("\"...labels:Label\""), "{orders}");
    assert!(!expected.keys().any(|path| path.contains("shared")));
    assert_eq!(from_macro(standing::FILES), expected);
    let options = [
        "--python_aristaproto_opt=extern_package=acme.shared:acme_protos.acme.shared",
        "--python_aristaproto_opt=extern_package=acme.shared.import:.labels",
    ];
    let protos = ["orders/note.proto", "orders/orders.proto"];
    let command = Command::new(aristaproto_tests::protoc());
    let (output, files) = protoc(command, "stacked", &path_with_plugin(), &options, &protos);
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!(files, expected);
}

#[test]
fn a_wrong_option_of_the_plugin_is_one_line() {
    let path = path_with_plugin();
    for command in [Command::new(aristaproto_tests::protoc()), grpc_tools()] {
        let (output, files) = protoc(
            command,
            "protos",
            &path,
            &["--python_aristaproto_opt=client_generaton=sync"],
            &PROTOS,
        );
        assert!(!output.status.success());
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "--python_aristaproto_out: there is no option `client_generaton`; the options are: out_dir, \
             client_generation, client_async_transport, server_generation, server_async_transport, pydantic_dataclasses, \
             google_protobuf_descriptors, omit_empty_init_files, extern_package; did you mean `client_generation`?\n"
        );
        assert!(files.is_empty());
    }
}

#[test]
fn what_the_plugin_had_to_rename_is_on_standard_error() {
    let path = path_with_plugin();
    for command in [Command::new(aristaproto_tests::protoc()), grpc_tools()] {
        let (output, files) = protoc(command, "protos", &path, &[], &["hostile/identity.proto"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        // The plugin has no source to show.
        assert!(
            said.contains(
                "hostile/identity.proto:7:23: warning: field `_` of message `_` is `__` in Python: message `_` \
                 (hostile/identity.proto:6:9) has the name\n  hint: rename one of the two if the name matters\n"
            ),
            "{said}"
        );
        assert!(files["hostile/identity/__init__.py"].contains("    __: _ | None"));
    }
}
