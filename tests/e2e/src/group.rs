//! Members of consumer groups, each in a process of its own that can be killed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::broker::{Broker, Settings};
use crate::process;

/// A group whose members react fast. The broker must allow the session timeout: see [`BROKER_SETTINGS`].
const MEMBER_SETTINGS: Settings<'_> = &[
    ("session.timeout.ms", "2000"),
    ("heartbeat.interval.ms", "200"),
    ("auto.commit.interval.ms", "100"),
    ("auto.offset.reset", "earliest"),
    ("broker.address.family", "v4"),
    ("reconnect.backoff.ms", "20"),
    ("reconnect.backoff.max.ms", "100"),
    ("fetch.wait.max.ms", "100"),
];

/// What a broker needs for members that are missed soon after they die.
pub const BROKER_SETTINGS: Settings<'_> = &[("group.min.session.timeout.ms", "500")];

/// A running member. It leaves the group when this value goes, unless it was killed.
#[derive(Debug)]
pub struct Member {
    child: Child,
    follower: Option<JoinHandle<()>>,
    seen: Arc<Mutex<Seen>>,
}

/// What a member has said so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The partitions that it has now.
    pub assigned: BTreeSet<i32>,
    /// How many times its assignment was made.
    pub assignments: usize,
    /// The partitions that it gave up, in their order.
    pub revoked: Vec<i32>,
    /// Keys of the records that it read, in their order.
    pub keys: Vec<String>,
}

impl Member {
    /// Starts a member of `group` that reads `topic`, with librdkafka's `settings`.
    ///
    /// # Panics
    ///
    /// When the process does not start.
    pub fn join(broker: &Broker, group: &str, topic: &str, settings: Settings<'_>) -> Self {
        // Cargo builds a package's binaries next to the folder of its tests.
        let test = std::env::current_exe().expect("the path of this test");
        let program = test.ancestors().nth(2).expect("a test lies in deps/").join("group-member");
        let mut command = Command::new(program);
        command
            .arg(topic)
            .arg(format!("bootstrap.servers={}", broker.bootstrap()))
            .arg(format!("group.id={group}"));
        command.args(MEMBER_SETTINGS.iter().chain(settings).map(|(name, value)| format!("{name}={value}")));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the member's program starts");
        let seen = Arc::default();
        let events = child.stdout.take().expect("standard output is a pipe");
        let told = Arc::clone(&seen);
        let follower = Some(std::thread::spawn(move || follow(events, &told)));
        Self { child, follower, seen }
    }

    /// What the member has said so far.
    pub fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }

    /// The partitions that the member has now.
    pub fn assigned(&self) -> BTreeSet<i32> {
        lock(&self.seen).assigned.clone()
    }

    /// Kills the member: it says goodbye to nobody.
    ///
    /// # Panics
    ///
    /// When it is gone already.
    pub fn die(mut self) -> Seen {
        self.child.kill().expect("the process is there");
        self.last_words()
    }

    /// Lets the member leave the group, and returns all that it saw.
    pub fn leave(mut self) -> Seen {
        drop(self.child.stdin.take());
        self.last_words()
    }

    /// All that the member said until its process ended.
    fn last_words(&mut self) -> Seen {
        process::ended(&mut self.child);
        if let Some(follower) = self.follower.take() {
            follower.join().expect("the member's events are followed");
        }
        self.seen()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Seen { assigned, assignments, revoked, keys } = self.seen();
            eprintln!(
                "a member has {assigned:?} after {assignments} assignments, gave up {revoked:?}, read {} records",
                keys.len()
            );
        }
        // Nothing is left to kill where it died or left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(events: ChildStdout, seen: &Mutex<Seen>) {
    for line in BufReader::new(events).lines().map_while(Result::ok) {
        let (event, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let mut seen = lock(seen);
        match event {
            "assigned" => {
                seen.assigned = partitions(rest).collect();
                seen.assignments += 1;
            }
            "revoked" => seen.revoked.extend(partitions(rest)),
            "record" => seen.keys.extend(rest.splitn(3, ' ').nth(2).map(str::to_owned)),
            _ => {}
        }
    }
}

fn partitions(list: &str) -> impl Iterator<Item = i32> {
    list.split(',').filter_map(|number| number.parse().ok())
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
