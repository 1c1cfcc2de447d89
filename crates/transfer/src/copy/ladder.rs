//! Which method is a file copied by now, and why?

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::{CopyError, Method};
use crate::{Capabilities, Reason};

/// A method and why it was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rung {
    pub(super) method: Method,
    pub(super) reason: Reason,
}

/// Where one file stands on the way down from the best method. Shared by the threads that copy it.
#[derive(Debug)]
pub(super) struct Ladder {
    /// Best first. The last one works everywhere.
    steps: &'static [Method],
    forced: bool,
    capabilities: Capabilities,
    rung: Mutex<Rung>,
}

impl Ladder {
    /// Begins at the top of `steps`, or on the only rung.
    pub(super) fn new(
        steps: &'static [Method],
        forced: Option<Method>,
        capabilities: Capabilities,
    ) -> Result<Self, CopyError> {
        let rung = match forced {
            Some(method) if method.is_offered(&capabilities) => Rung { method, reason: Reason::Forced },
            Some(method) => return Err(refused(method, Errno::NOSYS)),
            None => first_offered(steps, Reason::FirstChoice, &capabilities),
        };
        Ok(Self { steps, forced: forced.is_some(), capabilities, rung: Mutex::new(rung) })
    }

    /// What to use.
    pub(super) fn rung(&self) -> Rung {
        *self.lock()
    }

    /// Takes note that `method` does not work: the next one is used from now on, unless there is none.
    pub(super) fn refuse(&self, method: Method, errno: Errno) -> Result<(), CopyError> {
        let mut rung = self.lock();
        if self.forced {
            return Err(refused(method, errno));
        }
        // Another thread may have gone down already.
        if rung.method != method {
            return Ok(());
        }
        let below = self.steps.iter().position(|step| *step == method).map_or(0, |at| at + 1);
        match self.steps.get(below..) {
            Some(rest @ [_, ..]) => {
                *rung = first_offered(rest, Reason::Refused, &self.capabilities);
                Ok(())
            }
            // The last rung is not refused but fails.
            _ => Err(refused(method, errno)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first of `steps` that the kernel offers; the reason is `reason` unless some are missing.
fn first_offered(steps: &[Method], reason: Reason, capabilities: &Capabilities) -> Rung {
    match steps.iter().position(|method| method.is_offered(capabilities)) {
        Some(0) => Rung { method: steps[0], reason },
        Some(at) => Rung { method: steps[at], reason: Reason::KernelLacks },
        None => Rung { method: Method::ReadWrite, reason: Reason::KernelLacks },
    }
}

fn refused(method: Method, errno: Errno) -> CopyError {
    CopyError::Refused { method, source: errno.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rung(method: Method, reason: Reason) -> Rung {
        Rung { method, reason }
    }

    #[test]
    fn refusals_lead_down_to_reading_and_writing() {
        let all = Capabilities { copy_file_range: true, sendfile: true, ..Capabilities::none() };
        let ladder = Ladder::new(&Method::LADDER, None, all).unwrap();
        assert_eq!(ladder.rung(), rung(Method::Reflink, Reason::FirstChoice));
        for pair in Method::LADDER.windows(2) {
            ladder.refuse(pair[0], Errno::XDEV).unwrap();
            assert_eq!(ladder.rung(), rung(pair[1], Reason::Refused));
            // A second thread that saw the same.
            ladder.refuse(pair[0], Errno::XDEV).unwrap();
            assert_eq!(ladder.rung().method, pair[1]);
        }
        assert!(ladder.refuse(Method::ReadWrite, Errno::INVAL).is_err());
    }

    #[test]
    fn what_the_kernel_lacks_is_passed_over_and_the_reason_kept() {
        let ladder = Ladder::new(&Method::LADDER, None, Capabilities::none()).unwrap();
        ladder.refuse(Method::Reflink, Errno::OPNOTSUPP).unwrap();
        assert_eq!(ladder.rung(), rung(Method::ReadWrite, Reason::KernelLacks));
    }

    #[test]
    fn a_forced_method_has_no_replacement() {
        let ladder = Ladder::new(&Method::LADDER, Some(Method::Splice), Capabilities::probe()).unwrap();
        assert_eq!(ladder.rung(), rung(Method::Splice, Reason::Forced));
        let error = ladder.refuse(Method::Splice, Errno::INVAL).unwrap_err().to_string();
        assert!(error.starts_with("the method splice is refused: Invalid argument"), "{error}");
        let error =
            Ladder::new(&Method::LADDER, Some(Method::Splice), Capabilities::none()).unwrap_err().to_string();
        assert!(error.starts_with("the method splice is refused: Function not implemented"), "{error}");
    }
}
