//! No descriptor set, whoever made it, gives Python that does what a text of it says, and none stops the engine: drawn sets, as
//! they are and damaged, go through the plugin's door; what comes out is an error with words or modules that Python reads and in
//! which each text is a literal or a comment. Of the sets that nobody damaged, some are imported and used.
//!
//! `cargo xtask fuzz-engine 1000000` draws as many as one likes; the seed of a failure is in its message.

mod generate;

use std::io::{BufRead, BufReader, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use aristaproto_build::descriptor::compiler::code_generator_response::File;
use aristaproto_build::descriptor::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};
use aristaproto_build::descriptor::{DescriptorProto, FileDescriptorProto};
use aristaproto_build::plugin;
use aristaproto_tests::{python, workspace};
use fastrand::Rng;
use generate::CANARY;
use prost::Message;

/// How many sets a plain `cargo test` draws, and of how many that nobody damaged the trees are parsed and used; of others, all are
/// parsed. Where more sets are drawn, so many times as many, but not more than the most.
const SETS: u64 = 1_500;
const PARSED: u64 = 200;
const USED: u64 = 20;
const MOST_PARSED: u64 = 20_000;
const MOST_USED: u64 = 2_000;

/// What one set may take: many orders of magnitude more than it does.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Python that reads trees and says what is wrong with them.
struct Reader {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Reader {
    fn start() -> Self {
        let mut child = Command::new(python())
            .arg(workspace().join("tests/python/engine/read_trees.py"))
            .arg(CANARY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Nothing, or what is wrong.
    fn read(&mut self, tree: &CodeGeneratorResponse, is_used: bool) -> String {
        let mut message = format!("{} {}\n", tree.file.len(), u8::from(is_used)).into_bytes();
        for file in &tree.file {
            for text in [file.name(), file.content()] {
                message.extend(format!("{}\n", text.len()).bytes());
                message.extend(text.bytes());
            }
        }
        self.input.write_all(&message).unwrap();
        self.input.flush().unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        assert!(answer.ends_with('\n'), "the Python that reads trees ended");
        answer.trim_end().to_owned()
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().unwrap().success());
    }
}

fn options(rng: &mut Rng) -> String {
    let word = |rng: &mut Rng, words: &[&str]| words[rng.usize(..words.len())].to_owned();
    [
        word(
            rng,
            &[
                "",
                "client_generation=none",
                "client_generation=async",
                "client_generation=sync_async",
            ],
        ),
        word(rng, &["", "client_async_transport=grpcio"]),
        word(rng, &["", "server_generation=async"]),
        word(rng, &["", "server_async_transport=grpcio"]),
        word(
            rng,
            &["", "pydantic_dataclasses", "google_protobuf_descriptors"],
        ),
    ]
    .join(",")
}

/// The request of a seed, and whether a compiler might have made it.
fn request(seed: u64) -> (Vec<u8>, bool) {
    let mut rng = Rng::with_seed(seed);
    let mut files = generate::files(&mut rng);
    let kind = rng.u8(..4);
    if kind == 0 {
        generate::damage(&mut rng, &mut files);
    }
    let mut request = CodeGeneratorRequest {
        file_to_generate: files.iter().map(|file| file.name().to_owned()).collect(),
        parameter: Some(options(&mut rng)),
        proto_file: files,
        ..CodeGeneratorRequest::default()
    }
    .encode_to_vec();
    if kind == 1 {
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(..request.len());
            match rng.u8(..3) {
                0 => request[at] = rng.u8(..),
                1 => request.truncate(at.max(1)),
                _ => request[at] ^= 1 << rng.u8(..8),
            }
        }
    }
    (request, kind > 1)
}

/// The plugin's answer; it never panics, and takes no longer than it must.
fn answer(seed: u64, request: Vec<u8>) -> CodeGeneratorResponse {
    let started = Instant::now();
    let mut bytes = Vec::new();
    let run = AssertUnwindSafe(|| plugin::run(request, &mut bytes, |_| ()).unwrap());
    assert!(catch_unwind(run).is_ok(), "seed {seed}: a panic");
    assert!(
        started.elapsed() < PATIENCE,
        "seed {seed}: {:?}",
        started.elapsed()
    );
    CodeGeneratorResponse::decode(bytes.as_slice()).unwrap()
}

fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| {
        part.bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"_.".contains(&it))
            && !["", ".", ".."].contains(&part)
    })
}

