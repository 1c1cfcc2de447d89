//! Which bytes of a segment were appended a moment ago, and so are in memory without a doubt worth a system call?

use std::time::{Duration, Instant};

use crate::Position;

/// What was appended so long ago at most, give or take as much again, is taken to be in memory.
const WINDOW: Duration = Duration::from_secs(2);

/// As far behind the end at most: where memory is short and producers are fast, pages may go within seconds.
const REACH_BYTES: u32 = 64 << 20;

/// Two marks that take turns: where the segment ended when a window began.
#[derive(Debug, Default)]
pub(crate) struct RecentAppends {
    current: Option<Mark>,
    previous: Option<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    since: Instant,
    position: Position,
}

impl RecentAppends {
    /// Something is appended at `position`.
    pub(crate) fn appended(&mut self, position: Position, now: Instant) {
        if self.current.is_none_or(|mark| now.duration_since(mark.since) >= WINDOW) {
            self.previous = self.current.replace(Mark { since: now, position });
        }
    }

    /// Whether everything from `position` to `end`, where the segment ends, was appended a moment ago.
    pub(crate) fn hold(&self, position: Position, end: Position, now: Instant) -> bool {
        let is_young = |mark: &&Mark| now.duration_since(mark.since) < 2 * WINDOW;
        let oldest = self.previous.iter().chain(&self.current).find(is_young);
        oldest.is_some_and(|mark| position >= mark.position)
            && end.0.saturating_sub(position.0) <= REACH_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appends(at: &[(u32, u64)], begin: Instant) -> RecentAppends {
        let mut recent = RecentAppends::default();
        for &(position, ms) in at {
            recent.appended(Position(position), begin + Duration::from_millis(ms));
        }
        recent
    }

    #[test]
    fn what_was_appended_a_moment_ago_is_held_and_what_was_there_before_is_not() {
        let begin = Instant::now();
        let recent = appends(&[(100, 0), (200, 1_000)], begin);
        let holds =
            |position, ms| recent.hold(Position(position), Position(300), begin + Duration::from_millis(ms));
        assert!(holds(100, 1_500) && holds(250, 1_500));
        assert!(!holds(99, 1_500));
    }

    #[test]
    fn nothing_is_held_for_long() {
        let begin = Instant::now();
        let recent = appends(&[(100, 0), (200, 2_000), (300, 4_000)], begin);
        let holds =
            |position, ms| recent.hold(Position(position), Position(400), begin + Duration::from_millis(ms));
        assert!(!holds(150, 4_000) && holds(200, 4_000));
        // The marks grow old where nothing more is appended.
        assert!(!holds(250, 6_000) && holds(300, 6_000));
        assert!(!holds(350, 8_000));
    }

    #[test]
    fn nothing_far_behind_the_end_is_held() {
        let begin = Instant::now();
        let recent = appends(&[(0, 0)], begin);
        assert!(recent.hold(Position(0), Position(REACH_BYTES), begin));
        assert!(!recent.hold(Position(0), Position(REACH_BYTES + 1), begin));
        assert!(!RecentAppends::default().hold(Position(0), Position(10), begin));
    }
}
