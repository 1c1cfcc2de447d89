//! Where Kafka's schemas come from: the jars that it publishes on Maven Central.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::model::Message;
use crate::cache;

/// The jars that hold schemas. Every one of them is needed: a schema that is missed would go unchecked.
const ARTIFACTS: [&str; 7] = [
    "kafka-clients",
    "kafka-group-coordinator",
    "kafka-metadata",
    "kafka-raft",
    "kafka-share-coordinator",
    "kafka-storage",
    "kafka-transaction-coordinator",
];

/// The folder with the jars of a Kafka release; Maven fetches those that are missing.
pub(crate) fn fetch(kafka: &str) -> anyhow::Result<PathBuf> {
    let folder = cache::folder()?.join("schemas").join(kafka);
    for artifact in ARTIFACTS {
        if folder.join(jar_name(artifact, kafka)).exists() {
            continue;
        }
        eprintln!("fetching {artifact} {kafka} with Maven");
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let status = Command::new("mvn")
            .args(["--quiet", "--batch-mode", "-Dstyle.color=never", "dependency:copy"])
            .arg(format!("-Dartifact=org.apache.kafka:{artifact}:{kafka}"))
            .arg(format!("-DoutputDirectory={}", folder.display()))
            .current_dir(&folder)
            .status()
            .context("running mvn (Apache Maven), which fetches Kafka's jars")?;
        ensure!(status.success(), "mvn could not fetch {artifact} {kafka}: {status}");
    }
    Ok(folder)
}

/// All schemas in the jars in `folder`, in the order of their names within each jar. Schemas of APIs that Kafka no
/// longer serves are left out.
pub(crate) fn read(folder: &Path, kafka: &str) -> anyhow::Result<Vec<Message>> {
    let mut schemas = Vec::new();
    for artifact in ARTIFACTS {
        let jar = folder.join(jar_name(artifact, kafka));
        let before = schemas.len();
        read_jar(&jar, artifact, &mut schemas).with_context(|| format!("reading {}", jar.display()))?;
        ensure!(schemas.len() > before, "{} holds no schema", jar.display());
        schemas[before..].sort_by(|one, other| one.name.cmp(&other.name));
    }
    Ok(schemas)
}

fn read_jar(jar: &Path, artifact: &'static str, schemas: &mut Vec<Message>) -> anyhow::Result<()> {
    let mut archive = zip::ZipArchive::new(File::open(jar)?)?;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let path = file.name()?.into_owned();
        if is_schema(&path) {
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            schemas.extend(Message::parse(&text, artifact).context(path)?);
        }
    }
    Ok(())
}

fn is_schema(path: &str) -> bool {
    let Some((folder, file)) = path.rsplit_once('/') else { return false };
    matches!(folder, "common/message" | "common/metadata" | "message") && file.ends_with(".json")
}

fn jar_name(artifact: &str, kafka: &str) -> String {
    format!("{artifact}-{kafka}.jar")
}
