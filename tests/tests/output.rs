//! What happens on disk: only what differs is written, only what was generated is touched, nothing is lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use aristaproto_build::GeneratedFile;
use aristaproto_build::{Config, Error};
use tempfile::TempDir;
use walkdir::WalkDir;

const MANIFEST: &str = ".aristaproto-manifest";

fn file(path: &str, text: &str) -> GeneratedFile {
    GeneratedFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

fn write(root: &Path, files: &[GeneratedFile]) -> Result<PathBuf, Error> {
    Config::new().out_dir(root).write(files)
}

/// Every file below `root` with its text and its time of change.
fn snapshot(root: &Path) -> BTreeMap<String, (String, SystemTime)> {
    WalkDir::new(root)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry
                .path()
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let text = fs::read_to_string(entry.path()).unwrap();
            (path, (text, entry.metadata().unwrap().modified().unwrap()))
        })
        .collect()
}

fn names(root: &Path) -> Vec<String> {
    snapshot(root).into_keys().collect()
}

/// A tree with two packages in a fresh folder.
fn tree() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("python/lib");
    write(
        &root,
        &[
            file("__init__.py", ""),
            file("a/__init__.py", "A = 1\n"),
            file("b/c/__init__.py", "C = 1\n"),
        ],
    )
    .unwrap();
    (folder, root)
}

#[test]
fn a_second_write_of_the_same_touches_nothing() {
    let (_folder, root) = tree();
    assert_eq!(
        names(&root),
        [MANIFEST, "__init__.py", "a/__init__.py", "b/c/__init__.py"]
    );
    let before = snapshot(&root);
    thread::sleep(Duration::from_millis(20));
    write(
        &root,
        &[
            file("__init__.py", ""),
            file("a/__init__.py", "A = 1\n"),
            file("b/c/__init__.py", "C = 1\n"),
        ],
    )
    .unwrap();
    assert_eq!(snapshot(&root), before);
}

#[test]
fn only_the_file_that_differs_is_written() {
    let (_folder, root) = tree();
    let before = snapshot(&root);
    thread::sleep(Duration::from_millis(20));
    write(
        &root,
        &[
            file("__init__.py", ""),
            file("a/__init__.py", "A = 2\n"),
            file("b/c/__init__.py", "C = 1\n"),
        ],
    )
    .unwrap();
    let after = snapshot(&root);
    let changed: Vec<&String> = after
        .keys()
        .filter(|name| after[*name] != before[*name])
        .collect();
    assert_eq!(changed, ["a/__init__.py"]);
    assert_eq!(after["a/__init__.py"].0, "A = 2\n");
}

#[test]
fn what_is_no_longer_generated_goes_and_the_users_files_stay() {
    let (_folder, root) = tree();
    fs::write(root.join("a/handwritten.py"), "mine").unwrap();
    fs::write(root.join("notes.txt"), "mine, too").unwrap();
    for folder in ["a", "b/c"] {
        fs::create_dir(root.join(folder).join("__pycache__")).unwrap();
        fs::write(
            root.join(folder)
                .join("__pycache__/__init__.cpython-312.pyc"),
            "cache",
        )
        .unwrap();
    }
    fs::write(
        root.join("a/__pycache__/handwritten.cpython-312.pyc"),
        "cache",
    )
    .unwrap();
    write(&root, &[file("__init__.py", "")]).unwrap();
    assert_eq!(
        names(&root),
        [
            MANIFEST,
            "__init__.py",
            "a/__pycache__/handwritten.cpython-312.pyc",
            "a/handwritten.py",
            "notes.txt"
        ]
    );
    assert!(!root.join("b").exists());
}

#[test]
fn a_deleted_file_comes_back() {
    let (_folder, root) = tree();
    fs::remove_file(root.join("a/__init__.py")).unwrap();
    write(
        &root,
        &[
            file("__init__.py", ""),
            file("a/__init__.py", "A = 1\n"),
            file("b/c/__init__.py", "C = 1\n"),
        ],
    )
    .unwrap();
    assert_eq!(
        fs::read_to_string(root.join("a/__init__.py")).unwrap(),
        "A = 1\n"
    );
}

#[test]
fn a_file_that_was_not_generated_is_never_overwritten() {
    let (_folder, root) = tree();
    fs::create_dir_all(root.join("d")).unwrap();
    fs::write(root.join("d/__init__.py"), "mine").unwrap();
    fs::create_dir_all(root.join("e/__init__.py")).unwrap();
    let before = snapshot(&root);
    let error = write(
        &root,
        &[
            file("a/__init__.py", "A = 2\n"),
            file("d/__init__.py", "D = 1\n"),
            file("e/__init__.py", "E = 1\n"),
        ],
    )
    .unwrap_err();
    let root_shown = root.display();
    let hint = "  hint: move it away, or choose another `out_dir`; if it was generated by other means, delete it";
    assert_eq!(
        error.to_string(),
        format!(
            "`{root_shown}/d/__init__.py` is in the way of a generated file and was not generated\n{hint}\n\
             `{root_shown}/e/__init__.py` is in the way of a generated file and was not generated\n{hint}"
        )
    );
    assert!(error.is_io());
    assert_eq!(
        snapshot(&root),
        before,
        "an error must leave the tree as it was"
    );
}

