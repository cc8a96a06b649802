//! The protoc that was built from source and the one that its makers built give the same Python, though they are versions apart.

use aristaproto_build::{Config, FrontEnd};
use aristaproto_tests::workspace;

#[test]
fn each_protoc_gives_the_same_python() {
    let protos = workspace().join("tests/protos");
    let [vendored, prebuilt] =
        [FrontEnd::VendoredProtoc, FrontEnd::PrebuiltProtoc].map(|front_end| {
            let mut config = Config::new();
            let set = config
                .front_end(front_end)
                .load(&[&protos], &[&protos])
                .unwrap();
            config.generate(&set).unwrap()
        });
    assert!(vendored.files.len() > 20);
    for (one, other) in vendored.files.iter().zip(&prebuilt.files) {
        assert_eq!(one, other);
    }
    assert_eq!(vendored, prebuilt);
}
