//! What a long run is doing, for somebody who sits before a terminal. In: the stages as they begin. Out: after two seconds a line
//! on standard error for the stage at work, and one for each that follows. Nothing where standard error is no terminal: under
//! cargo, which keeps what build scripts print, and in a log.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(2);

/// Starts counting at its first stage.
#[derive(Debug, Default)]
pub(crate) struct Progress(OnceLock<Option<Clock>>);

impl Progress {
    /// Something new begins. `describe` is only called when there is somebody to tell.
    pub fn stage(&self, describe: impl FnOnce() -> String) {
        let clock = self
            .0
            .get_or_init(|| io::stderr().is_terminal().then(Clock::start));
        if let Some(stages) = clock.as_ref().and_then(|clock| clock.stages.as_ref()) {
            // Without the thread nothing is shown, and nothing else depends on it.
            let _ = stages.send(describe());
        }
    }
}

/// The thread that waits until it is time to speak.
#[derive(Debug)]
struct Clock {
    stages: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Clock {
    fn start() -> Self {
        let (stages, receiver) = channel();
        Self {
            stages: Some(stages),
            thread: Some(std::thread::spawn(move || show(&receiver))),
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        // The thread ends when nobody can send any more.
        self.stages = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn show(stages: &Receiver<String>) {
    let end = Instant::now() + PATIENCE;
    let mut current = None;
    loop {
        match stages.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(stage) => current = Some(stage),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
    for stage in current.into_iter().chain(stages) {
        // A terminal that is gone needs no progress.
        let _ = writeln!(io::stderr(), "aristaproto: {stage}");
    }
}
