//! Which pipes are at hand for splicing between sockets?

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sys;

/// The room of a pipe. The default limit for one is 1 MiB, and 64 MiB for all pipes of a user.
pub(crate) const PIPE_BYTES: usize = 256 * 1024;

/// The room of a wide pipe, and the most that a direction of a relay takes from its source before it delivers. Large turns
/// cost less than many.
pub(crate) const WIDE_PIPE_BYTES: usize = 1024 * 1024;

/// Wide pipes of an engine. They are enough while peers read; behind many that do not, each pipe holds a quarter.
const WIDE_PIPES_MAX: usize = 32;

/// Pipes that are kept for the next relay that has bytes to move. In the steady state a pipe is in use only while a
/// thread moves bytes through it; more come back at once when peers that had stopped reading go on.
const IDLE_PIPES_MAX: usize = 64;

/// Empty pipes. Making one costs more than moving a message through it.
#[derive(Debug)]
pub(crate) struct Pipes {
    /// The wide ones last.
    idle: Mutex<VecDeque<Pipe>>,
    wide: Arc<Semaphore>,
}

/// A pipe that may be given back when it is empty.
#[derive(Debug)]
pub(crate) struct Pipe {
    pipe: sys::Pipe,
    wide: Option<OwnedSemaphorePermit>,
}

impl Pipes {
    /// An empty pipe. `EMFILE`, `ENFILE`, `EPERM`: there is none to be had at the moment.
    pub(crate) fn take(&self) -> Result<Pipe, Errno> {
        // The last one given back is the one that the CPU's cache still has.
        if let Some(pipe) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop_back() {
            return Ok(pipe);
        }
        let mut wide = Arc::clone(&self.wide).try_acquire_owned().ok();
        let mut pipe = sys::Pipe::new(if wide.is_some() { WIDE_PIPE_BYTES } else { PIPE_BYTES })?;
        if wide.is_some() && !pipe.has_asked_capacity() {
            pipe.ask_for(PIPE_BYTES);
            wide = None;
        }
        Ok(Pipe { pipe, wide })
    }

    /// Keeps an empty pipe for the next. One that is smaller than it should be, as the system's limit for all pipes was
    /// reached when it was made, is not worth it.
    pub(crate) fn give_back(&self, pipe: Pipe) {
        if !pipe.has_asked_capacity() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= IDLE_PIPES_MAX {
            return;
        }
        if pipe.wide.is_some() {
            idle.push_back(pipe);
        } else {
            idle.push_front(pipe);
        }
    }
}

impl Default for Pipes {
    fn default() -> Self {
        Self { idle: Mutex::default(), wide: Arc::new(Semaphore::new(WIDE_PIPES_MAX)) }
    }
}

impl Deref for Pipe {
    type Target = sys::Pipe;

    fn deref(&self) -> &sys::Pipe {
        &self.pipe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few enough that all pipes of a test are within what a user without privileges may have.
    const WIDE: usize = 4;

    fn pipes() -> Pipes {
        Pipes { wide: Arc::new(Semaphore::new(WIDE)), ..Pipes::default() }
    }

    fn take_many(pipes: &Pipes) -> Vec<Pipe> {
        (0..IDLE_PIPES_MAX + 10).map(|_| pipes.take().unwrap()).collect()
    }

    fn wide_of(taken: &[Pipe]) -> usize {
        taken.iter().take_while(|pipe| pipe.wide.is_some()).count()
    }

    #[test]
    fn pipes_are_used_again_and_idle_ones_are_bounded() {
        let pipes = pipes();
        for pipe in take_many(&pipes) {
            pipes.give_back(pipe);
        }
        assert_eq!(pipes.idle.lock().unwrap().len(), IDLE_PIPES_MAX);
        let _one = pipes.take().unwrap();
        assert_eq!(pipes.idle.lock().unwrap().len(), IDLE_PIPES_MAX - 1);
    }

    #[test]
    fn the_first_pipes_are_wide_and_are_taken_first() {
        let pipes = pipes();
        let taken = take_many(&pipes);
        // Fewer, or none, where this user may not have so many.
        let wide = wide_of(&taken);
        assert!(wide <= WIDE);
        assert!(taken[wide..].iter().all(|pipe| pipe.wide.is_none()));
        // As when connections are lost while there are bytes in their pipes.
        drop(taken);
        let taken = take_many(&pipes);
        assert_eq!(wide_of(&taken), wide);
        for pipe in taken {
            pipes.give_back(pipe);
        }
        assert_eq!(wide_of(&take_many(&pipes)), wide);
    }
}
