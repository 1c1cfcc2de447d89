//! Which pipes are at hand for splicing between sockets?

use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;

use crate::sys;

/// The room of a pipe, and the most that a direction of a relay takes from its source before it delivers. The default
/// limit for one is 1 MiB, and 64 MiB for all pipes of a user.
pub(crate) const PIPE_BYTES: usize = 256 * 1024;

/// Pipes that are kept for the next relay that has bytes to move. In the steady state a pipe is in use only while a
/// thread moves bytes through it; more come back at once when peers that had stopped reading go on.
const IDLE_PIPES_MAX: usize = 64;

/// Empty pipes. Making one costs more than moving a message through it.
#[derive(Debug, Default)]
pub(crate) struct Pipes {
    idle: Mutex<Vec<sys::Pipe>>,
}

impl Pipes {
    /// An empty pipe. `EMFILE`, `ENFILE`, `EPERM`: there is none to be had at the moment.
    pub(crate) fn take(&self) -> Result<sys::Pipe, Errno> {
        // The last one given back is the one that the CPU's cache still has.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| sys::Pipe::new(PIPE_BYTES), Ok)
    }

    /// Keeps an empty pipe for the next. One that is smaller than it should be, as the system's limit for all pipes was
    /// reached when it was made, is not worth it.
    pub(crate) fn give_back(&self, pipe: sys::Pipe) {
        if !pipe.has_asked_capacity() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_PIPES_MAX {
            idle.push(pipe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_are_used_again_and_idle_ones_are_bounded() {
        let pipes = Pipes::default();
        let taken: Vec<sys::Pipe> = (0..IDLE_PIPES_MAX + 10).map(|_| pipes.take().unwrap()).collect();
        for pipe in taken {
            pipes.give_back(pipe);
        }
        assert_eq!(pipes.idle.lock().unwrap().len(), IDLE_PIPES_MAX);
        let _one = pipes.take().unwrap();
        assert_eq!(pipes.idle.lock().unwrap().len(), IDLE_PIPES_MAX - 1);
    }
}
