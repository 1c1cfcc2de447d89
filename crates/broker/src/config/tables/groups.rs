//! Consumer, share and streams groups, and what they commit.

use crate::config::definition::broker_settings;

broker_settings! {
    GROUPS
    // name, type, default, importance, can be changed, values
    "group.consumer.assignment.interval.ms"              int      "1000"           medium anywhere   at_least(0);
    "group.consumer.assignors"                           list     "uniform,range"  medium fixed      some;
    "group.consumer.heartbeat.interval.ms"               int      "5000"           medium fixed      at_least(1);
    "group.consumer.max.assignment.interval.ms"          int      "15000"          medium fixed      at_least(0);
    "group.consumer.max.heartbeat.interval.ms"           int      "15000"          medium fixed      at_least(1);
    "group.consumer.max.session.timeout.ms"              int      "60000"          medium fixed      at_least(1);
    "group.consumer.max.size"                            int      "2147483647"     medium fixed      at_least(1);
    "group.consumer.migration.policy"                    string   "bidirectional"  medium fixed      one_of_any_case(MIGRATIONS);
    "group.consumer.min.assignment.interval.ms"          int      "0"              medium fixed      at_least(0);
    "group.consumer.min.heartbeat.interval.ms"           int      "5000"           medium fixed      at_least(1);
    "group.consumer.min.session.timeout.ms"              int      "45000"          medium fixed      at_least(1);
    "group.consumer.regex.refresh.interval.ms"           int      "600000"         medium fixed      at_least(10000), internal;
    "group.consumer.session.timeout.ms"                  int      "45000"          medium fixed      at_least(1);
    "group.coordinator.append.linger.ms"                 int      "-1"             medium fixed      at_least(-1);
    "group.coordinator.background.threads"               int      "2"              high   fixed      at_least(1);
    "group.coordinator.cached.buffer.max.bytes"          int      "1048588"        medium anywhere   at_least(524288);
    "group.coordinator.rebalance.protocols"              list     "classic,consumer,streams" medium fixed      some_of(PROTOCOLS);
    "group.coordinator.threads"                          int      "4"              high   fixed      at_least(1);
    "group.initial.rebalance.delay.ms"                   int      "3000"           medium fixed      any
        => "How many milliseconds the first rebalance of an empty group waits for more members.";
    "group.max.session.timeout.ms"                       int      "1800000"        medium fixed      any
        => "The longest session timeout that a member may ask for, in milliseconds.";
    "group.max.size"                                     int      "2147483647"     medium fixed      at_least(1)
        => "How many members a group may have.";
    "group.min.session.timeout.ms"                       int      "6000"           medium fixed      any
        => "The shortest session timeout that a member may ask for, in milliseconds.";
    "group.share.assignment.interval.ms"                 int      "1000"           medium anywhere   at_least(0);
    "group.share.assignors"                              list     "simple"         medium fixed      some;
    "group.share.delivery.count.limit"                   int      "5"              medium fixed      between(2, 10);
    "group.share.heartbeat.interval.ms"                  int      "5000"           medium fixed      at_least(1);
    "group.share.initialize.retry.interval.ms"           int      "30000"          low    fixed      at_least(1), internal;
    "group.share.max.assignment.interval.ms"             int      "15000"          medium fixed      at_least(0);
    "group.share.max.delivery.count.limit"               int      "10"             medium fixed      between(5, 25);
    "group.share.max.heartbeat.interval.ms"              int      "15000"          medium fixed      at_least(1);
    "group.share.max.partition.max.record.locks"         int      "4000"           medium fixed      between(2000, 10000);
    "group.share.max.record.lock.duration.ms"            int      "60000"          medium fixed      between(30000, 3600000);
    "group.share.max.session.timeout.ms"                 int      "60000"          medium fixed      at_least(1);
    "group.share.max.share.sessions"                     int      "2000"           medium fixed      at_least(1);
    "group.share.max.size"                               int      "200"            medium fixed      between(1, 1000);
    "group.share.min.assignment.interval.ms"             int      "0"              medium fixed      at_least(0);
    "group.share.min.delivery.count.limit"               int      "2"              medium fixed      between(2, 5);
    "group.share.min.heartbeat.interval.ms"              int      "5000"           medium fixed      at_least(1);
    "group.share.min.partition.max.record.locks"         int      "100"            medium fixed      between(100, 2000);
    "group.share.min.record.lock.duration.ms"            int      "15000"          medium fixed      between(1000, 30000);
    "group.share.min.session.timeout.ms"                 int      "45000"          medium fixed      at_least(1);
    "group.share.partition.max.record.locks"             int      "2000"           medium fixed      between(100, 10000);
    "group.share.persister.class.name"                   string   "org.apache.kafka.server.share.persister.DefaultStatePersister" medium fixed      any, internal;
    "group.share.record.lock.duration.ms"                int      "30000"          medium fixed      between(1000, 3600000);
    "group.share.session.timeout.ms"                     int      "45000"          medium fixed      at_least(1);
    "group.streams.assignment.interval.ms"               int      "1000"           medium anywhere   at_least(0);
    "group.streams.heartbeat.interval.ms"                int      "5000"           medium fixed      at_least(1);
    "group.streams.initial.rebalance.delay.ms"           int      "3000"           medium fixed      at_least(0);
    "group.streams.max.assignment.interval.ms"           int      "15000"          medium fixed      at_least(0);
    "group.streams.max.heartbeat.interval.ms"            int      "15000"          medium fixed      at_least(1);
    "group.streams.max.session.timeout.ms"               int      "60000"          medium fixed      at_least(1);
    "group.streams.max.size"                             int      "2147483647"     medium fixed      at_least(1);
    "group.streams.max.standby.replicas"                 int      "2"              medium fixed      at_least(0);
    "group.streams.min.assignment.interval.ms"           int      "0"              medium fixed      at_least(0);
    "group.streams.min.heartbeat.interval.ms"            int      "5000"           medium fixed      at_least(1);
    "group.streams.min.session.timeout.ms"               int      "45000"          medium fixed      at_least(1);
    "group.streams.num.standby.replicas"                 int      "0"              medium fixed      at_least(0);
    "group.streams.session.timeout.ms"                   int      "45000"          medium fixed      at_least(1);
    "offset.metadata.max.bytes"                          int      "4096"           high   fixed      any
        => "The longest text that may be committed with an offset.";
    "offsets.commit.timeout.ms"                          int      "5000"           high   fixed      at_least(1);
    "offsets.load.buffer.size"                           int      "5242880"        high   fixed      at_least(1);
    "offsets.retention.check.interval.ms"                long     "600000"         high   fixed      at_least(1)
        => "How often offsets to drop are looked for, in milliseconds.";
    "offsets.retention.minutes"                          int      "10080"          high   fixed      at_least(1)
        => "Offsets of a group without members are kept for this many minutes.";
    "offsets.topic.compression.codec"                    int      "0"              high   fixed      any;
    "offsets.topic.num.partitions"                       int      "50"             high   fixed      at_least(1)
        => "Partitions of __consumer_offsets when it is created.";
    "offsets.topic.replication.factor"                   short    "3"              high   fixed      at_least(1)
        => "Replicas of __consumer_offsets when it is created, at most one on each broker.";
    "offsets.topic.segment.bytes"                        int      "104857600"      high   fixed      at_least(1)
        => "Bytes of a segment of __consumer_offsets.";
    "share.coordinator.append.linger.ms"                 int      "-1"             medium fixed      at_least(-1);
    "share.coordinator.cached.buffer.max.bytes"          int      "1048588"        medium anywhere   at_least(524288);
    "share.coordinator.cold.partition.snapshot.interval.ms" int      "300000"         low    fixed      at_least(1), internal;
    "share.coordinator.load.buffer.size"                 int      "5242880"        high   fixed      at_least(1);
    "share.coordinator.snapshot.update.records.per.snapshot" int      "500"            medium fixed      between(0, 500);
    "share.coordinator.state.topic.compression.codec"    int      "0"              high   fixed      any;
    "share.coordinator.state.topic.min.isr"              short    "2"              high   fixed      at_least(1);
    "share.coordinator.state.topic.num.partitions"       int      "50"             high   fixed      at_least(1);
    "share.coordinator.state.topic.prune.interval.ms"    int      "300000"         low    fixed      at_least(1), internal;
    "share.coordinator.state.topic.replication.factor"   short    "3"              high   fixed      at_least(1);
    "share.coordinator.state.topic.segment.bytes"        int      "104857600"      high   fixed      at_least(1);
    "share.coordinator.threads"                          int      "1"              medium fixed      at_least(1);
    "share.coordinator.write.timeout.ms"                 int      "5000"           high   fixed      at_least(1);
}

/// What `group.consumer.migration.policy` may be.
const MIGRATIONS: &[&str] = &["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"];

/// What `group.coordinator.rebalance.protocols` may list.
const PROTOCOLS: &[&str] = &["consumer", "classic", "share", "streams"];
