//! The binary: one file per subcommand in `commands`, and what they share.

mod cli;
mod commands;
mod copy;
mod doctor;
mod logging;
mod output;
mod policy_file;
mod records_out;
mod times;
mod units;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    output::exit_code(cli::Cli::parse().run())
}
