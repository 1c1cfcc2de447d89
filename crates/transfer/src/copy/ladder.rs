//! Which method is a file copied by now, and why?

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::{Copier, CopyError, Method};
use crate::Reason;

/// A method and why it was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rung {
    pub(super) method: Method,
    pub(super) reason: Reason,
}

/// Where one file stands on the way down from the best method. Shared by the threads that copy it.
#[derive(Debug)]
pub(super) struct Ladder<'a> {
    copier: &'a Copier,
    /// Best first. The last one works everywhere.
    steps: &'static [Method],
    rung: Mutex<Rung>,
}

impl<'a> Ladder<'a> {
    /// Begins at the top of `steps`, or on the only rung.
    pub(super) fn new(steps: &'static [Method], copier: &'a Copier) -> Result<Self, CopyError> {
        let rung = match copier.forced {
            Some(method) if method.is_offered(copier) => Rung { method, reason: Reason::Forced },
            Some(method) => return Err(refused(method, Errno::NOSYS)),
            None => first_offered(steps, Reason::FirstChoice, copier),
        };
        Ok(Self { copier, steps, rung: Mutex::new(rung) })
    }

    /// What to use.
    pub(super) fn rung(&self) -> Rung {
        *self.lock()
    }

    /// Takes note that `method` does not work: the next one is used from now on, unless there is none.
    pub(super) fn refuse(&self, method: Method, errno: Errno) -> Result<(), CopyError> {
        let mut rung = self.lock();
        if self.copier.forced.is_some() {
            return Err(refused(method, errno));
        }
        // Another thread may have gone down already.
        if rung.method != method {
            return Ok(());
        }
        let below = self.steps.iter().position(|step| *step == method).map_or(0, |at| at + 1);
        match self.steps.get(below..) {
            Some(rest @ [_, ..]) => {
                *rung = first_offered(rest, Reason::Refused, self.copier);
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
fn first_offered(steps: &[Method], reason: Reason, copier: &Copier) -> Rung {
    match steps.iter().position(|method| method.is_offered(copier)) {
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
    use crate::Capabilities;

    fn rung(method: Method, reason: Reason) -> Rung {
        Rung { method, reason }
    }

    #[test]
    fn refusals_lead_down_to_reading_and_writing() {
        let all = Capabilities { copy_file_range: true, sendfile: true, ..Capabilities::none() };
        let copier = Copier::automatic().with_capabilities(all);
        let ladder = Ladder::new(&Method::LADDER, &copier).unwrap();
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
        let copier = Copier::automatic().with_capabilities(Capabilities::none());
        let ladder = Ladder::new(&Method::LADDER, &copier).unwrap();
        ladder.refuse(Method::Reflink, Errno::OPNOTSUPP).unwrap();
        assert_eq!(ladder.rung(), rung(Method::ReadWrite, Reason::KernelLacks));
    }

    #[test]
    fn the_kernel_is_asked_when_a_method_depends_on_the_answer() {
        let copier = Copier::automatic();
        let ladder = Ladder::new(&Method::LADDER, &copier).unwrap();
        assert_eq!(copier.capabilities.get(), None);
        ladder.refuse(Method::Reflink, Errno::OPNOTSUPP).unwrap();
        assert_eq!(copier.capabilities.get(), Some(&Capabilities::probe()));
    }

    #[test]
    fn a_forced_method_has_no_replacement() {
        let copier = Copier::force(Method::Splice);
        let ladder = Ladder::new(&Method::LADDER, &copier).unwrap();
        assert_eq!(ladder.rung(), rung(Method::Splice, Reason::Forced));
        let error = ladder.refuse(Method::Splice, Errno::INVAL).unwrap_err().to_string();
        assert!(error.starts_with("the method splice is refused: Invalid argument"), "{error}");
        let copier = copier.with_capabilities(Capabilities::none());
        let error = Ladder::new(&Method::LADDER, &copier).unwrap_err().to_string();
        assert!(error.starts_with("the method splice is refused: Function not implemented"), "{error}");
    }
}
