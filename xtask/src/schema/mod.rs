//! `cargo xtask schema`: holds every declaration in the `protocol` crate against the schemas in Apache Kafka's jars,
//! and prints schemas as declarations.

mod compare;
mod jars;
mod model;
mod print;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

/// Hold the message declarations against the schemas that Apache Kafka publishes in its jars.
#[derive(Args)]
pub(crate) struct Schema {
    /// A folder with Kafka's jars; otherwise Maven fetches them once into $CROSSDOCK_CACHE (default ~/.cache/crossdock).
    #[arg(long, value_name = "DIR")]
    jars: Option<PathBuf>,
    /// The Kafka release to fetch.
    #[arg(long, value_name = "VERSION", default_value = "4.3.1")]
    kafka: String,
    /// Print the declaration of one message, e.g. FetchRequest, instead of comparing.
    #[arg(long, value_name = "NAME", conflicts_with = "print_all")]
    print: Option<String>,
    /// Write the declarations of all messages into this folder, one module per file, instead of comparing.
    #[arg(long, value_name = "DIR")]
    print_all: Option<PathBuf>,
}

impl Schema {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = match self.jars {
            Some(folder) => folder,
            None => jars::fetch(&self.kafka)?,
        };
        let schemas = jars::read(&folder, &self.kafka)?;
        if let Some(name) = self.print {
            let schema = schemas.iter().find(|schema| schema.name == name);
            print!("{}", print::module(schema.with_context(|| format!("no schema is called {name}"))?));
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(folder) = self.print_all {
            print::write_all(&schemas, &folder)?;
            return Ok(ExitCode::SUCCESS);
        }
        let report = compare::all(&schemas, protocol::messages::all());
        for difference in &report.differences {
            println!("{difference}");
        }
        println!("{report}");
        Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
