//! Apache Kafka from its published jars: the broker and the tools that Crossdock is held against.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::cache;

/// The release that this project follows.
pub(crate) const VERSION: &str = "4.3.1";

/// The heap that Kafka's own start script gives a broker.
const BROKER_HEAP: &str = "1G";
const TOOL_HEAP: &str = "512M";

/// The flags that Kafka's own start script gives a broker.
const BROKER_FLAGS: [&str; 7] = [
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-XX:MaxInlineLevel=15",
    "-Djava.awt.headless=true",
];

/// Any id will do: each data directory holds a cluster of its own.
const CLUSTER_ID: &str = "Y3Jvc3Nkb2NrLWNvbXBhcg";

/// Kafka's jars.
#[derive(Clone, Debug)]
pub(crate) struct Kafka {
    jars: PathBuf,
}

impl Kafka {
    /// The jars in the cache; Maven fetches them the first time.
    pub(crate) fn fetch() -> anyhow::Result<Self> {
        let jars = cache::folder()?.join(format!("kafka-{VERSION}"));
        if !jars.join(format!("kafka_2.13-{VERSION}.jar")).exists() {
            eprintln!("fetching Apache Kafka {VERSION} with Maven");
            fs::create_dir_all(&jars).with_context(|| format!("creating {}", jars.display()))?;
            let status = Command::new("mvn")
                .args(["--quiet", "--batch-mode", "--file"])
                .arg(resource("pom.xml"))
                .arg("org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies")
                .arg("-DincludeScope=runtime")
                .arg(format!("-DoutputDirectory={}", jars.display()))
                .arg(format!("-Dkafka.version={VERSION}"))
                .status()
                .context("running mvn (Apache Maven), which fetches Kafka's jars")?;
            ensure!(status.success(), "mvn could not fetch Apache Kafka {VERSION}: {status}");
        }
        Ok(Self { jars })
    }

    /// One of Kafka's tools by its main class.
    pub(crate) fn tool(&self, main_class: &str) -> Command {
        let mut java = Command::new("java");
        java.arg(format!("-Xmx{TOOL_HEAP}")).args(self.class_path()).arg(main_class);
        java
    }

    /// A broker that is its own controller. Formats `data_dir` the first time. `settings` come after its own.
    pub(crate) fn broker(
        &self,
        data_dir: &Path,
        port: u16,
        controller_port: u16,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Command> {
        let configuration = data_dir.with_extension("properties");
        let mut text = properties(data_dir, port, controller_port);
        for (name, value) in settings {
            text.push_str(&format!("{name}={value}\n"));
        }
        fs::write(&configuration, text).with_context(|| format!("writing {}", configuration.display()))?;
        if !data_dir.join("meta.properties").exists() {
            let mut format = self.tool("kafka.tools.StorageTool");
            format
                .args(["format", "--standalone", "--cluster-id", CLUSTER_ID, "--config"])
                .arg(&configuration);
            let output = format.output().context("running java")?;
            ensure!(output.status.success(), "StorageTool: {}", String::from_utf8_lossy(&output.stderr));
        }
        let mut java = Command::new("java");
        java.args([format!("-Xms{BROKER_HEAP}"), format!("-Xmx{BROKER_HEAP}")]).args(BROKER_FLAGS);
        java.args(self.class_path()).arg("kafka.Kafka").arg(configuration);
        Ok(java)
    }

    fn class_path(&self) -> [String; 3] {
        let logging = format!("-Dlog4j2.configurationFile={}", resource("log4j2.properties").display());
        [logging, "-cp".to_owned(), format!("{}/*", self.jars.display())]
    }
}

fn resource(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka").join(name)
}

fn properties(data_dir: &Path, port: u16, controller_port: u16) -> String {
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}\n\
         controller.listener.names=CONTROLLER\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n",
        data_dir.display()
    )
}
