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

/// What `crossdock --help` lists, each with the beginning of its own help. Only the arguments of the one that is run are
/// built: to build them all takes as long as to clone a file does.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Serve Kafka clients.
    Broker(commands::broker::Broker),
    /// Serve the files of a folder over HTTP/1.1.
    Http(commands::http::Http),
    /// Pass TCP connections on to another address.
    Proxy(commands::proxy::Proxy),
    /// Copy a file, a directory tree or a file on an HTTP server.
    Copy(commands::copy::Copy),
    /// Create, list, describe, change and delete topics.
    Topic(commands::topic::Topic),
    /// Write lines to a topic as records.
    Produce(commands::produce::Produce),
    /// Print the records of a topic.
    Consume(commands::consume::Consume),
    /// Look into the files of a log, without a broker.
    Log(commands::log::Log),
    /// Put load on any Kafka broker and say what came of it: rates, latencies, and what it cost the broker and the
    /// generator in CPU time and memory.
    Bench(commands::bench::Bench),
    /// Measure what each way from a file to a socket costs on this machine, in about a minute.
    Lab(commands::lab::Lab),
    /// Say what on this machine helps or hinders a broker.
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

    /// With the arguments of all subcommands.
    fn built() -> clap::Command {
        let mut command = Cli::command();
        command.build();
        command
    }

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
        check(&built(), "");
    }

    #[test]
    fn a_subcommand_is_listed_as_its_own_help_begins() {
        let (listed, built) = (Cli::command(), built());
        for command in listed.get_subcommands() {
            let name = command.get_name();
            let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
            let own = built.find_subcommand(name).and_then(about);
            assert!(
                own.is_some() && about(command) == own,
                "{name}: {:?} is listed, {own:?} is said",
                about(command)
            );
        }
    }

    #[test]
    fn only_what_is_called_is_built() {
        let mut command = Cli::command();
        command.try_get_matches_from_mut(["crossdock", "copy", "from", "to"]).unwrap();
        let has_arguments = |command: &&clap::Command| command.get_arguments().next().is_some();
        let declared = command.get_subcommands().filter(|command| command.get_name() != "help");
        let names: Vec<&str> = declared.filter(has_arguments).map(clap::Command::get_name).collect();
        assert_eq!(names, ["copy"]);
    }
}