#[test]
fn a_tree_without_its_manifest_is_taken_over_when_it_is_the_same() {
    let (_folder, root) = tree();
    fs::remove_file(root.join(MANIFEST)).unwrap();
    let files = [
        file("__init__.py", ""),
        file("a/__init__.py", "A = 1\n"),
        file("b/c/__init__.py", "C = 1\n"),
    ];
    write(&root, &files).unwrap();
    assert!(fs::read_to_string(root.join(MANIFEST))
        .unwrap()
        .ends_with("\n__init__.py\na/__init__.py\nb/c/__init__.py\n"));
}

#[test]
fn two_packages_cannot_share_a_folder() {
    let (_folder, root) = tree();
    let manifest = root.join(MANIFEST);
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("# package: aristaproto-tests\n"), "{text}");
    fs::write(&manifest, text.replace("aristaproto-tests", "other")).unwrap();
    let before = snapshot(&root);
    assert_eq!(
        write(&root, &[file("__init__.py", "")]).unwrap_err().to_string(),
        format!(
            "`{}` holds what the package `other` generated, and `aristaproto-tests` would replace it\n  \
             hint: give each package a folder of its own; if the package was renamed, delete the folder",
            root.display()
        )
    );
    assert_eq!(snapshot(&root), before);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "not a folder").unwrap();
    for (root, why) in [
        (path.join("lib"), "Not a directory (os error 20)"),
        (path.clone(), "File exists (os error 17)"),
    ] {
        let error = write(&root, &[file("__init__.py", "")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot make the folder {}: {why}\n  hint: a file is there, or on the way: choose another `out_dir`",
                root.display()
            )
        );
        assert!(error.is_io());
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "not a folder");
}

/// Tests may run as root, to whom everything is permitted but to make a folder there.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_without_permission_is_named() {
    let error = write(Path::new("/sys/aristaproto"), &[file("__init__.py", "")]).unwrap_err();
    let report = error.to_string();
    assert!(
        report.starts_with("cannot make the folder /sys/aristaproto: "),
        "{report}"
    );
    assert!(
        report.ends_with("\n  hint: make it writable, or choose another `out_dir`"),
        "{report}"
    );
}

