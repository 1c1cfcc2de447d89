//! `crossdock consume`: prints the records of a topic.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, StdoutLock, Write};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::bail;
use clap::Args;
use client::{
    Client, ClientError, FetchConfig, Fetched, Fetcher, GroupConfig, GroupConsumer, OffsetReset, OffsetSpec,
    Polled, TopicPartition,
};
use protocol::{Offset, PartitionIndex};

use super::{Bootstrap, block_on};
use crate::output;
use crate::records_out::{FORMAT_HELP, Format, JSON_HELP, to_json};
use crate::times;

/// Print the records of a topic.
///
/// Ends where the topic ends now, or goes on and on with --follow.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{FORMAT_HELP}\n\n{JSON_HELP}"))]
pub(crate) struct Consume {
    #[command(flatten)]
    bootstrap: Bootstrap,
    /// The topic to read.
    topic: String,
    /// Where to begin: `beginning`, `end`, an offset, or `@` and a time (ISO 8601, or ms since 1970). With --group,
    /// only where the group has not got anywhere yet, and only `beginning` or `end`.
    #[arg(long, value_name = "PLACE", default_value = "beginning")]
    from: Place,
    /// Only this partition; may be repeated.
    #[arg(long, value_name = "NUMBER", conflicts_with = "group")]
    partition: Vec<i32>,
    /// Share the topic with the other members of this group, and let the broker keep how far it has got.
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// Wait for more records instead of ending with the last one. Ctrl-C ends.
    #[arg(long, short)]
    follow: bool,
    /// End after so many records.
    #[arg(long, short = 'n', value_name = "COUNT")]
    max: Option<u64>,
    /// How each record is printed; see below.
    #[arg(long, value_parser = Format::parse, default_value = r"{value}\n", conflicts_with = "json")]
    format: Format,
    /// Print one JSON object for each record; see below.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  crossdock consume orders
  crossdock consume orders --from end --follow
  crossdock consume orders --from @2026-03-01T12:30:00Z --max 10 --json
  crossdock consume orders --partition 3 --from 1500 --format '{offset} {key} {value}\\n'
  crossdock consume orders --group billing --follow";

/// A place in a topic, as the user wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Beginning,
    End,
    Offset(i64),
    /// In ms since 1970.
    Time(i64),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is no place: give beginning, end, an offset, or @ and a time");
        match text {
            "beginning" => Ok(Self::Beginning),
            "end" => Ok(Self::End),
            _ => match text.strip_prefix('@') {
                Some(time) => times::parse_ms(time).map(Self::Time).map_err(|error| error.to_string()),
                None => {
                    text.parse().ok().filter(|offset| *offset >= 0).map(Self::Offset).ok_or_else(expected)
                }
            },
        }
    }
}

impl Consume {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async {
            let client = self.bootstrap.connect().await?;
            match &self.group {
                Some(group) => self.consume_in(&client, group).await,
                None => self.consume(&client).await,
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }

    async fn consume(&self, client: &Client) -> anyhow::Result<()> {
        let partitions = self.partitions(client).await?;
        let ends = ends(client, &partitions).await?;
        let positions = self.positions(client, &partitions, &ends).await?;
        let mut fetcher = Fetcher::new(client.clone(), FetchConfig::default());
        fetcher.assign(positions.clone());
        let mut printing = Printing::new(self, positions, ends);
        while !printing.is_over() {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => break,
                fetched = fetcher.next() => printing.print(&fetched?)?,
            }
            printing.finished().for_each(|partition| fetcher.remove(partition));
        }
        Ok(())
    }

    async fn consume_in(&self, client: &Client, group: &str) -> anyhow::Result<()> {
        let reset = match self.from {
            Place::Beginning => OffsetReset::Earliest,
            Place::End => OffsetReset::Latest,
            Place::Offset(_) | Place::Time(_) => {
                bail!("a group begins at the beginning or at the end: use --from beginning or --from end")
            }
        };
        client.topic(&self.topic).await?;
        let fetch = FetchConfig { reset, ..FetchConfig::default() };
        let topics = BTreeSet::from([self.topic.clone()]);
        let mut consumer = GroupConsumer::new(client.clone(), topics, GroupConfig::new(group), fetch);
        let mut printing = Printing::new(self, BTreeMap::new(), BTreeMap::new());
        let result = self.print_share(client, &mut consumer, &mut printing).await;
        // Only what was printed counts as processed, even if the reader has gone.
        consumer.close(Some(&printing.positions)).await?;
        result
    }

