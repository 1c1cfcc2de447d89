//! Which calls are interrupted, and how often?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use rustix::io::Errno;
use seccompiler::SeccompCmpOp;

use crate::listener::{Answer, Listener, Question};
use crate::{Call, Rule, block_on, on_a_thread};

/// Of so many calls of a kind one goes through, after all others: whoever tries only once more is found out.
const TURNS: usize = 3;

/// A kind of calls, and how many of them there were.
#[derive(Debug)]
struct Kind {
    call: Call,
    seen: AtomicUsize,
}

/// Runs `work` on a thread on which `calls` are interrupted (`EINTR`), two of three of each kind, before they have done
/// anything. Fails if it did not come to that with each of them.
///
/// `None` where the kernel cannot do that; says so.
pub fn where_are_interrupted<T: Send>(calls: &[Call], work: impl FnOnce() -> T + Send) -> Option<T> {
    let kinds: Arc<[Kind]> = calls.iter().map(|&call| Kind { call, seen: AtomicUsize::new(0) }).collect();
    let (listening, listeners) = mpsc::channel::<Listener>();
    let answering = Arc::clone(&kinds);
    // Has no filter, being started here. Goes on without being waited for, as threads that the work has left behind have the
    // filter as long as they live.
    thread::spawn(move || {
        if let Ok(listener) = listeners.recv() {
            answer_all(&listener, &answering);
        }
    });
    let done = on_a_thread(|| {
        listening.send(Listener::attach(calls)?).unwrap();
        Ok::<T, Errno>(work())
    });
    match done {
        Ok(done) => {
            for Kind { call, seen } in kinds.iter() {
                assert!(seen.load(Ordering::Relaxed) > 0, "{call:?}: there was none to interrupt");
            }
            Some(done)
        }
        Err(errno) => {
            println!("skipped: calls cannot be interrupted: {errno}");
            None
        }
    }
}

/// The same, with a runtime.
pub fn block_on_where_are_interrupted<T: Send>(
    calls: &[Call],
    work: impl Future<Output = T> + Send,
) -> Option<T> {
    where_are_interrupted(calls, || block_on(work))
}

fn answer_all(listener: &Listener, kinds: &[Kind]) {
    while let Some(question) = listener.next().unwrap() {
        let kind = kinds.iter().find(|kind| kind.call.rule().covers(&question)).unwrap();
        let turn = kind.seen.fetch_add(1, Ordering::Relaxed) % TURNS;
        let answer = if turn + 1 < TURNS { Answer::Fails(Errno::INTR) } else { Answer::Goes };
        listener.answer(&question, answer).unwrap();
    }
}

impl Rule {
    /// Whether it is what the filter has asked about.
    fn covers(&self, question: &Question) -> bool {
        let is_met = |(argument, operator, value): &(u8, SeccompCmpOp, u32)| {
            // As the filter, which compares the lower half.
            let found = question.arguments[usize::from(*argument)] as u32;
            match operator {
                SeccompCmpOp::Eq => found == *value,
                SeccompCmpOp::Ne => found != *value,
                SeccompCmpOp::Lt => found < *value,
                other => unreachable!("no call has {other:?}"),
            }
        };
        self.number == question.number && self.when.as_ref().is_none_or(is_met)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::*;

    /// What becomes of some calls, one after the other.
    fn write_zeros(file: &File, count: usize) -> Vec<Result<usize, Errno>> {
        (0..count).map(|_| rustix::io::pwrite(file, &[0], 0)).collect()
    }

    #[test]
    fn every_third_call_goes_through_and_others_all_do() {
        let file = File::options().write(true).open("/dev/null").unwrap();
        let interrupted = where_are_interrupted(&[Call::Pwrite], || {
            (&file).write_all(b"another call").unwrap();
            write_zeros(&file, 6)
        });
        let Some(interrupted) = interrupted else { return };
        let (no, yes) = (Err(Errno::INTR), Ok(1));
        assert_eq!(interrupted, [no, no, yes, no, no, yes]);
        assert_eq!(write_zeros(&file, 2), [yes, yes], "other threads' calls are their own");
    }

    #[test]
    fn calls_of_one_number_are_told_apart() {
        let file = File::open("/proc/self/exe").unwrap();
        let seek = |to| rustix::fs::seek(&file, to);
        let (data, hole) = (rustix::fs::SeekFrom::Data(0), rustix::fs::SeekFrom::Hole(0));
        let found = where_are_interrupted(&[Call::SeekData, Call::SeekHole], || {
            [seek(data), seek(hole), seek(data), seek(hole), seek(rustix::fs::SeekFrom::Start(0))]
        });
        let Some(found) = found else { return };
        let no = Err(Errno::INTR);
        assert_eq!(found, [no, no, no, no, Ok(0)]);
    }

    #[test]
    fn threads_that_outlive_the_work_are_answered() {
        let (go, gone) = mpsc::channel::<()>();
        let left_behind = where_are_interrupted(&[Call::Pwrite], || {
            let file = File::options().write(true).open("/dev/null").unwrap();
            write_zeros(&file, 3);
            thread::spawn(move || {
                let _ = gone.recv();
                write_zeros(&file, 3)
            })
        });
        drop(go);
        let Some(left_behind) = left_behind else { return };
        assert_eq!(left_behind.join().unwrap(), [Err(Errno::INTR), Err(Errno::INTR), Ok(1)]);
    }

    #[test]
    #[should_panic(expected = "Pwrite: there was none to interrupt")]
    fn work_without_the_call_fails() {
        if where_are_interrupted(&[Call::Pwrite], || {}).is_none() {
            panic!("Pwrite: there was none to interrupt, nor could be");
        }
    }

    #[test]
    fn where_it_cannot_be_done_nothing_is() {
        // A thread has one listener at most.
        where_are_interrupted(&[Call::Pwrite], || {
            write_zeros(&File::options().write(true).open("/dev/null").unwrap(), 1);
            assert_eq!(where_are_interrupted(&[Call::Pread], || panic!("it was done")), None::<()>);
        });
    }
}