#[test]
fn whatever_a_descriptor_says_stays_data() {
    let sets = std::env::var("ARISTAPROTO_FUZZ_SETS").map_or(SETS, |count| count.parse().unwrap());
    let first = std::env::var("ARISTAPROTO_FUZZ_SEED").map_or(1, |seed| seed.parse().unwrap());
    let scale = (sets / SETS).max(1);
    let most_parsed = (PARSED * scale).min(MOST_PARSED);
    let most_used = (USED * scale).min(MOST_USED);
    let (mut parsed, mut whole, mut used, mut refused) = (0, 0, 0, 0);
    let mut reader = Reader::start();
    for seed in first..first + sets {
        if sets > SETS && (seed - first).is_multiple_of(1_000) {
            println!("seed {seed}: {refused} refused, {parsed} trees parsed, {used} used so far");
        }
        let (request, is_whole) = request(seed);
        let answer = answer(seed, request);
        if let Some(error) = &answer.error {
            assert!(!is_whole, "seed {seed}: {error}");
            assert!(!error.is_empty() && answer.file.is_empty(), "seed {seed}");
            refused += 1;
            continue;
        }
        let mut paths: Vec<&str> = answer.file.iter().map(File::name).collect();
        assert!(
            paths.iter().all(|path| is_inside(path)),
            "seed {seed}: {paths:?}"
        );
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), answer.file.len(), "seed {seed}: a path twice");
        let is_used = is_whole && used < most_used;
        if !is_whole || is_used || whole < most_parsed {
            let wrong = reader.read(&answer, is_used);
            assert!(wrong.is_empty(), "seed {seed}: {wrong}");
            parsed += 1;
            whole += u64::from(is_whole);
            used += u64::from(is_used);
        }
    }
    reader.end();
    println!(
        "{sets} sets: {refused} refused, {parsed} trees parsed, {whole} of whole sets; {used} imported and used"
    );
    assert!(refused > sets / 20 && used > 0);
}

#[test]
fn noise_in_place_of_a_request_is_an_error() {
    let mut rng = Rng::with_seed(1);
    for seed in 0..2_000 {
        let noise: Vec<u8> = (0..rng.usize(1..200)).map(|_| rng.u8(..)).collect();
        let answer = answer(seed, noise);
        assert!(answer.error.is_some() || answer.file.iter().all(|file| is_inside(file.name())));
    }
}

/// In time that grows with the square of their number these would take minutes.
#[test]
fn thousands_of_names_that_collide_take_no_longer_than_others() {
    let message = |name: String| DescriptorProto {
        name: Some(name),
        ..DescriptorProto::default()
    };
    // Underscores make no difference to a class.
    let names = (0..8_000).map(|number: usize| {
        let letters = (0..13).map(|bit| if number >> bit & 1 == 0 { "_a" } else { "__a" });
        format!("m{}", letters.collect::<String>())
    });
    let file = FileDescriptorProto {
        name: Some("a.proto".to_owned()),
        message_type: names.map(message).collect(),
        ..FileDescriptorProto::default()
    };
    let request = CodeGeneratorRequest {
        file_to_generate: vec!["a.proto".to_owned()],
        proto_file: vec![file],
        ..CodeGeneratorRequest::default()
    };
    let answer = answer(0, request.encode_to_vec());
    let text = answer.file.iter().map(|file| file.content().len());
    assert_eq!(answer.error, None);
    assert!(text.sum::<usize>() < 4_000_000);
}
