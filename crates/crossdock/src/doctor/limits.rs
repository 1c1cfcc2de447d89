//! What one process may have.

use rustix::process::{Resource, getrlimit};

use super::{Area, Finding, Verdict};

/// Enough for a few thousand partitions (an active segment has three files) and as many connections.
const OPEN_FILES_WANTED: u64 = 65_536;
/// Too few for a few hundred partitions and their clients.
const OPEN_FILES_TOO_FEW: u64 = 4_096;

pub(super) fn examine() -> Vec<Finding> {
    // The soft limit does not count: `crossdock broker` raises its own to the hard one.
    vec![open_files(getrlimit(Resource::Nofile).maximum)]
}

/// `maximum` is `None` where there is no limit.
fn open_files(maximum: Option<u64>) -> Finding {
    let verdict = match maximum {
        Some(count) if count < OPEN_FILES_TOO_FEW => Verdict::Matters,
        Some(count) if count < OPEN_FILES_WANTED => Verdict::Advice,
        _ => Verdict::Good,
    };
    Finding {
        area: Area::Limits,
        name: "open files (hard limit)".to_owned(),
        value: maximum.map_or("unlimited".to_owned(), |count| count.to_string()),
        wanted: format!(
            "{OPEN_FILES_WANTED} or more: three files for a partition's active segment, one for a connection"
        ),
        verdict,
        command: (verdict != Verdict::Good).then(|| {
            format!("sudo prlimit --pid $$ --nofile={OPEN_FILES_WANTED}    # systemd: LimitNOFILE={OPEN_FILES_WANTED}")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_open_files_matter_and_no_limit_is_good() {
        assert_eq!(open_files(Some(1024)).verdict, Verdict::Matters);
        assert_eq!(open_files(Some(20_000)).verdict, Verdict::Advice);
        assert_eq!(open_files(Some(OPEN_FILES_WANTED)).verdict, Verdict::Good);
        assert_eq!(open_files(None).verdict, Verdict::Good);
        assert!(open_files(Some(1024)).command.unwrap().contains("nofile=65536"));
    }
}
