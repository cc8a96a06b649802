//! Each wrong argument is marked where it stands, with a message that says what would be right. `TRYBUILD=overwrite` writes
//! the expected messages anew. Faults in .proto files are in `tests/tests/cargo_builds.rs`.

#[test]
fn wrong_arguments_are_marked() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
