//! What the conformance runner printed goes in; totals, a table and a list of what is wrong come out.
//!
//! With `--verbose` the runner prints a line for each test, one more for each that failed or was skipped, and at the end
//! of each of its two suites the totals. All numbers are read from there, and the lines must add up to the totals.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The formats in the runner's words: in requests `<word>_payload`, for answers in capitals.
const FORMATS: [(&str, &str, &str); 3] = [
    ("protobuf_payload: ", "PROTOBUF", "binary"),
    ("json_payload: ", "JSON", "JSON"),
    ("text_payload: ", "TEXT_FORMAT", "text"),
];

/// What the test messages are written in, as tests are called; all must occur.
const SYNTAXES: [(&str, &str); 5] = [
    ("Proto2", "proto2"),
    ("Proto3", "proto3"),
    ("Editions_Proto2", "proto2 in 2023"),
    ("Editions_Proto3", "proto3 in 2023"),
    ("Editions", "edition 2023"),
];

/// The suites of the runner, in its order; it only begins the second when the first passed.
const SUITES: [&str; 2] = ["binary and JSON", "text format"];

/// One run of the runner.
#[derive(Default)]
pub struct Report {
    /// Each test by name: syntax, format that goes in, format that comes out.
    tests: BTreeMap<String, Kind>,
    /// The runner's line for each test that failed.
    failed: BTreeMap<String, String>,
    skipped: BTreeSet<String>,
    suites: Vec<Totals>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    syntax: String,
    input: String,
    output: String,
}

/// The runner's totals of one suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: bool,
    successes: usize,
    skipped: usize,
    expected_failures: usize,
    unexpected_failures: usize,
}

impl Report {
    /// Reads the runner's output.
    pub fn parse(output: &str) -> Self {
        let mut report = Self::default();
        for line in output.lines() {
            if let Some((name, rest)) = after(line, "conformance test: name=") {
                report.tests.insert(name.to_owned(), Kind::of(name, rest));
            } else if let Some((name, _)) = after(line, "SKIPPED, test=") {
                report.skipped.insert(name.to_owned());
            } else if let Some((name, _)) =
                after(line, "ERROR, test=").or_else(|| after(line, "WARNING, test="))
            {
                report.failed.insert(name.to_owned(), line.to_owned());
            } else if let Some(rest) = line.strip_prefix("CONFORMANCE SUITE ") {
                report.suites.extend(Totals::of(rest));
            }
        }
        report
    }

    /// Successes of each syntax (across) and format (down), and the runner's own totals.
    pub fn table(&self) -> String {
        let mut columns: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
        for (name, kind) in &self.tests {
            let row = columns.entry((&kind.input, &kind.output)).or_default();
            if !self.failed.contains_key(name) && !self.skipped.contains(name) {
                *row.entry(&kind.syntax).or_default() += 1;
            }
        }
        let mut table = format!("{:18}", "successes");
        for (_, title) in SYNTAXES {
            let _ = write!(table, " {title:>14}");
        }
        let _ = writeln!(table, " {:>8}", "all");
        let mut line = |title: &str, counts: &BTreeMap<&str, usize>| {
            let _ = write!(table, "{title:18}");
            for (syntax, _) in SYNTAXES {
                let count = counts.get(syntax).copied().unwrap_or_default();
                let _ = write!(table, " {count:>14}");
            }
            let _ = writeln!(table, " {:>8}", counts.values().sum::<usize>());
        };
        let mut all: BTreeMap<&str, usize> = BTreeMap::new();
        for ((input, output), counts) in &columns {
            line(&format!("{input} to {output}"), counts);
            for (syntax, count) in counts {
                *all.entry(syntax).or_default() += count;
            }
        }
        line("all", &all);
        for (suite, totals) in SUITES.iter().zip(&self.suites) {
            let _ = write!(
                table,
                "\n{suite}: {} successes, {} skipped, {} failures",
                totals.successes,
                totals.skipped,
                totals.expected_failures + totals.unexpected_failures
            );
        }
        table
    }

    /// Why this run does not count as passed, one line each; nothing when every test succeeded.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (number, suite) in SUITES.iter().enumerate() {
            match self.suites.get(number) {
                None => problems.push(format!("the suite {suite} did not come to its end")),
                Some(totals) if !totals.whole() => {
                    problems.push(format!("the suite {suite} is not whole: {totals:?}"));
                }
                Some(_) => {}
            }
        }
        for (syntax, title) in SYNTAXES {
            if self.tests.values().all(|kind| kind.syntax != syntax) {
                problems.push(format!("no test of {title} was run"));
            }
        }
        let listed = self.tests.len();
        let counted: usize = self.suites.iter().map(Totals::all).sum();
        if listed != counted {
            problems.push(format!(
                "the runner lists {listed} tests, its totals add up to {counted}"
            ));
        }
        problems.extend(self.failed.values().map(|line| without_request(line)));
        problems.extend(self.skipped.iter().map(|name| format!("SKIPPED, {name}")));
        problems
    }
}