#[test]
fn a_path_that_leads_out_of_the_folder_is_refused() {
    let (_folder, root) = tree();
    let before = snapshot(&root);
    for path in ["../a.py", "/tmp/a.py", "a/../../b.py"] {
        let error = write(&root, &[file(path, "A = 1\n")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{path}` is no path below a folder")
        );
    }
    assert_eq!(snapshot(&root), before);
}

#[test]
fn a_users_file_where_a_package_belongs_leaves_the_rest_whole() {
    let (_folder, root) = tree();
    fs::write(root.join("d"), "mine").unwrap();
    let before = snapshot(&root);
    let error = write(
        &root,
        &[
            file("a/__init__.py", "A = 2\n"),
            file("d/__init__.py", "D = 1\n"),
        ],
    )
    .unwrap_err();
    assert!(error.is_io());
    assert!(
        error.to_string().contains(&format!("{}/d", root.display())),
        "{error}"
    );
    assert_eq!(snapshot(&root), before);
}

#[test]
fn the_check_shows_what_differs_and_writes_nothing() {
    let (_folder, root) = tree();
    fs::write(root.join("a/__init__.py"), "A = 1\nB = 2\n").unwrap();
    let before = snapshot(&root);
    let error = Config::new()
        .out_dir(&root)
        .check(true)
        .write(&[
            file("__init__.py", ""),
            file("a/__init__.py", "A = 2\nB = 2\n"),
            file("z/__init__.py", ""),
        ])
        .unwrap_err();
    let shown = root.display();
    assert_eq!(
        error.to_string(),
        format!(
            "`{shown}/a/__init__.py` is out of date\n\
             --- on disk\n\
             +++ generated now\n\
             @@ -1,2 +1,2 @@\n\
             -A = 1\n\
             +A = 2\n \
             B = 2\n\
             `{shown}/z/__init__.py` is missing\n\
             `{shown}/b/c/__init__.py` is no longer generated\n  \
             hint: build without the check to bring the tree up to date"
        )
    );
    assert!(error.is_stale());
    assert_eq!(snapshot(&root), before);
}

#[test]
fn the_check_is_content_with_a_tree_that_is_right() {
    let (_folder, root) = tree();
    let files = [
        file("__init__.py", ""),
        file("a/__init__.py", "A = 1\n"),
        file("b/c/__init__.py", "C = 1\n"),
    ];
    let before = snapshot(&root);
    Config::new()
        .out_dir(&root)
        .check(true)
        .write(&files)
        .unwrap();
    assert_eq!(snapshot(&root), before);
    let nowhere = root.with_file_name("nowhere");
    let error = Config::new()
        .out_dir(&nowhere)
        .check(true)
        .write(&files)
        .unwrap_err();
    assert_eq!(error.diagnostics().len(), 3);
    assert!(!nowhere.exists());
}

#[test]
fn writers_at_the_same_time_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("lib");
    // Two sets of files that differ in texts and in paths; whoever is last must find the tree in order.
    let sets: Vec<Vec<GeneratedFile>> = ["one", "two"]
        .iter()
        .map(|set| {
            let own = (0..20).map(|index| file(&format!("{set}/m{index}.py"), set));
            let shared = (0..20)
                .map(|index| file(&format!("shared/m{index}.py"), &set.repeat(1000 + index)));
            own.chain(shared).collect()
        })
        .collect();
    thread::scope(|scope| {
        for worker in 0..8 {
            let (root, files) = (&root, &sets[worker % 2]);
            scope.spawn(move || {
                for _ in 0..20 {
                    write(root, files).unwrap();
                }
            });
        }
    });
    let left = snapshot(&root);
    let last = sets
        .iter()
        .find(|set| left.contains_key(&set[0].path))
        .expect("one of the sets is there");
    let mut expected: BTreeMap<&str, &str> = last
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    for (path, (text, _)) in &left {
        if path != MANIFEST {
            assert_eq!(
                Some(text.as_str()),
                expected.remove(path.as_str()),
                "{path}"
            );
        }
    }
    assert!(expected.is_empty(), "missing: {:?}", expected.keys());
}

#[test]
fn what_a_killed_writer_left_is_put_right() {
    let (_folder, root) = tree();
    // Killed after the longer list was in place and one of the new files was moved.
    let manifest = root.join(MANIFEST);
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text + "d/__init__.py\ne/__init__.py\n").unwrap();
    fs::create_dir_all(root.join("d")).unwrap();
    fs::write(root.join("d/__init__.py"), "D = 1\n").unwrap();
    fs::create_dir(root.join(".aristaproto-staging-x")).unwrap();
    fs::write(root.join(".aristaproto-staging-x/1"), "half a fi").unwrap();
    write(
        &root,
        &[file("__init__.py", ""), file("a/__init__.py", "A = 1\n")],
    )
    .unwrap();
    assert_eq!(names(&root), [MANIFEST, "__init__.py", "a/__init__.py"]);
    assert!(!root.join(".aristaproto-staging-x").exists());
}

/// The environment belongs to the process, so this runs itself again in one of its own.
#[test]
#[cfg(target_os = "linux")]
fn a_package_on_a_read_only_disk_is_left_alone() {
    const PACKAGE: &str = "/sys/kernel";
    const INNER: &str = "ARISTAPROTO_TEST_READ_ONLY";
    if std::env::var_os(INNER).is_none() {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_package_on_a_read_only_disk_is_left_alone"])
            .env(INNER, "1")
            .env("CARGO_MANIFEST_DIR", PACKAGE)
            .env_remove("OUT_DIR")
            .status()
            .unwrap();
        assert!(status.success());
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_package_on_a_read_only_disk_is_left_alone"])
            .env(INNER, "outside cargo")
            .current_dir(PACKAGE)
            .env_remove("CARGO_MANIFEST_DIR")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let files = [file("__init__.py", "")];
    if std::env::var(INNER).unwrap() == "outside cargo" {
        let error = Config::new().out_dir("lib").write(&files).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot make the folder lib: "),
            "{error}"
        );
        return;
    }
    assert_eq!(
        Config::new().out_dir("lib").write(&files).unwrap(),
        Path::new("/sys/kernel/lib")
    );
    // Outside the package, the same folder is an error.
    let outside = Config::new()
        .out_dir("/sys/fs/lib")
        .write(&files)
        .unwrap_err();
    assert!(
        outside
            .to_string()
            .starts_with("cannot make the folder /sys/fs/lib: "),
        "{outside}"
    );
}

#[test]
fn without_a_folder_the_error_says_what_to_do() {
    const INNER: &str = "ARISTAPROTO_TEST_NO_OUT_DIR";
    if std::env::var_os(INNER).is_none() {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "without_a_folder_the_error_says_what_to_do"])
            .env(INNER, "1")
            .env_remove("OUT_DIR")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    assert_eq!(
        Config::new().write(&[]).unwrap_err().to_string(),
        "there is no folder to write to: no `out_dir` was given, and cargo set no `OUT_DIR`\n  \
         hint: give an `out_dir`; or generate in a build script; for the macro, an empty build.rs (`fn main() {}`) makes \
         cargo set `OUT_DIR`"
    );
}
