//! Nothing but tests lives here: see `tests/macro_ui.rs`.
