//! A disk that takes no more writes holds up those who write to it, and nobody else.

use e2e::admin::Admin;
use e2e::clients::{self, Outgoing};
use e2e::wire::{self, Connection, Outcome, api};
use e2e::{Broker, Disk, wait};

/// More than the broker has threads for connections, and more than it spends on a stalled disk.
const WRITERS: usize = 12;

/// An error code of Kafka's.
const COORDINATOR_NOT_AVAILABLE: i16 = 15;

fn record(partition: i32, value: &str) -> Outgoing<'_> {
    Outgoing::to("two-disks").partition(partition).payload(value.as_bytes())
}

#[test]
fn a_frozen_file_system_stops_neither_other_disks_nor_readers() {
    if !Broker::is_crossdock("a frozen file system") {
        return;
    }
    let Some(disk) = Disk::mount() else {
        println!("skipped: a file system to freeze needs root, mkfs.ext4 and a loop device");
        return;
    };
    let broker = Broker::with_second_dir(&disk.path());
    Admin::of(&broker).create("two-disks", 2, &[]).unwrap();
    let frozen = (0..2).find(|partition| disk.path().join(format!("two-disks-{partition}")).exists());
    let frozen = frozen.expect("each directory has one of the partitions");
    let healthy = 1 - frozen;
    let producer = clients::producer(&broker, &[]);
    for partition in [frozen, healthy] {
        clients::delivered(clients::enqueue(&producer, record(partition, "before"))).unwrap();
    }

    let mut fetching = Connection::open(&broker.bootstrap()).unwrap();
    fetching.send(&wire::fetch("two-disks", 0, 1 << 20));
    let Outcome::Answer(answer) = fetching.outcome() else { panic!("the broker closed the connection") };
    let batch = wire::fetched("two-disks", &answer);

    let frozen_disk = disk.freeze();
    let writers: Vec<_> = (0..WRITERS).map(|_| clients::producer(&broker, &[])).collect();
    let waiting: Vec<_> =
        writers.iter().map(|writer| clients::enqueue(writer, record(frozen, "meanwhile"))).collect();
    wait::until("the broker says that a disk stalls", || {
        broker.log_text().contains("an append takes longer than")
    });
    // Again and again, so that every thread of the broker has its turn.
    for number in 0..50 {
        let value = number.to_string();
        let connection = clients::producer(&broker, &[]);
        clients::delivered(clients::enqueue(&connection, record(healthy, &value))).unwrap();
    }
    // Half of the topic that groups are kept in is to be on the disk that stalls. It is answered all the same: the client's
    // fetches wait behind it.
    let mut connection = Connection::open(&broker.bootstrap()).unwrap();
    let group_of_readers = b"\0\x07readers\0";
    let Outcome::Answer(answer) = connection.request(api::FIND_COORDINATOR, 2, group_of_readers) else {
        panic!("the broker closed the connection");
    };
    assert_eq!(answer[4..6], COORDINATOR_NOT_AVAILABLE.to_be_bytes(), "{answer:?}");
    let read = clients::read_all(&broker, "two-disks", &[]);
    assert_eq!((read[&healthy].len(), read[&frozen].len()), (51, 1));

    // Of one request, what is for the other disk does not wait for the first.
    let both = wire::produce("two-disks", &[frozen, healthy], &batch);
    let mut writing = Connection::open(&broker.bootstrap()).unwrap();
    writing.send(&wire::frame(api::PRODUCE, 7, &both));
    wait::until("the part for the healthy disk is read", || {
        clients::read_all(&broker, "two-disks", &[])[&healthy].len() == 52
    });

    drop(frozen_disk);
    for delivery in waiting {
        clients::delivered(delivery).unwrap();
    }
    assert!(matches!(writing.outcome(), Outcome::Answer(_)));
    assert_eq!(clients::read_all(&broker, "two-disks", &[])[&frozen].len(), 1 + WRITERS + 1);
}
