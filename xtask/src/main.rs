//! Developer commands: `cargo xtask COMMAND`. One file per command; `--help` lists them.

mod broker;
mod cache;
mod capture;
mod clients;
mod compare;
mod fuzz;
mod http;
mod kafka;
mod markers;
mod metrics;
mod packages;
mod process;
mod python;
mod readiness;
mod schema;
mod static_server;
mod suites;
mod tool;
mod workspace;
mod wrk;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer commands of Crossdock.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Capture(capture::Capture),
    Clients(clients::Clients),
    Compare(compare::Compare),
    Fuzz(fuzz::Fuzz),
    Http(http::Http),
    Schema(schema::Schema),
    Suites(suites::Suites),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Capture(command) => command.run(),
        Command::Clients(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Fuzz(command) => command.run(),
        Command::Http(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Suites(command) => command.run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
