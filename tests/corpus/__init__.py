"""Real .proto files in great number: what the generator makes of them is checked here. Started by `cargo xtask corpus`."""
