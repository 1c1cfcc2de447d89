//! Apache Kafka's own client, by the tools that it is published with.

use anyhow::{Context as _, ensure};

use super::report::Report;
use super::{Client, PATIENCE};
use crate::kafka::Kafka;
use crate::tool;

/// What the tools can do.
pub(crate) fn check(kafka: &Kafka, bootstrap: &str, report: &mut Report) {
    let tools = Tools { kafka, bootstrap: bootstrap.to_owned() };
    let promises: [(&str, Check<'_>); 9] = [
        ("ClientCompatibilityTest", Tools::compatibility),
        ("TopicCommand creates, describes, grows and deletes", Tools::topics),
        ("console producer and consumer, in a group", Tools::console),
        ("ConsumerGroupCommand lists, describes, resets and deletes", Tools::groups),
        ("ConfigCommand sets and describes topics and brokers", Tools::configs),
        ("GetOffsetShell and DeleteRecordsCommand", Tools::offsets),
        ("BrokerApiVersionsCommand", Tools::api_versions),
        ("ProducerPerformance and ConsumerPerformance", Tools::performance),
        ("EndToEndLatency", Tools::latency),
    ];
    for (promise, check) in promises {
        report.check(Client::Java.name(), promise, || check(&tools));
    }
}

type Check<'a> = fn(&Tools<'a>) -> anyhow::Result<String>;

struct Tools<'a> {
    kafka: &'a Kafka,
    bootstrap: String,
}

