//! Nothing but tests lives here: see the files beside `src`.
