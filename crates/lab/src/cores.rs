//! Which core sends, and which receives?

use std::fs;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

/// The cores of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Cores {
    /// The sender's and the receiver's; `None` where there is but one for both.
    pub(crate) pinned: Option<[usize; 2]>,
    /// Whether the two are threads of one core, so that each slows the other down.
    pub(crate) are_siblings: bool,
}

impl Cores {
    /// The first core that this program may use, and the next that is not its sibling, if there is one.
    pub(crate) fn choose() -> Self {
        let Ok(allowed) = sched_getaffinity(None) else {
            return Self { pinned: None, are_siblings: false };
        };
        let usable: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core)).collect();
        choose_among(&usable, siblings_of)
    }
}

/// Keeps the calling thread on a core until it ends. A system that does not allow it places the thread itself.
pub(crate) fn pin(core: Option<usize>) {
    if let Some(core) = core {
        let mut only = CpuSet::new();
        only.set(core);
        let _ = sched_setaffinity(None, &only);
    }
}

fn choose_among(usable: &[usize], siblings_of: impl Fn(usize) -> Vec<usize>) -> Cores {
    let &[first, second, ..] = usable else { return Cores { pinned: None, are_siblings: false } };
    let siblings = siblings_of(first);
    let apart = usable.iter().copied().find(|core| *core != first && !siblings.contains(core));
    Cores { pinned: Some([first, apart.unwrap_or(second)]), are_siblings: apart.is_none() }
}

/// The threads of the core that `core` is one of, as the kernel tells; none where it does not.
fn siblings_of(core: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    fs::read_to_string(path).map(|list| parse_list(&list)).unwrap_or_default()
}

/// Reads `0,4-6`.
fn parse_list(list: &str) -> Vec<usize> {
    let ranges = list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    // No machine has more, and a list is never longer than one.
    ranges.flatten().take(CpuSet::MAX_CPU).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sender_and_receiver_share_no_core_where_that_can_be() {
        let pairs = |core: usize| vec![core & !1, core | 1];
        assert_eq!(choose_among(&[0, 1, 2, 3], pairs).pinned, Some([0, 2]));
        assert_eq!(choose_among(&[0, 1], pairs), Cores { pinned: Some([0, 1]), are_siblings: true });
        assert_eq!(choose_among(&[5, 7], |_| vec![]).pinned, Some([5, 7]));
        assert_eq!(choose_among(&[3], pairs).pinned, None);
        assert_eq!(choose_among(&[], pairs).pinned, None);
    }

    #[test]
    fn lists_of_cores_are_read_as_the_kernel_writes_them() {
        assert_eq!(parse_list("0,4-6\n"), [0, 4, 5, 6]);
        assert_eq!(parse_list(""), [0; 0]);
    }
}
