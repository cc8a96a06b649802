//! Builds that are killed, run out of disk, run beside each other or are given odd folders: a right tree, or one clear error. The
//! environment variable `ARISTAPROTO_KILLS` makes the first test longer.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{scope, sleep};
use std::time::Duration;

use aristaproto_build::GeneratedFile;
use aristaproto_build::{Config, Error, FrontEnd, ServerGeneration};
use aristaproto_tests::workspace;
use fastrand::Rng;

/// Tells this program that it is one of the builds: which tree, and where to.
const INNER: &str = "ARISTAPROTO_TEST_BUILD";

/// One of two trees, which have files of the same names with other texts, and files that the other one has not.
fn tree(second: bool) -> Vec<GeneratedFile> {
    let protos = workspace().join("tests/protos");
    let mut config = Config::new();
    config.front_end(FrontEnd::Protox);
    let files = if second {
        config.server_generation(ServerGeneration::Async);
        ["calls.proto", "hostile"]
    } else {
        ["calls.proto", "public"]
    };
    let set = config.load(&files.map(|file| protos.join(file)), &[protos]);
    config.generate(&set.unwrap()).unwrap().files
}

fn write(folder: &Path, files: &[GeneratedFile]) -> Result<PathBuf, Error> {
    Config::new().out_dir(folder).write(files)
}

