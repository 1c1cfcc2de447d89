//! A process that serves until it is told to stop.

use std::process::{Child, Command};

/// Killed if the test ends without stopping it.
pub(crate) struct Serving(pub(crate) Child);

impl Serving {
    pub(crate) fn terminate(&self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
