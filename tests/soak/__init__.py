"""Calls under load and faults, ours beside google's: `cargo xtask soak`."""
