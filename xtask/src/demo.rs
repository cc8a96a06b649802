//! `cargo xtask demo`: the quickstart from nothing. It makes a virtual environment, installs the runtime, builds
//! examples/quickstart (whose build script generates Rust and Python), starts each server and calls it with each
//! client. Out: a table of who called whom; a cell counts only the methods whose answers were exactly the expected ones.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::exec;
use crate::python::{self, Environment};

/// Building and installing may have to wait for a slow network.
const BUILD_LIMIT: Duration = Duration::from_mins(30);
/// A server or a client that takes longer than this hangs.
const RUN_LIMIT: Duration = Duration::from_mins(1);

/// What a server prints before its address.
const LISTENING: &str = "listening on ";

/// A program of the quickstart.
struct Program {
    /// For the table.
    name: &'static str,
    language: Language,
    /// For Rust the arguments of the binary, for Python the script in examples/quickstart/python.
    start: &'static str,
}

enum Language {
    Rust,
    Python,
}

const SERVERS: [Program; 3] = [
    Program {
        name: "tonic",
        language: Language::Rust,
        start: "serve",
    },
    Program {
        name: "grpc.aio",
        language: Language::Python,
        start: "server_grpcio.py",
    },
    Program {
        name: "grpclib",
        language: Language::Python,
        start: "server_grpclib.py",
    },
];

const CLIENTS: [Program; 4] = [
    Program {
        name: "tonic",
        language: Language::Rust,
        start: "call",
    },
    Program {
        name: "grpcio",
        language: Language::Python,
        start: "client_sync.py",
    },
    Program {
        name: "grpc.aio",
        language: Language::Python,
        start: "client_grpcio.py",
    },
    Program {
        name: "grpclib",
        language: Language::Python,
        start: "client_grpclib.py",
    },
];

/// What a client prints, line by line, one for each kind of method, when the server called `server` answered. Each
/// server puts its name into its answers, so an answer of another one does not pass.
fn expected(server: &str) -> [String; 4] {
    [
        format!("MyRPC: hello@{server}"),
        format!("Upload: one@{server} two@{server}"),
        format!("Versions: hello@{server}/1 hello@{server}/2 hello@{server}/3"),
        format!("Chat: alpha@{server}/1 beta@{server}/2"),
    ]
}

/// Runs the demo; the code is a failure when a cell of the table is not whole.
///
/// # Errors
/// A message when a step before the calls fails.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    if let Some(argument) = arguments.first() {
        return Err(format!("demo takes no arguments, got `{argument}`"));
    }
    let folder = exec::target_dir(root).join("demo");
    let log = folder.join("log.txt");
    exec::remove(&log)?;

    let environment = step("Python: a virtual environment under target/", || {
        let pythons = python::discover(root)?;
        let first = pythons.first().ok_or("no Python was found")?;
        Environment::prepare(
            root,
            &folder.join("venv"),
            first,
            &["./aristaproto-runtime[all]"],
            &[&python::NATIVE_INPUTS[..], &["aristaproto-runtime/python"]].concat(),
            &log,
        )
    })?;
    step(
        "Rust: cargo build, which generates Rust and Python from example.proto",
        || {
            let mut build = exec::cargo(root);
            build.args(["build", "--package", "aristaproto-example-quickstart"]);
            exec::run(&mut build, &log, BUILD_LIMIT)
        },
    )?;

    let demo = Demo {
        root: root.to_path_buf(),
        environment,
        folder,
    };
    let mut table = Vec::new();
    for server in &SERVERS {
        let about = format!(
            "{} server ({}), called by {} clients",
            server.language.name(),
            server.name,
            CLIENTS.len()
        );
        table.push(step(&about, || demo.calls_to(server))?);
    }
    Ok(report(&table))
}

impl Language {
    fn name(&self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
        }
    }
}

/// Does one step with a line of progress and its time.
fn step<T>(about: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    print!("{about} … ");
    let _ = std::io::stdout().flush();
    let started = Instant::now();
    let done = work();
    println!(
        "{} {}",
        if done.is_ok() { "done" } else { "FAILED" },
        exec::seconds(started.elapsed())
    );
    done
}

