//! Every message that the engine has (`CODES`), provoked by the bad input in a folder of `tests/diagnostics` and compared, place,
//! line, caret and hint, with the text beside it: `expected.txt`, or `protoc.txt` and `protox.txt` where the front ends say it
//! in other words. `cargo xtask bless` writes the texts anew.
//!
//! A folder's `case.txt` says what is not usual: `protos` and `includes` (paths in the folder, separated by commas), `protoc`
//! (the program to run), `option` (`key=value`, as often as needed; with a wrong one nothing else is run).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aristaproto_build::descriptor::source_code_info::Location;
use aristaproto_build::descriptor::{
    field_descriptor_proto, DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto,
    FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, SourceCodeInfo,
};
use aristaproto_build::DescriptorSet;
use aristaproto_build::{Config, Diagnostic, Error, FrontEnd, Options, CODES};
use aristaproto_tests::{assert_golden, is_blessing, workspace};
use prost::Message;

/// Messages that no .proto file provokes, and the test that does.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "no_compiler",
        "tests/tests/cargo_builds.rs",
        "without_a_compiler_the_build_says_how_to_get_one",
    ),
    (
        "vendored_protoc_is_off",
        "tests/tests/cargo_builds.rs",
        "without_a_compiler_the_build_says_how_to_get_one",
    ),
    (
        "protox_is_off",
        "tests/tests/cargo_builds.rs",
        "without_a_compiler_the_build_says_how_to_get_one",
    ),
    (
        "prebuilt_protoc_is_off",
        "tests/tests/cargo_builds.rs",
        "without_a_compiler_the_build_says_how_to_get_one",
    ),
    (
        "no_protoc_on_path",
        "tests/tests/errors.rs",
        "protoc_from_the_environment_is_used_or_named",
    ),
    (
        "protoc_cannot_run",
        "tests/tests/errors.rs",
        "a_protoc_that_is_not_there_is_named",
    ),
    (
        "protoc_failed",
        "tests/tests/errors.rs",
        "a_protoc_that_fails_without_a_word_is_named",
    ),
    (
        "protoc_without_editions",
        "tests/tests/errors.rs",
        "a_protoc_older_than_editions_is_told_to_go",
    ),
    (
        "cannot",
        "tests/tests/errors.rs",
        "a_link_in_a_folder_that_leads_nowhere_is_named",
    ),
    (
        "path_not_utf8",
        "tests/tests/errors.rs",
        "a_path_that_is_not_text_is_named",
    ),
    (
        "file_not_in_set",
        "aristaproto-build/src/source.rs",
        "a_file_that_was_asked_for_must_be_there",
    ),
    (
        "not_a_request",
        "aristaproto-build/src/plugin.rs",
        "noise_is_answered_not_crashed_on",
    ),
    (
        "prost_failed",
        "tests/tests/rust_types.rs",
        "what_prost_says_is_passed_on",
    ),
    (
        "prost_without_editions",
        "tests/tests/rust_types.rs",
        "an_edition_is_refused_where_prost_would_guess",
    ),
    (
        "pyo3_without_prost",
        "tests/tests/rust_types.rs",
        "classes_without_rust_types_are_refused",
    ),
    (
        "export_without_links",
        "tests/tests/proto_crates.rs",
        "faults_say_what_to_do",
    ),
    (
        "no_proto_crate",
        "tests/tests/proto_crates.rs",
        "faults_say_what_to_do",
    ),
    (
        "proto_of_a_dependency",
        "tests/tests/proto_crates.rs",
        "faults_say_what_to_do",
    ),
    (
        "proto_of_two_crates",
        "tests/tests/proto_crates.rs",
        "faults_say_what_to_do",
    ),
    (
        "proto_hides_another",
        "tests/tests/proto_crates.rs",
        "faults_say_what_to_do",
    ),
    (
        "proto_crate_below",
        "tests/tests/proto_crates.rs",
        "faults_say_what_to_do",
    ),
    (
        "proto_crate_without_rust",
        "tests/tests/proto_crates.rs",
        "faults_say_what_to_do",
    ),
    (
        "export_of_another_version",
        "tests/tests/proto_crates.rs",
        "faults_say_what_to_do",
    ),
    (
        "cannot_for_a_file",
        "tests/tests/output.rs",
        "a_folder_that_cannot_be_made_is_named",
    ),
    (
        "cannot_for_permissions",
        "tests/tests/output.rs",
        "a_folder_without_permission_is_named",
    ),
    (
        "no_out_dir",
        "tests/tests/output.rs",
        "without_a_folder_the_error_says_what_to_do",
    ),
    (
        "tree_of_another_package",
        "tests/tests/output.rs",
        "two_packages_cannot_share_a_folder",
    ),
    (
        "path_leads_out",
        "tests/tests/output.rs",
        "a_path_that_leads_out_of_the_folder_is_refused",
    ),
    (
        "second_call",
        "tests/tests/cargo_builds.rs",
        "two_calls_with_one_folder_are_refused",
    ),
    (
        "file_in_the_way",
        "tests/tests/output.rs",
        "a_file_that_was_not_generated_is_never_overwritten",
    ),
    (
        "option_without_folder",
        "tests/tests/protoc_losses.rs",
        "a_folder_that_is_not_there_is_a_slip",
    ),
    (
        "init_file_in_the_way",
        "tests/tests/protoc_losses.rs",
        "files_of_the_user_are_not_replaced_when_the_plugin_knows_the_folder",
    ),
    (
        "package_in_part",
        "tests/tests/protoc_losses.rs",
        "a_package_keeps_its_classes_when_the_plugin_knows_the_folder",
    ),
    (
        "imported_package_in_part",
        "tests/tests/protoc_losses.rs",
        "a_package_keeps_its_classes_when_the_plugin_knows_the_folder",
    ),
    (
        "well_known_package_in_part",
        "tests/tests/protoc_losses.rs",
        "the_package_of_the_well_known_types_keeps_its_classes",
    ),
    (
        "replaced_by_protoc",
        "tests/tests/protoc_losses.rs",
        "without_the_option_a_loss_is_a_warning_on_linux",
    ),
    (
        "read_only_package",
        "tests/tests/cargo_builds.rs",
        "a_package_that_is_only_checked_or_documented_is_left_alone",
    ),
    (
        "missing_in_read_only_package",
        "tests/tests/cargo_builds.rs",
        "a_package_that_is_only_checked_or_documented_is_left_alone",
    ),
    (
        "out_of_date",
        "tests/tests/output.rs",
        "the_check_shows_what_differs_and_writes_nothing",
    ),
    (
        "missing_in_tree",
        "tests/tests/output.rs",
        "the_check_shows_what_differs_and_writes_nothing",
    ),
    (
        "no_longer_generated",
        "tests/tests/output.rs",
        "the_check_shows_what_differs_and_writes_nothing",
    ),
];

