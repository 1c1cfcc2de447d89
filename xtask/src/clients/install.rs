//! Brings the clients onto this machine, each by its own package manager, where they are missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kafka::Kafka;
use crate::{packages, python};

/// Programs from Debian's packages: program, package.
const PROGRAMS: [(&str, &str); 4] =
    [("kcat", "kcat"), ("java", "openjdk-17-jre-headless"), ("mvn", "maven"), ("python3", "python3-venv")];

/// The clients that are not on the program path.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) kafka: Kafka,
    python: PathBuf,
    /// `clients` of this crate.
    resources: PathBuf,
}

impl Installed {
    /// Installs what is missing.
    pub(crate) fn ensure() -> anyhow::Result<Self> {
        packages::ensure(&PROGRAMS)?;
        let resources = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let python = python::environment("python", &resources.join("python/requirements.txt"))?;
        Ok(Self { kafka: Kafka::fetch()?, python, resources })
    }

    /// One of the scripts in `clients/python`.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut python = Command::new(&self.python);
        // The checkout stays as it is.
        python.arg("-B").arg(self.resources.join("python").join(name));
        python
    }

    /// The settings of Kafka's VerifiableProducer.
    pub(crate) fn java_producer(&self) -> PathBuf {
        self.resources.join("java/producer.properties")
    }
}
