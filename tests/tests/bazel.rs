//! What examples/bazel promises: a proto package generated alone, by the script that is the rule's action and in an empty
//! environment, has the module that it has when everything is generated at once. Bazel itself is not run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use aristaproto_tests::{plugin_program, protoc, run_python, workspace};
use walkdir::WalkDir;

/// The proto files below a folder by their package.
fn packages(protos: &Path) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in WalkDir::new(protos).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(protos).unwrap().to_str().unwrap();
        // The hostile packages want each other's folders, which only a run over all of them sees.
        if Path::new(name).extension().is_none() || name.starts_with("hostile/packages/") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let package = text
            .lines()
            .find_map(|line| line.strip_prefix("package ")?.strip_suffix(';'));
        // A file without a package has the root of the tree to itself, which the rule does not make.
        if let Some(package) = package {
            found
                .entry(package.to_owned())
                .or_default()
                .push(name.to_owned());
        }
    }
    found
}

/// The arguments of protoc but for where the tree goes.
fn arguments(plugin: &Path, protos: &Path, files: &[String]) -> Vec<String> {
    let mut arguments = vec![
        format!(
            "--plugin=protoc-gen-python_aristaproto={}",
            plugin.display()
        ),
        format!("-I{}", protos.display()),
        "--python_aristaproto_opt=client_generation=sync".to_owned(),
    ];
    arguments.extend_from_slice(files);
    arguments
}

/// Runs the action for one package: copies `wanted` of its tree to the same places below `out`.
fn pick(plugin: &Path, protos: &Path, files: &[String], wanted: &[String], out: &Path) {
    let output = try_to_pick(plugin, protos, files, wanted, out);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn try_to_pick(
    plugin: &Path,
    protos: &Path,
    files: &[String],
    wanted: &[String],
    out: &Path,
) -> Output {
    for path in wanted {
        fs::create_dir_all(out.join(path).parent().unwrap()).unwrap();
    }
    Command::new(workspace().join("examples/bazel/aristaproto/pick.sh"))
        .env_clear()
        .args(
            wanted
                .iter()
                .map(|path| format!("{path}={}", out.join(path).display())),
        )
        .arg("--")
        .arg(protoc())
        .args(arguments(plugin, protos, files))
        .output()
        .unwrap()
}

fn files_below(folder: &Path) -> Vec<String> {
    WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().strip_prefix(folder).unwrap().to_owned())
        .map(|path| path.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn packages_apart_are_the_packages_together() {
    let plugin = plugin_program();
    let protos = workspace().join("tests/protos");
    let packages = packages(&protos);
    assert!(packages.len() > 20, "{packages:?}");
    let folder = tempfile::tempdir().unwrap();
    let (together, apart) = (folder.path().join("together"), folder.path().join("apart"));
    fs::create_dir(&together).unwrap();
    let all: Vec<String> = packages.values().flatten().cloned().collect();
    let done = Command::new(protoc())
        .arg(format!("--python_aristaproto_out={}", together.display()))
        .args(arguments(&plugin, &protos, &all))
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );

    let mut pool = vec!["message_pool.py".to_owned()];
    for (package, files) in &packages {
        let parts: Vec<&str> = package
            .split('.')
            .map(|part| match part {
                "class" => "class_",
                "import" => "import_",
                other => other,
            })
            .collect();
        let module = parts.join("/");
        let mut wanted = vec![
            format!("{module}/__init__.py"),
            format!("{module}/_descriptors.py"),
        ];
        wanted.append(&mut pool);
        pick(&plugin, &protos, files, &wanted, &apart);
        for path in wanted {
            assert_eq!(
                fs::read_to_string(apart.join(&path)).unwrap(),
                fs::read_to_string(together.join(&path)).unwrap(),
                "{path} of package {package}"
            );
        }
    }
    // The action writes what it declares and nothing else.
    assert_eq!(files_below(&apart).len(), 2 * packages.len() + 1);
}

#[test]
fn parts_must_be_declared() {
    let folder = tempfile::tempdir().unwrap();
    let values = |name: &str| -> Vec<String> {
        let values = 0..15_000;
        values.map(|it| format!("{name}_{it} = {it};")).collect()
    };
    let [a, b] = ["A", "B"].map(|name| format!("enum {name} {{ {} }}", values(name).concat()));
    let proto = format!("syntax = \"proto3\"; package big; {a} {b}");
    fs::write(folder.path().join("big.proto"), proto).unwrap();
    let try_to_pick = |names: &[&str]| {
        let wanted: Vec<String> = names.iter().map(|name| format!("big/{name}")).collect();
        let (files, out) = (["big.proto".to_owned()], folder.path().join("out"));
        try_to_pick(&plugin_program(), folder.path(), &files, &wanted, &out)
    };
    let output = try_to_pick(&["__init__.py", "_part1.py"]);
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "big/_part2.py is not declared: `parts` of the rule says how many there are\n"
    );
    let output = try_to_pick(&["__init__.py", "_part1.py", "_part2.py"]);
    assert!(output.status.success());
}

#[test]
fn the_example_runs() {
    let plugin = plugin_program();
    let example = workspace().join("examples/bazel");
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("lib");
    for (package, files) in packages(&example.join("proto")) {
        let module = package.replace('.', "/");
        let wanted = ["__init__.py", "_descriptors.py"].map(|name| format!("{module}/{name}"));
        let mut wanted = wanted.to_vec();
        if !tree.exists() {
            wanted.push("message_pool.py".to_owned());
        }
        pick(&plugin, &example.join("proto"), &files, &wanted, &tree);
        let above = module.split('/').next().unwrap();
        fs::write(tree.join(above).join("__init__.py"), "").unwrap();
    }
    fs::write(tree.join("__init__.py"), "").unwrap();
    let main = folder.path().join("main.py");
    fs::copy(example.join("python/main.py"), &main).unwrap();
    assert_eq!(
        run_python(folder.path(), [main]).trim(),
        r#"{"name": {"given": "Ada", "family": "Lovelace"}}"#
    );
}