/// What `case.txt` says, or else the usual.
#[derive(Default)]
struct Case {
    protos: Vec<PathBuf>,
    includes: Vec<PathBuf>,
    protoc: Option<PathBuf>,
    options: Vec<String>,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let mut case = Self {
            includes: vec![folder.to_owned()],
            ..Self::default()
        };
        let text = fs::read_to_string(folder.join("case.txt")).unwrap_or_default();
        let mut names_protos = false;
        for line in text.lines() {
            let (key, value) = line.split_once('=').unwrap();
            let paths = || {
                let paths = value.split(',').map(str::trim).filter(|it| !it.is_empty());
                paths.map(|path| folder.join(path)).collect()
            };
            match key.trim() {
                "protos" => (case.protos, names_protos) = (paths(), true),
                "includes" => case.includes = paths(),
                "protoc" => case.protoc = Some(folder.join(value.trim())),
                "option" => case.options.push(value.trim().to_owned()),
                other => panic!("{other} in {}", folder.display()),
            }
        }
        if !names_protos {
            case.protos = vec![folder.to_owned()];
        }
        case
    }

    /// Everything that the engine has to say.
    fn run(&self, front_end: FrontEnd) -> Vec<Diagnostic> {
        let mut options = Options::default();
        let wrong = self.options.iter().filter_map(|option| {
            let (key, value) = option
                .split_once('=')
                .map_or((option.as_str(), None), |(key, value)| (key, Some(value)));
            options.set(key, value).err()
        });
        let wrong: Vec<Diagnostic> = wrong.collect();
        if !wrong.is_empty() {
            return wrong;
        }
        let mut config = Config::new();
        config.options(options).front_end(match &self.protoc {
            Some(protoc) => FrontEnd::Protoc(protoc.clone()),
            None => front_end,
        });
        match config.load(&self.protos, &self.includes) {
            Ok(set) => all(&config, &set),
            Err(error) => error.diagnostics().to_vec(),
        }
    }
}

/// What there is to say about a descriptor set.
fn all(config: &Config, set: &DescriptorSet) -> Vec<Diagnostic> {
    let generated = match config.generate(set) {
        Ok(generated) => generated.warnings,
        Err(error) => error.diagnostics().to_vec(),
    };
    [set.warnings.clone(), generated].concat()
}

fn report(found: &[Diagnostic]) -> String {
    let lines: Vec<String> = found.iter().map(|it| format!("{it}\n")).collect();
    lines
        .concat()
        .replace(&workspace().display().to_string(), "<workspace>")
}

/// Compares, or writes; an empty report has no file.
fn compare(path: &Path, text: &str) {
    if !text.is_empty() {
        assert_golden(path, text);
    } else if is_blessing() && path.exists() {
        fs::remove_file(path).unwrap();
    } else {
        assert!(!path.exists(), "{} is not said any more", path.display());
    }
}

