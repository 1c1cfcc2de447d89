//! The command line: which subcommands there are.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{commands, logging};

/// A Kafka broker and a file server that send with sendfile, and the tools to use and inspect them.
#[derive(Debug, Parser)]
#[command(name = "crossdock", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  crossdock broker                                     serve Kafka clients on 127.0.0.1:9092
  crossdock topic create orders --partitions 6
  seq 1000 | crossdock produce orders
  crossdock consume orders --from beginning --max 10
  crossdock http --root ./public                       serve files on 127.0.0.1:8080
  crossdock proxy --listen 0.0.0.0:9092 --to kafka:9092
  crossdock copy /var/lib/crossdock /backup/crossdock  whole files or none
  crossdock doctor                                     what to set on this machine
  crossdock lab                                        what moving bytes costs here, in a minute";

#[derive(Debug, Subcommand)]
enum Command {
    Broker(commands::broker::Broker),
    Http(commands::http::Http),
    Proxy(commands::proxy::Proxy),
    Copy(commands::copy::Copy),
    Topic(commands::topic::Topic),
    Produce(commands::produce::Produce),
    Consume(commands::consume::Consume),
    Log(commands::log::Log),
    Bench(commands::bench::Bench),
    Lab(commands::lab::Lab),
    Doctor(commands::doctor::Doctor),
}

impl Cli {
    /// Runs the subcommand to its end.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        logging::init(self.command.log_level());
        match self.command {
            Command::Broker(broker) => broker.run(),
            Command::Http(http) => http.run(),
            Command::Proxy(proxy) => proxy.run(),
            Command::Copy(copy) => copy.run(),
            Command::Topic(topic) => topic.run(),
            Command::Produce(produce) => produce.run(),
            Command::Consume(consume) => consume.run(),
            Command::Log(log) => log.run(),
            Command::Bench(bench) => bench.run(),
            Command::Lab(lab) => lab.run(),
            Command::Doctor(doctor) => doctor.run(),
        }
    }
}

impl Command {
    /// From which level on a command logs: a server tells what it does, a tool only what is wrong.
    fn log_level(&self) -> &'static str {
        match self {
            Self::Broker(_) | Self::Http(_) | Self::Proxy(_) => "info",
            _ => "warn",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_declared_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_has_examples() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(
                command.get_after_help().is_some_and(|help| help.to_string().starts_with("Examples:")),
                "{path}"
            );
            for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
                check(sub, &path);
            }
        }
        check(&Cli::command(), "");
    }
}
