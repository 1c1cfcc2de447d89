//! Records on a hard way: an idempotent producer and a group of one kind, while members join and die and the broker is
//! restarted and killed. Is nothing lost that was acknowledged, and nothing stored twice?

use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::install::Installed;
use super::participant::{Event, Kind, Participant};
use super::{Client, PATIENCE};
use crate::broker::Broker;
use crate::tool;

const TOPIC: &str = "endurance";
const GROUP: &str = "endurance-group";
/// Enough for every member to have some.
const PARTITIONS: &str = "6";
/// When nothing is acknowledged or read for so long, nothing will be. Clients take up to a minute to find a dead member.
const STANDSTILL: Duration = Duration::from_secs(120);
/// How many lines of what participants said are shown when something fails.
const LINES_SHOWN: usize = 12;

/// What happens on the way, in this order: each when so many percent of all records are acknowledged or read.
const COURSE: [(Progress, Incident); 6] = [
    (Progress::Acknowledged(10), Incident::MemberJoins),
    (Progress::Acknowledged(30), Incident::BrokerRestarts),
    (Progress::Read(40), Incident::FirstMemberDies),
    (Progress::Read(50), Incident::MemberJoins),
    (Progress::Acknowledged(60), Incident::BrokerIsKilled),
    (Progress::Read(80), Incident::BrokerIsKilled),
];

#[derive(Clone, Copy, Debug)]
enum Progress {
    Acknowledged(u64),
    Read(u64),
}

#[derive(Clone, Copy, Debug)]
enum Incident {
    MemberJoins,
    FirstMemberDies,
    BrokerRestarts,
    BrokerIsKilled,
}

/// Runs it all; says how many records were read more than once, which a group may do and a log may not.
pub(crate) fn run(
    installed: &Installed,
    kind: Kind,
    broker: &mut Broker,
    records: u64,
) -> anyhow::Result<String> {
    let mut create = installed.kafka.tool("org.apache.kafka.tools.TopicCommand");
    create.args([
        "--bootstrap-server",
        &broker.bootstrap(),
        "--create",
        "--topic",
        TOPIC,
        "--partitions",
        PARTITIONS,
    ]);
    tool::output(&mut create, &[], PATIENCE).context("creating a topic")?;
    let (sender, events) = channel();
    let mut way = Way { installed, kind, broker, sender, members: Vec::new(), tally: Tally::new(records)? };
    way.run(&events)?;
    let twice = way.tally.read.again;
    drop(way);
    verify_log(&broker.bootstrap(), records)?;
    Ok(format!("{twice} were read again after a rebalance"))
}

struct Way<'a> {
    installed: &'a Installed,
    kind: Kind,
    broker: &'a mut Broker,
    sender: Sender<(usize, Event)>,
    /// Those that died are gone; the place in the list is the number less one.
    members: Vec<Option<Participant>>,
    tally: Tally,
}