    async fn print_share(
        &self,
        client: &Client,
        consumer: &mut GroupConsumer,
        printing: &mut Printing<'_>,
    ) -> anyhow::Result<()> {
        loop {
            let polled = tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(()),
                polled = consumer.poll() => polled?,
            };
            match polled {
                Polled::Fetched(fetched) => printing.print(&fetched)?,
                Polled::Assigned(positions) => {
                    let share: Vec<TopicPartition> = positions.keys().cloned().collect();
                    tracing::info!(partitions = share.len(), "the group has given this member its share");
                    printing.ends = ends(client, &share).await?;
                    printing.positions = positions;
                }
            }
            if printing.is_over() {
                return Ok(());
            }
        }
    }

    /// The partitions to read: those asked for, or all.
    async fn partitions(&self, client: &Client) -> anyhow::Result<Vec<TopicPartition>> {
        let topic = client.topic(&self.topic).await?;
        if self.partition.is_empty() {
            let all = topic.partitions.iter();
            return Ok(all
                .map(|partition| TopicPartition::new(self.topic.as_str(), partition.index))
                .collect());
        }
        let mut asked = Vec::new();
        for index in &self.partition {
            let partition = TopicPartition::new(self.topic.as_str(), PartitionIndex(*index));
            if topic.partition(partition.partition).is_none() {
                return Err(ClientError::NoSuchPartition { partition, count: topic.partitions.len() }.into());
            }
            asked.push(partition);
        }
        Ok(asked)
    }

    /// Where to begin in each partition.
    async fn positions(
        &self,
        client: &Client,
        partitions: &[TopicPartition],
        ends: &BTreeMap<TopicPartition, Offset>,
    ) -> anyhow::Result<BTreeMap<TopicPartition, Offset>> {
        let spec = match self.from {
            Place::End => return Ok(ends.clone()),
            Place::Beginning | Place::Offset(_) => OffsetSpec::Earliest,
            Place::Time(millis) => OffsetSpec::AtTimestamp(millis),
        };
        let mut positions = BTreeMap::new();
        for (partition, found) in client.list_offsets(partitions, spec).await? {
            let end = ends.get(&partition).copied().unwrap_or(Offset::ZERO);
            let first = found.offset.unwrap_or(end);
            let position = match self.from {
                Place::Offset(offset) if (first.0..=end.0).contains(&offset) => Offset(offset),
                Place::Offset(offset) => {
                    bail!("{partition} has the offsets {first} to {end}, and {offset} is not among them")
                }
                _ => first,
            };
            positions.insert(partition, position);
        }
        Ok(positions)
    }
}

/// Behind the last record of each partition as of now.
async fn ends(
    client: &Client,
    partitions: &[TopicPartition],
) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
    let found = client.list_offsets(partitions, OffsetSpec::Latest).await?;
    Ok(found
        .into_iter()
        .map(|(partition, found)| (partition, found.offset.unwrap_or(Offset::ZERO)))
        .collect())
}

/// What is printed, and how far that has got.
struct Printing<'a> {
    options: &'a Consume,
    out: BufWriter<StdoutLock<'static>>,
    printed: u64,
    /// Behind what was printed of each partition.
    positions: BTreeMap<TopicPartition, Offset>,
    ends: BTreeMap<TopicPartition, Offset>,
}

impl<'a> Printing<'a> {
    fn new(
        options: &'a Consume,
        positions: BTreeMap<TopicPartition, Offset>,
        ends: BTreeMap<TopicPartition, Offset>,
    ) -> Self {
        Self { options, out: output::stdout(), printed: 0, positions, ends }
    }

    fn print(&mut self, fetched: &[Fetched]) -> anyhow::Result<()> {
        for fetched in fetched {
            self.print_partition(fetched)?;
        }
        Ok(self.out.flush()?)
    }

    fn print_partition(&mut self, fetched: &Fetched) -> anyhow::Result<()> {
        let Consume { follow, max, json, format, .. } = self.options;
        let TopicPartition { topic, partition } = &fetched.partition;
        let end = self.ends.get(&fetched.partition).filter(|_| !follow).copied().unwrap_or(Offset(i64::MAX));
        for record in fetched.decode()? {
            if record.offset >= end || max.is_some_and(|max| self.printed >= max) {
                return Ok(());
            }
            if *json {
                writeln!(self.out, "{}", to_json(topic, partition.0, &record))?;
            } else {
                format.write(&mut self.out, topic, partition.0, &record)?;
            }
            self.printed += 1;
            self.positions.insert(fetched.partition.clone(), record.offset.plus(1));
        }
        // Behind the last record there may be more that nobody sees, as the ends of transactions.
        self.positions.insert(fetched.partition.clone(), fetched.next_position);
        Ok(())
    }

    /// Partitions of which there is nothing left to print.
    fn finished(&self) -> impl Iterator<Item = &TopicPartition> {
        let follow = self.options.follow;
        self.positions
            .iter()
            .filter(move |(partition, position)| !follow && self.ends.get(*partition) <= Some(*position))
            .map(|(partition, _)| partition)
    }

    fn is_over(&self) -> bool {
        let enough = self.options.max.is_some_and(|max| self.printed >= max);
        enough || (!self.options.follow && self.finished().count() == self.positions.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        for (text, place) in [
            ("beginning", Place::Beginning),
            ("end", Place::End),
            ("0", Place::Offset(0)),
            ("1500", Place::Offset(1500)),
            ("@1772368200000", Place::Time(1_772_368_200_000)),
            ("@2026-03-01T12:30:00Z", Place::Time(1_772_368_200_000)),
        ] {
            assert_eq!(text.parse(), Ok(place), "{text}");
        }
        for text in ["", "-1", "start", "@", "@yesterday", "1.5"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