impl Tools<'_> {
    fn compatibility(&self) -> anyhow::Result<String> {
        let facts = [
            ["--offsets-for-times-supported", "true"],
            ["--cluster-id-supported", "true"],
            ["--expect-record-too-large-exception", "false"],
            ["--num-cluster-nodes", "1"],
            ["--create-topics-supported", "true"],
            ["--describe-acls-supported", "true"],
            ["--describe-configs-supported", "true"],
            ["--idempotent-producer-supported", "true"],
        ];
        let mut arguments = vec!["--topic", "compatibility"];
        arguments.extend(facts.iter().flatten());
        self.run("ClientCompatibilityTest", &arguments).map(|_| String::new())
    }

    fn topics(&self) -> anyhow::Result<String> {
        let command = |arguments: &[&str]| self.run("TopicCommand", arguments);
        command(&["--create", "--topic", "t", "--partitions", "2", "--config", "retention.ms=123456"])?;
        command(&["--alter", "--topic", "t", "--partitions", "4"])?;
        let description = command(&["--describe", "--topic", "t"])?;
        expect(&description, &["PartitionCount: 4", "retention.ms=123456", "Partition: 3\tLeader: 1"])?;
        expect(&command(&["--list"])?, &["t"])?;
        command(&["--delete", "--topic", "t"])?;
        ensure!(!command(&["--list"])?.lines().any(|line| line == "t"), "the topic is still listed");
        Ok(String::new())
    }

    fn console(&self) -> anyhow::Result<String> {
        let lines: String = (0..1_000).map(|number| format!("line {number}\n")).collect();
        let mut producer = self.tool("ConsoleProducer");
        producer.args(["--topic", "console", "--compression-codec", "zstd"]);
        tool::output(&mut producer, lines.as_bytes(), PATIENCE)?;
        let consume =
            ["--topic", "console", "--group", "console-group", "--from-beginning", "--max-messages", "1000"];
        let read = self.run("consumer.ConsoleConsumer", &consume)?;
        ensure!(read == lines, "{} lines came back, and not as they went", read.lines().count());
        Ok(String::new())
    }

    fn groups(&self) -> anyhow::Result<String> {
        let command = |arguments: &[&str]| self.run("consumer.group.ConsumerGroupCommand", arguments);
        expect(&command(&["--list"])?, &["console-group"])?;
        let group = ["--group", "console-group"];
        let offsets = command(&[&group[..], &["--describe"]].concat())?;
        let row = offsets.lines().find(|line| line.starts_with("console-group")).context("no offset")?;
        let fields: Vec<_> = row.split_whitespace().collect();
        ensure!(fields.get(1..6) == Some(&["console", "0", "1000", "1000", "0"][..]), "{row}");
        command(
            &[&group[..], &["--reset-offsets", "--to-offset", "10", "--topic", "console", "--execute"]]
                .concat(),
        )?;
        expect(&command(&[&group[..], &["--describe"]].concat())?, &["990"])?;
        expect(&command(&[&group[..], &["--describe", "--state"]].concat())?, &["Empty"])?;
        command(&[&group[..], &["--delete"]].concat())?;
        ensure!(!command(&["--list"])?.contains("console-group"), "the group is still listed");
        Ok(String::new())
    }

    fn configs(&self) -> anyhow::Result<String> {
        let command = |arguments: &[&str]| self.run_class("kafka.admin.ConfigCommand", arguments);
        let topic = ["--entity-type", "topics", "--entity-name", "console"];
        command(
            &[&topic[..], &["--alter", "--add-config", "retention.ms=1000000,segment.bytes=2000000"]]
                .concat(),
        )?;
        expect(
            &command(&[&topic[..], &["--describe"]].concat())?,
            &["retention.ms=1000000", "segment.bytes=2000000"],
        )?;
        command(&[&topic[..], &["--alter", "--delete-config", "retention.ms"]].concat())?;
        let left = command(&[&topic[..], &["--describe"]].concat())?;
        ensure!(!left.contains("retention.ms"), "{left}");
        let broker = ["--entity-type", "brokers", "--entity-name", "1", "--describe", "--all"];
        expect(&command(&broker)?, &["num.partitions=1", "group.min.session.timeout.ms=1000"])?;
        Ok(String::new())
    }

    fn offsets(&self) -> anyhow::Result<String> {
        let get = |time: &str| self.run("GetOffsetShell", &["--topic", "console", "--time", time]);
        expect(&get("latest")?, &["console:0:1000"])?;
        expect(&get("max-timestamp")?, &["console:0:"])?;
        let folder = std::env::temp_dir();
        let file = folder.join(format!("crossdock-delete-{}.json", std::process::id()));
        std::fs::write(
            &file,
            r#"{"partitions":[{"topic":"console","partition":0,"offset":400}],"version":1}"#,
        )?;
        let deleted = self.run("DeleteRecordsCommand", &["--offset-json-file", &file.display().to_string()]);
        std::fs::remove_file(&file)?;
        expect(&deleted?, &["low_watermark: 400"])?;
        expect(&get("earliest")?, &["console:0:400"])?;
        Ok(String::new())
    }

    fn api_versions(&self) -> anyhow::Result<String> {
        let versions = self.run("BrokerApiVersionsCommand", &[])?;
        expect(&versions, &["Produce(0): 0 to 13", "Fetch(1): 4 to 18", "ApiVersions(18): 0 to 4"])?;
        Ok(String::new())
    }

    fn performance(&self) -> anyhow::Result<String> {
        let work = ["--topic", "performance", "--num-records", "200000"];
        let produced = self.run(
            "ProducerPerformance",
            &[&work[..], &["--record-size", "1000", "--throughput", "-1"]].concat(),
        )?;
        let last = produced.lines().last().unwrap_or_default();
        ensure!(last.starts_with("200000 records sent"), "{produced}");
        let consumed = self.run("ConsumerPerformance", &[&work[..], &["--timeout", "60000"]].concat())?;
        let count = consumed.lines().last().and_then(|line| line.split(',').nth(4)).unwrap_or_default();
        ensure!(count.trim().parse::<u64>().is_ok_and(|count| count >= 200_000), "{consumed}");
        Ok(String::new())
    }

    fn latency(&self) -> anyhow::Result<String> {
        let facts =
            ["--topic", "latency", "--num-records", "2000", "--producer-acks", "all", "--record-size", "100"];
        let said = self.run("EndToEndLatency", &facts)?;
        let line = said.lines().find(|line| line.starts_with("Percentiles")).context("no percentiles")?;
        Ok(line.to_owned())
    }

    /// Runs one of Kafka's tools and returns what it said.
    fn run(&self, name: &str, arguments: &[&str]) -> anyhow::Result<String> {
        tool::output(self.tool(name).args(arguments), &[], PATIENCE).with_context(|| arguments.join(" "))
    }

    fn run_class(&self, class: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let mut tool = self.kafka.tool(class);
        tool.args(["--bootstrap-server", &self.bootstrap]).args(arguments);
        tool::output(&mut tool, &[], PATIENCE).with_context(|| arguments.join(" "))
    }

    fn tool(&self, name: &str) -> std::process::Command {
        let mut tool = self.kafka.tool(&format!("org.apache.kafka.tools.{name}"));
        tool.args(["--bootstrap-server", &self.bootstrap]);
        tool
    }
}

fn expect(said: &str, parts: &[&str]) -> anyhow::Result<()> {
    for part in parts {
        ensure!(said.contains(part), "{part:?} is missing in:\n{said}");
    }
    Ok(())
}