/// What lies in a folder, the manifest aside.
fn found(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(folder).follow_links(true).into_iter();
    let files = entries
        .map(Result::unwrap)
        .filter(|it| it.file_type().is_file());
    files
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            (
                path.to_str().unwrap().to_owned(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .filter(|(path, _)| path != ".aristaproto-manifest")
        .collect()
}

fn expected(files: &[GeneratedFile]) -> BTreeMap<String, Vec<u8>> {
    let files = files.iter();
    files
        .map(|file| (file.path.clone(), file.text.clone().into_bytes()))
        .collect()
}

/// If this process is a build, builds and ends it.
fn build_if_inner() {
    let Some(order) = std::env::var_os(INNER) else {
        return;
    };
    let (kind, folder) = order.as_bytes().split_at(1);
    let folder = Path::new(OsStr::from_bytes(folder));
    let trees = [tree(false), tree(true)];
    match kind {
        b"0" | b"1" => {
            let done = write(folder, &trees[usize::from(kind == b"1")]);
            if let Err(error) = &done {
                eprintln!("{error}");
            }
            std::process::exit(i32::from(done.is_err()));
        }
        // Again and again, until it is killed.
        _ => {
            fs::write(folder.with_extension("ready"), "").unwrap();
            for _ in 0..10_000 {
                for tree in &trees {
                    write(folder, tree).unwrap();
                }
            }
        }
    }
}

fn start(test: &str, kind: &str, folder: &Path) -> Child {
    let mut order = kind.as_bytes().to_vec();
    order.extend(folder.as_os_str().as_bytes());
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(INNER, OsStr::from_bytes(&order))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_build_that_is_killed_leaves_what_the_next_one_puts_right() {
    build_if_inner();
    let kills = std::env::var("ARISTAPROTO_KILLS").map_or(12, |count| count.parse().unwrap());
    let [first, second] = [tree(false), tree(true)];
    let texts = [expected(&first), expected(&second)];
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("tree");
    let ready = folder.with_extension("ready");
    let mut rng = Rng::with_seed(11);
    for _ in 0..kills {
        let _ = fs::remove_file(&ready);
        let mut child = start(
            "a_build_that_is_killed_leaves_what_the_next_one_puts_right",
            "2",
            &folder,
        );
        for _ in 0..600 {
            if ready.exists() {
                break;
            }
            sleep(Duration::from_millis(50));
        }
        sleep(Duration::from_micros(rng.u64(0..80_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        for (path, text) in found(&folder) {
            let is_staged = path.starts_with(".aristaproto-staging-");
            let is_whole = texts.iter().any(|tree| tree.get(&path) == Some(&text));
            assert!(is_staged || is_whole, "{path} is half-written");
        }
        write(&folder, &first).unwrap();
        assert_eq!(found(&folder), texts[0]);
    }
}

#[test]
fn builds_beside_each_other_take_turns() {
    build_if_inner();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("tree");
    let test = "builds_beside_each_other_take_turns";
    let children: Vec<Child> = (0..8)
        .map(|number| start(test, if number % 2 == 0 { "0" } else { "1" }, &folder))
        .collect();
    for child in children {
        let done = child.wait_with_output().unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    let trees = [expected(&tree(false)), expected(&tree(true))];
    assert!(trees.contains(&found(&folder)));
}

/// The locks of a process hold between its threads, too: an editor's macros are expanded in one process.
#[test]
fn threads_of_one_process_take_turns() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("tree");
    let trees = [tree(false), tree(true)];
    scope(|scope| {
        for number in 0..8 {
            let (folder, trees) = (&folder, &trees);
            scope.spawn(move || {
                for round in 0..10 {
                    write(folder, &trees[(number + round) % 2]).unwrap();
                }
            });
        }
    });
    let [first, second] = trees.map(|tree| expected(&tree));
    let left = found(&folder);
    assert!(left == first || left == second);
}

/// Needs a file system of its own, which the system may not give.
#[test]
fn a_full_disk_is_one_error_and_the_tree_stays() {
    build_if_inner();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("disk");
    fs::create_dir(&folder).unwrap();
    let order = format!("1{}/tree", folder.display());
    let script = format!(
        "mount -t tmpfs -o size=256k tmpfs '{0}' || exit 77\n{INNER}='0{0}/tree' \"$1\" --exact --nocapture \"$2\" >/dev/null || exit 78\n\
         before=$(cat $(find '{0}/tree' -type f | sort) | cksum)\n\
         head -c 1000000 /dev/zero > '{0}/filler' 2>/dev/null\n\
         {INNER}='{order}' \"$1\" --exact --nocapture \"$2\" >/dev/null 2>'{1}/said' && exit 79\n\
         after=$(cat $(find '{0}/tree' -type f | sort) | cksum)\n[ \"$before\" = \"$after\" ] || exit 80\n\
         find '{0}' -name '.aristaproto-staging*' | grep -q . && exit 81\nexit 0",
        folder.display(),
        parent.path().display()
    );
    let done = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .arg("a_full_disk_is_one_error_and_the_tree_stays")
        .output();
    let Ok(done) = done else {
        return println!("not tried: there is no unshare");
    };
    if done.status.code() == Some(77) || String::from_utf8_lossy(&done.stderr).contains("unshare") {
        return println!("not tried: {}", String::from_utf8_lossy(&done.stderr));
    }
    assert!(done.status.success(), "{done:?}");
    let said = fs::read_to_string(parent.path().join("said")).unwrap();
    assert!(
        said.starts_with("cannot ") && said.contains("No space left"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_tree_may_lie_anywhere() {
    let files = tree(false);
    let parent = tempfile::tempdir().unwrap();
    fs::create_dir(parent.path().join("real")).unwrap();
    symlink("real", parent.path().join("link")).unwrap();
    for name in [
        &b"a b"[..],
        b"caf\xe9",
        "日本 é".as_bytes(),
        b"link",
        b"it's \"quoted\" $HOME",
        b"deep/er/../er",
    ] {
        let folder = parent.path().join(OsStr::from_bytes(name));
        write(&folder, &files).unwrap();
        assert_eq!(found(&folder), expected(&files), "{name:?}");
        // Nothing is to be done the second time.
        write(&folder, &files).unwrap();
    }
}

#[test]
fn where_a_tree_cannot_be_the_error_says_so() {
    let files = tree(false);
    let parent = tempfile::tempdir().unwrap();
    let at = |name: &str| parent.path().join(name);
    fs::write(at("file"), "mine").unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink("file", at("to_file")).unwrap();
    fs::create_dir_all(at("folder/calls/__init__.py")).unwrap();
    fs::create_dir(at("file_for_folder")).unwrap();
    fs::write(at("file_for_folder/calls"), "mine").unwrap();
    for (name, message) in [
        ("file".to_owned(), "a file is there, or on the way"),
        ("file/below".to_owned(), "a file is there, or on the way"),
        ("dangling".to_owned(), "cannot make the folder"),
        ("to_file".to_owned(), "a file is there, or on the way"),
        (
            "folder".to_owned(),
            "/folder/calls/__init__.py` is in the way",
        ),
        (
            "file_for_folder".to_owned(),
            "/file_for_folder/calls` is in the way",
        ),
        ("x".repeat(300), "cannot make the folder"),
        ("long/".repeat(1_000), "cannot make the folder"),
    ] {
        let error = write(&at(&name), &files).unwrap_err();
        assert!(
            error.is_io() && error.to_string().contains(message),
            "{name}: {error}"
        );
        assert_eq!(error.diagnostics().len(), 1, "{name}: {error}");
    }
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "mine");
    assert_eq!(
        fs::read_dir(at("folder")).unwrap().count(),
        1,
        "nothing was written"
    );
}

/// As editors save files elsewhere.
#[test]
fn line_ends_and_marks_make_no_difference() {
    let text = "syntax = \"proto3\";\n\n// About A,\n// in two lines.\nmessage A {\n  /* About a,\n   * too.\n   */\n  int32 a = 1; // behind\n}\n";
    let generate = |text: &str, front_end: FrontEnd| {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a folder");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.proto"), text).unwrap();
        let mut config = Config::new();
        let set = config
            .front_end(front_end)
            .load(&[folder], &[] as &[&Path])
            .unwrap();
        config.generate(&set).unwrap()
    };
    let plain = generate(text, FrontEnd::Protox);
    for front_end in [FrontEnd::PrebuiltProtoc, FrontEnd::Protox] {
        for text in [
            text.to_owned(),
            text.replace('\n', "\r\n"),
            format!("\u{feff}{text}"),
        ] {
            assert_eq!(
                generate(&text, front_end.clone()),
                plain,
                "{front_end:?} {text:?}"
            );
        }
    }
}
