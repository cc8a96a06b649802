//! Child processes: a command goes in, its outcome and its log come out. Called by every verb.
//!
//! Output goes to a file, not to a pipe, so that a step cannot block on a full pipe and its log survives the run.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a running child is looked at.
const POLL: Duration = Duration::from_millis(50);

/// The folder that cargo builds into.
pub fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// Removes a file, or a folder with all that is in it, if it is there.
///
/// # Errors
/// A message that names it.
pub fn remove(path: &Path) -> Result<(), String> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else if path.exists() {
        fs::remove_file(path)
    } else {
        Ok(())
    };
    removed.map_err(|error| format!("cannot remove {}: {error}", path.display()))
}

/// A command that runs in the workspace's folder.
pub fn command(root: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).stdin(Stdio::null());
    // `cargo xtask` itself runs under cargo, which describes the package xtask in these variables. Handed on, they
    // would make the steps differ from the same commands typed by hand.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO_MANIFEST_DIR"
            || text == "CARGO_MANIFEST_PATH"
            || text == "CARGO_PRIMARY_PACKAGE"
            || text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_BIN_")
        {
            command.env_remove(&name);
        }
    }
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A cargo command that runs in the workspace's folder.
pub fn cargo(root: &Path) -> Command {
    let mut command = command(
        root,
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
    );
    command.env("CARGO_TERM_COLOR", "never");
    command
}

/// Runs `command` to its end with its output in `log` (appended).
///
/// # Errors
/// A message with the tail of the log when the command cannot start, fails, or is still running after `limit`.
pub fn run(command: &mut Command, log: &Path, limit: Duration) -> Result<(), String> {
    let shown = display(command);
    let status =
        status(command, &shown, log, limit).map_err(|error| format!("{error}\n{}", tail(log)))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`{shown}` ended with {status}\n{}", tail(log)))
}

fn status(
    command: &mut Command,
    shown: &str,
    log: &Path,
    limit: Duration,
) -> Result<ExitStatus, String> {
    let open = || {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let out = File::options().create(true).append(true).open(log)?;
        let err = out.try_clone()?;
        Ok::<_, std::io::Error>((out, err))
    };
    let (out, err) = open().map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let started = Instant::now();
    let mut child = command
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if started.elapsed() > limit => {
                // The child may have ended by itself in between; then there is nothing to stop.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("`{shown}` was stopped after {} s", limit.as_secs()));
            }
            Ok(None) => std::thread::sleep(POLL),
            Err(error) => return Err(format!("cannot wait for `{shown}`: {error}")),
        }
    }
}

/// Runs `command` and gives its standard output, trimmed.
///
/// # Errors
/// A message with its standard error when the command cannot start or fails.
pub fn output(command: &mut Command) -> Result<String, String> {
    let shown = display(command);
    let output = command
        .output()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!(
        "`{shown}` ended with {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    ))
}

/// The command as one would type it.
fn display(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// The end of a log and where all of it is.
fn tail(log: &Path) -> String {
    const LINES: usize = 150;
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(LINES);
    let mut shown = String::new();
    if skipped > 0 {
        shown = format!("… {skipped} lines before, see {}\n", log.display());
    }
    shown + &lines[skipped..].join("\n")
}

/// Elapsed time in the form that progress lines and tables use.
pub fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