/// The answers that each client got from one server: for each method whether they were right.
type Row = Vec<[bool; 4]>;

struct Demo {
    root: PathBuf,
    environment: Environment,
    folder: PathBuf,
}

impl Demo {
    fn command(&self, program: &Program) -> Command {
        match program.language {
            Language::Rust => {
                let name = format!(
                    "aristaproto-example-quickstart{}",
                    std::env::consts::EXE_SUFFIX
                );
                let binary = exec::target_dir(&self.root).join("debug").join(name);
                let mut command = exec::command(&self.root, binary);
                command.arg(program.start);
                command
            }
            Language::Python => {
                let mut command = exec::command(&self.root, self.environment.python());
                command.arg(
                    self.root
                        .join("examples/quickstart/python")
                        .join(program.start),
                );
                command
            }
        }
    }

    /// Starts the server, calls it with every client, stops it. A client that fails makes its cell fail, not the demo.
    fn calls_to(&self, program: &Program) -> Result<Row, String> {
        let server = Server::start(self.command(program), &self.folder, program.name)?;
        let mut row = Row::new();
        let mut problems = Vec::new();
        for client in &CLIENTS {
            let mut command = self.command(client);
            command.arg(&server.address);
            let log = self
                .folder
                .join(format!("{}-to-{}.txt", client.start, program.name));
            let _ = fs::remove_file(&log);
            if let Err(message) = exec::run(&mut command, &log, RUN_LIMIT) {
                problems.push(message);
            }
            let printed = fs::read_to_string(&log).unwrap_or_default();
            let cell =
                expected(program.name).map(|line| printed.lines().any(|other| other == line));
            if cell.contains(&false) {
                problems.push(format!(
                    "{} ({}) expected from {}:\n  {}\nand printed:\n  {}",
                    client.name,
                    client.start,
                    program.name,
                    expected(program.name).join("\n  "),
                    printed.trim_end().replace('\n', "\n  "),
                ));
            }
            row.push(cell);
        }
        for problem in problems {
            println!("\n{problem}");
        }
        Ok(row)
    }
}

/// A running server; stopped when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server and waits until it prints its address.
    fn start(mut command: Command, folder: &Path, name: &str) -> Result<Self, String> {
        let log = folder.join(format!("{name}-server.txt"));
        let errors = File::create(&log)
            .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start the server {name}: {error}"))?;
        let (sender, receiver) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            // Reading happens in a thread, so that a silent server runs into the time limit, and it goes on after the
            // address, so that the server never blocks on a full pipe.
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if let Some(address) = line.strip_prefix(LISTENING) {
                        let _ = sender.send(address.to_owned());
                    }
                }
            });
        }
        let mut server = Self {
            child,
            address: String::new(),
        };
        server.address = receiver.recv_timeout(RUN_LIMIT).map_err(|_| {
            let errors = fs::read_to_string(&log).unwrap_or_default();
            format!(
                "the server {name} did not print its address\n{}",
                errors.trim_end()
            )
        })?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has already ended cannot be stopped; either way it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints who called whom, clients down, servers across.
fn report(table: &[Row]) -> ExitCode {
    println!("\nWho called whom: methods answered as expected, of MyRPC (unary), Upload (client streaming),");
    println!("Versions (server streaming) and Chat (both)\n");
    print!("{:22}", "client \\ server");
    for server in &SERVERS {
        print!(
            " {:>17}",
            format!("{} {}", server.language.name(), server.name)
        );
    }
    println!();
    let mut whole = true;
    for (number, client) in CLIENTS.iter().enumerate() {
        print!(
            "{:22}",
            format!("{} {}", client.language.name(), client.name)
        );
        for row in table {
            let right = row
                .get(number)
                .map_or(0, |cell| cell.iter().filter(|ok| **ok).count());
            whole &= right == 4;
            print!(
                " {:>17}",
                format!("{} {right}/4", if right == 4 { "ok" } else { "FAILED" })
            );
        }
        println!();
    }
    if whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