/// Files with something in each that a protobuf compiler refuses.
fn not_conforming() -> Vec<FileDescriptorProto> {
    let file = |name: &str| FileDescriptorProto {
        name: Some(name.to_owned()),
        ..FileDescriptorProto::default()
    };
    let place = |path: &[i32], line: i32| Location {
        path: path.to_vec(),
        span: vec![line, 4, 20],
        ..Location::default()
    };
    let named = |name: &str| Some(name.to_owned());
    let value = EnumValueDescriptorProto {
        name: named("print;import os;os.abort();B"),
        ..EnumValueDescriptorProto::default()
    };
    let enums = vec![
        EnumDescriptorProto {
            name: named("E"),
            value: vec![value],
            ..EnumDescriptorProto::default()
        },
        EnumDescriptorProto {
            name: named("Empty"),
            ..EnumDescriptorProto::default()
        },
    ];
    let field = FieldDescriptorProto {
        name: named(&"long ".repeat(100)),
        number: Some(0),
        ..FieldDescriptorProto::default()
    };
    let message = DescriptorProto {
        name: named("M"),
        field: vec![field],
        ..DescriptorProto::default()
    };
    vec![
        FileDescriptorProto {
            package: named("a.../../b"),
            enum_type: enums,
            message_type: vec![message],
            source_code_info: Some(SourceCodeInfo {
                location: vec![
                    place(&[2], 1),
                    place(&[5, 0, 2, 0, 1], 9),
                    place(&[5, 1], 12),
                    place(&[4, 0, 2, 0], 20),
                ],
            }),
            ..file("names.proto")
        },
        FileDescriptorProto {
            syntax: named("proto4"),
            ..file("syntax.proto")
        },
        file("../../outside.proto"),
    ]
}

/// Descriptors that no protobuf compiler writes.
fn made() -> Vec<(&'static str, Result<DescriptorSet, Error>)> {
    let set = |field: FieldDescriptorProto| {
        let message = DescriptorProto {
            name: Some("A".to_owned()),
            field: vec![field],
            ..DescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            message_type: vec![message],
            ..FileDescriptorProto::default()
        };
        DescriptorSet::from_bytes(&FileDescriptorSet { file: vec![file] }.encode_to_vec())
    };
    let field = FieldDescriptorProto {
        name: Some("field".to_owned()),
        number: Some(1),
        ..FieldDescriptorProto::default()
    };
    let importing = FileDescriptorProto {
        name: Some("a.proto".to_owned()),
        dependency: vec!["b.proto".to_owned(), "c.proto".to_owned()],
        ..FileDescriptorProto::default()
    };
    let importing = FileDescriptorSet {
        file: vec![importing],
    }
    .encode_to_vec();
    let conformity = FileDescriptorSet {
        file: not_conforming(),
    };
    vec![
        (
            "conformity",
            DescriptorSet::from_bytes(&conformity.encode_to_vec()),
        ),
        (
            "not_a_descriptor_set",
            DescriptorSet::from_bytes(b"syntax = \"proto3\";"),
        ),
        ("import_not_in_set", DescriptorSet::from_bytes(&importing)),
        (
            "type_not_in_set",
            set(FieldDescriptorProto {
                type_name: Some(".pkg.Missing".to_owned()),
                ..field.clone()
            }),
        ),
        (
            "wrong_default",
            set(FieldDescriptorProto {
                r#type: Some(field_descriptor_proto::Type::Int32 as i32),
                default_value: Some("many".to_owned()),
                ..field
            }),
        ),
    ]
}

#[test]
fn every_message_is_the_one_that_is_checked_in() {
    let root = workspace().join("tests/diagnostics");
    let mut codes: BTreeSet<&str> = BTreeSet::new();
    for (name, set) in made() {
        let found = match set {
            Ok(set) => all(&Config::new(), &set),
            Err(error) => error.diagnostics().to_vec(),
        };
        codes.extend(found.iter().map(Diagnostic::code));
        assert_golden(&root.join(format!("{name}.txt")), &report(&found));
    }
    for entry in fs::read_dir(&root).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let case = Case::read(&folder);
        let [first, second] = [FrontEnd::PrebuiltProtoc, FrontEnd::Protox].map(|front_end| {
            let found = case.run(front_end);
            codes.extend(found.iter().map(Diagnostic::code));
            report(&found)
        });
        assert!(
            !first.is_empty() || !second.is_empty(),
            "{}",
            folder.display()
        );
        let is_same = first == second;
        let same = if is_same { first.as_str() } else { "" };
        let only = |text: &str| {
            if is_same {
                String::new()
            } else {
                text.to_owned()
            }
        };
        compare(&folder.join("expected.txt"), same);
        compare(&folder.join("protoc.txt"), &only(&first));
        compare(&folder.join("protox.txt"), &only(&second));
    }
    for (code, file, test) in ELSEWHERE {
        let text = fs::read_to_string(workspace().join(file)).unwrap();
        assert!(
            text.contains(&format!("fn {test}()")),
            "{test} is not in {file}"
        );
        assert!(
            codes.insert(code),
            "{code} has a case, and stands in ELSEWHERE"
        );
    }
    let without: Vec<&&str> = CODES
        .iter()
        .filter(|code| !codes.contains(**code))
        .collect();
    assert!(without.is_empty(), "without a case: {without:?}");
    let unknown: Vec<&&str> = codes.iter().filter(|code| !CODES.contains(*code)).collect();
    assert!(unknown.is_empty(), "not in the table: {unknown:?}");
}
