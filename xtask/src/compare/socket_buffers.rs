//! What do socket buffers of a set size cost, against the kernel's own sizing? Asked of both brokers.

use std::fs;

use super::clients::Clients;
use super::cores::Place;
use super::results::Measured;
use super::server::{Kind, Settings};
use super::session::{CPU_PER_GB, Turn, cost_of, create_topic};

const TOPIC: &str = "buffers";
const PARTITIONS: i32 = 6;
const PASSES: usize = 3;

/// A case and what brings each broker to it.
struct Case {
    name: &'static str,
    kafka: Settings,
    crossdock: Settings,
}

const CASES: [Case; 2] = [
    Case { name: "100 KiB each", kafka: &[], crossdock: &[("crossdock.socket.buffers", "fixed")] },
    Case {
        name: "the kernel's own sizing",
        kafka: &[("socket.send.buffer.bytes", "-1"), ("socket.receive.buffer.bytes", "-1")],
        crossdock: &[],
    },
];

/// Produces and consumes with the load generator, once for each case.
pub(crate) fn run(turn: &Turn<'_>, measured: &mut Measured) -> anyhow::Result<()> {
    let &Turn { launcher, kind, ref data_dir, sizes } = turn;
    for Case { name, kafka, crossdock } in CASES {
        eprintln!("  {}: socket buffers, {name}", kind.name());
        let settings = if kind == Kind::Kafka { kafka } else { crossdock };
        let server = launcher.start_with(kind, data_dir, Place::Server, settings)?;
        let clients = Clients { launcher, server: &server };
        create_topic(&clients, TOPIC, PARTITIONS)?;
        let bytes = sizes.scale_bytes.to_string();
        let produce = ["produce", "--topic", TOPIC, "--bytes", &bytes];
        // The first run of each is the warm-up.
        for warm in [false, true] {
            let report = clients.bench(&produce, Place::Clients)?;
            if warm {
                let (cpu_s, gigabytes) = cost_of(&report, "produced")?;
                measured.add(&format!("produce, {name}"), kind.name(), CPU_PER_GB, cpu_s / gigabytes);
            }
        }
        let (mut cpu_s, mut gigabytes) = (0.0, 0.0);
        for pass in 0..=PASSES {
            let report = clients.bench(&["consume", "--topic", TOPIC], Place::Clients)?;
            if pass > 0 {
                let (pass_cpu_s, pass_gigabytes) = cost_of(&report, "consumed")?;
                cpu_s += pass_cpu_s;
                gigabytes += pass_gigabytes;
            }
        }
        measured.add(&format!("consume, {name}"), kind.name(), CPU_PER_GB, cpu_s / gigabytes);
        server.stop()?;
        fs::remove_dir_all(data_dir)?;
    }
    Ok(())
}