impl Kind {
    /// Reads a test's name and its request in debug format.
    fn of(name: &str, request: &str) -> Self {
        let input = FORMATS
            .iter()
            .filter_map(|(payload, _, title)| Some((request.find(payload)?, *title)))
            .min()
            .map_or("none", |(_, title)| title);
        let output = request
            .split("requested_output_format: ")
            .nth(1)
            .and_then(|rest| rest.split([' ', ',']).next())
            .and_then(|word| FORMATS.iter().find(|(_, output, _)| *output == word))
            .map_or("none", |(_, _, title)| title);
        Self {
            syntax: name.split('.').nth(1).unwrap_or_default().to_owned(),
            input: input.to_owned(),
            output: output.to_owned(),
        }
    }
}

impl Totals {
    /// Reads `PASSED: 3 successes, 0 skipped, 0 expected failures, 0 unexpected failures.`
    fn of(text: &str) -> Option<Self> {
        let (verdict, counts) = text.split_once(": ")?;
        let mut numbers = counts
            .split(", ")
            .map(|count| count.split(' ').next().and_then(|word| word.parse().ok()));
        let mut next = || numbers.next().flatten();
        Some(Self {
            passed: verdict == "PASSED",
            successes: next()?,
            skipped: next()?,
            expected_failures: next()?,
            unexpected_failures: next()?,
        })
    }

    fn all(&self) -> usize {
        self.successes + self.skipped + self.expected_failures + self.unexpected_failures
    }

    fn whole(&self) -> bool {
        self.passed && self.successes > 0 && self.successes == self.all()
    }
}

/// The test's name behind `prefix` and what follows it.
fn after<'a>(line: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    let rest = line.strip_prefix(prefix)?;
    let end = rest.find([',', ':', ' ']).unwrap_or(rest.len());
    Some(rest.split_at(end))
}

/// The line of a test that failed: its name, the runner's reason and the answer, cut where it is long.
fn without_request(line: &str) -> String {
    const LONGEST: usize = 300;
    let (reason, rest) = line.split_once(", request=").unwrap_or((line, ""));
    let answer = rest.rfind(", response=").map_or("", |start| &rest[start..]);
    let mut text: String = reason.chars().chain(answer.chars()).take(LONGEST).collect();
    if reason.len() + answer.len() > text.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTALS: &str = "0 expected failures, 0 unexpected failures.";

    /// What the runner prints for two suites: the first with a test for each syntax, the second as given.
    fn printed(second: &str) -> String {
        let mut text = String::new();
        for (syntax, _) in SYNTAXES {
            let _ = writeln!(
                text,
                "conformance test: name=Required.{syntax}.JsonInput.X.ProtobufOutput, request=x   \
                 json_payload: \"text_payload: \" requested_output_format: PROTOBUF, response=x"
            );
        }
        let _ = writeln!(
            text,
            "CONFORMANCE SUITE PASSED: 5 successes, 0 skipped, {TOTALS}"
        );
        text + "conformance test: name=Recommended.Proto3.TextFormatInput.Y, request=x   \
                requested_output_format: TEXT_FORMAT text_payload: \"\", response=x\n"
            + second
    }

    #[test]
    fn a_whole_run_has_no_problems() {
        let second = format!("CONFORMANCE SUITE PASSED: 1 successes, 0 skipped, {TOTALS}\n");
        let report = Report::parse(&printed(&second));
        assert_eq!(report.problems(), Vec::<String>::new());
        let table = report.table();
        let cells = |title: &str| {
            let line = table.lines().find_map(|line| line.strip_prefix(title));
            line.map(|line| line.split_whitespace().collect::<Vec<_>>())
        };
        assert_eq!(
            cells("JSON to binary "),
            Some(vec!["1", "1", "1", "1", "1", "5"])
        );
        assert_eq!(
            cells("text to text "),
            Some(vec!["0", "1", "0", "0", "0", "1"])
        );
        assert_eq!(cells("all "), Some(vec!["1", "2", "1", "1", "1", "6"]));
        assert!(table.ends_with("text format: 1 successes, 0 skipped, 0 failures"));
    }

    #[test]
    fn skipped_tests_are_a_problem_though_the_runner_passes_them() {
        let second = format!(
            "SKIPPED, test=Recommended.Proto3.TextFormatInput.Y request=x\n\
             CONFORMANCE SUITE PASSED: 0 successes, 1 skipped, {TOTALS}\n"
        );
        let report = Report::parse(&printed(&second));
        let problems = report.problems();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("the suite text format is not whole: "));
        assert_eq!(problems[1], "SKIPPED, Recommended.Proto3.TextFormatInput.Y");
    }

    #[test]
    fn failures_are_shown_with_their_reason() {
        let second =
            "ERROR, test=Recommended.Proto3.TextFormatInput.Y: Wrong, request=x, response=y\n\
                      CONFORMANCE SUITE FAILED: 0 successes, 0 skipped, 0 expected failures, \
                      1 unexpected failures.\n";
        let problems = Report::parse(&printed(second)).problems();
        assert_eq!(
            problems[1],
            "ERROR, test=Recommended.Proto3.TextFormatInput.Y: Wrong, response=y"
        );
    }

    #[test]
    fn a_run_that_stops_in_the_middle_is_a_problem() {
        let problems = Report::parse(&printed("")).problems();
        assert_eq!(problems[0], "the suite text format did not come to its end");
        assert_eq!(
            problems[1],
            "the runner lists 6 tests, its totals add up to 5"
        );
        assert!(Report::parse("").problems().len() > 2);
    }
}