impl Way<'_> {
    fn run(&mut self, events: &Receiver<(usize, Event)>) -> anyhow::Result<()> {
        let bootstrap = self.broker.bootstrap();
        self.member_joins()?;
        let sender = self.sender.clone();
        let mut producer = Participant::producer(
            self.installed,
            self.kind,
            (&bootstrap, TOPIC),
            self.tally.records,
            sender,
        )?;
        let mut course = COURSE.iter().peekable();
        let mut moved = Instant::now();
        while !(self.tally.is_complete() && course.peek().is_none() && self.tally.everybody_had_partitions())
        {
            match events.recv_timeout(Duration::from_secs(1)) {
                Ok((number, event)) => {
                    if matches!(event, Event::Ended) && number == 0 {
                        ensure!(producer.succeeded()?, "the producer failed\n{}", self.tally.describe());
                    }
                    if self.tally.add(number, event)? {
                        moved = Instant::now();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("everybody is gone"),
            }
            ensure!(moved.elapsed() < STANDSTILL, "nothing moves any more\n{}", self.tally.describe());
            if course.peek().is_some_and(|(progress, incident)| {
                self.tally.has_come_to(*progress) && self.tally.allows(*incident)
            }) && let Some((_, incident)) = course.next()
            {
                self.happen(*incident).with_context(|| format!("{incident:?}"))?;
                moved = Instant::now();
            }
        }
        Ok(())
    }

    fn happen(&mut self, incident: Incident) -> anyhow::Result<()> {
        match incident {
            Incident::MemberJoins => self.member_joins(),
            Incident::FirstMemberDies => {
                self.members.iter_mut().find_map(Option::take).context("a member")?.die()
            }
            Incident::BrokerRestarts => self.broker.restart(),
            Incident::BrokerIsKilled => self.broker.crash(),
        }
    }

    fn member_joins(&mut self) -> anyhow::Result<()> {
        let number = self.members.len() + 1;
        let bootstrap = self.broker.bootstrap();
        let place = (bootstrap.as_str(), TOPIC, GROUP);
        let member = Participant::member(self.installed, self.kind, place, number, self.sender.clone())?;
        self.members.push(Some(member));
        self.tally.expect(number);
        Ok(())
    }
}

/// Which records were acknowledged and read, and what else was said.
struct Tally {
    records: u64,
    acknowledged: Seen,
    read: Seen,
    /// By participant: the most partitions that it had at once.
    most_assigned: Vec<usize>,
    last_lines: Vec<String>,
}

/// Which numbers below a limit were seen.
struct Seen {
    numbers: Vec<bool>,
    count: u64,
    /// How many were seen again.
    again: u64,
}

impl Tally {
    fn new(records: u64) -> anyhow::Result<Self> {
        Ok(Self {
            records,
            acknowledged: Seen::new(records)?,
            read: Seen::new(records)?,
            most_assigned: Vec::new(),
            last_lines: Vec::new(),
        })
    }

    /// Makes a place for what a participant will say.
    fn expect(&mut self, number: usize) {
        let places = self.most_assigned.len().max(number + 1);
        self.most_assigned.resize(places, 0);
    }

    /// Whether the event moved anything.
    fn add(&mut self, number: usize, event: Event) -> anyhow::Result<bool> {
        self.expect(number);
        match event {
            Event::Acknowledged(records) => {
                self.acknowledged.add(&records)?;
                ensure!(self.acknowledged.again == 0, "a record was acknowledged twice: {records:?}");
                return Ok(true);
            }
            Event::Read(records) => {
                self.read.add(&records)?;
                return Ok(true);
            }
            Event::Assigned(count) => self.most_assigned[number] = self.most_assigned[number].max(count),
            Event::Other(line) if !line.is_empty() => {
                if self.last_lines.len() == LINES_SHOWN {
                    self.last_lines.remove(0);
                }
                self.last_lines.push(format!("participant {number}: {line}"));
            }
            Event::Other(_) | Event::Ended => {}
        }
        Ok(false)
    }

    fn is_complete(&self) -> bool {
        self.acknowledged.count == self.records && self.read.count == self.records
    }

    /// Whether the group gave each of its members something to read, early or late.
    fn everybody_had_partitions(&self) -> bool {
        // The producer is participant 0.
        self.most_assigned.iter().skip(1).all(|most| *most > 0)
    }

    fn has_come_to(&self, progress: Progress) -> bool {
        match progress {
            Progress::Acknowledged(percent) => self.acknowledged.count * 100 >= self.records * percent,
            Progress::Read(percent) => self.read.count * 100 >= self.records * percent,
        }
    }

    /// A member that dies before it had anything to read would show nothing.
    fn allows(&self, incident: Incident) -> bool {
        match incident {
            Incident::FirstMemberDies => self.most_assigned.get(1).is_some_and(|most| *most > 0),
            Incident::MemberJoins | Incident::BrokerRestarts | Incident::BrokerIsKilled => true,
        }
    }

    fn describe(&self) -> String {
        format!(
            "{} of {} records are acknowledged, {} read; the most partitions of each: {:?}; the last lines:\n{}",
            self.acknowledged.count,
            self.records,
            self.read.count,
            self.most_assigned,
            self.last_lines.join("\n")
        )
    }
}

impl Seen {
    fn new(limit: u64) -> anyhow::Result<Self> {
        Ok(Self { numbers: vec![false; usize::try_from(limit)?], count: 0, again: 0 })
    }

    fn add(&mut self, numbers: &[u64]) -> anyhow::Result<()> {
        for number in numbers {
            let place = usize::try_from(*number).ok().and_then(|at| self.numbers.get_mut(at));
            let place = place.with_context(|| format!("nobody produced {number}"))?;
            if std::mem::replace(place, true) {
                self.again += 1;
            } else {
                self.count += 1;
            }
        }
        Ok(())
    }
}

/// Reads the whole topic with another client: every record must be there once.
fn verify_log(bootstrap: &str, records: u64) -> anyhow::Result<()> {
    let mut kcat = Command::new(Client::Kcat.name());
    kcat.args(["-C", "-q", "-e", "-b", bootstrap, "-t", TOPIC, "-o", "beginning", "-f", "%s\n"]);
    let read = tool::output(&mut kcat, &[], PATIENCE).context("reading the topic with kcat")?;
    let mut seen = Seen::new(records)?;
    let numbers: Result<Vec<u64>, _> = read.lines().map(str::parse).collect();
    seen.add(&numbers.context("a record that nobody produced")?)?;
    ensure!(seen.count == records, "{} of {records} acknowledged records are lost", records - seen.count);
    ensure!(seen.again == 0, "{} records are stored twice", seen.again);
    Ok(())
}
