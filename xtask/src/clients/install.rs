//! Brings the clients onto this machine, each by its own package manager, where they are missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::cache;
use crate::kafka::Kafka;

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
        install_programs()?;
        let resources = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let python = install_python(&resources.join("python/requirements.txt"))?;
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

fn install_programs() -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    let missing: Vec<_> =
        PROGRAMS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("installing {}", missing.join(", "));
    // The lists may be old: then installing says what is missing.
    let _ = Command::new("apt-get").args(["update", "-qq"]).status();
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq"]).args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
    run(&mut install).with_context(|| format!("install {} by hand and try again", missing.join(", ")))
}

/// A virtual environment with just these requirements; another list is installed afresh.
fn install_python(requirements: &Path) -> anyhow::Result<PathBuf> {
    let wanted = fs::read_to_string(requirements)?;
    let folder = cache::folder()?.join("python");
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        eprintln!("installing Python clients into {}", folder.display());
        fs::create_dir_all(&folder)?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--requirement"])
            .arg(requirements))?;
        fs::write(&stamp, wanted)?;
    }
    Ok(folder.join("bin/python"))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let status = command.status().with_context(|| format!("running {name}"))?;
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}
