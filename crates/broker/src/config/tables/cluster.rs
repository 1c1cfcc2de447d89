//! The node, its replicas and the metadata quorum.

use crate::config::definition::broker_settings;

broker_settings! {
    CLUSTER
    // name, type, default, importance, can be changed, values
    "auto.leader.rebalance.enable"                    boolean  "true"           high   fixed      any;
    "broker.heartbeat.interval.ms"                    int      "2000"           medium fixed      any;
    "broker.id"                                       int      "-1"             high   fixed      any
        => "An older name of node.id; both have to be equal where both are set.";
    "broker.rack"                                     string   null             medium fixed      any
        => "The rack of this broker, as clients are told it.";
    "broker.session.timeout.ms"                       int      "9000"           medium fixed      any;
    "config.providers"                                list     ""               low    anywhere   list;
    "controlled.shutdown.enable"                      boolean  "true"           medium fixed      any;
    "controller.performance.always.log.threshold.ms"  long     "2000"           medium fixed      at_least(0), internal;
    "controller.performance.sample.period.ms"         long     "60000"          medium fixed      at_least(100), internal;
    "controller.quorum.append.linger.ms"              int      "25"             medium fixed      at_least(0);
    "controller.quorum.auto.join.enable"              boolean  "false"          low    fixed      any;
    "controller.quorum.bootstrap.servers"             list     ""               high   fixed      host_ports;
    "controller.quorum.election.backoff.max.ms"       int      "1000"           high   fixed      at_least(0);
    "controller.quorum.election.timeout.ms"           int      "1000"           high   fixed      at_least(0);
    "controller.quorum.fetch.max.bytes"               int      "1048576"        low    fixed      at_least(1);
    "controller.quorum.fetch.snapshot.max.bytes"      int      "1048576"        low    fixed      at_least(1);
    "controller.quorum.fetch.timeout.ms"              int      "2000"           high   fixed      at_least(0);
    "controller.quorum.request.timeout.ms"            int      "2000"           medium fixed      at_least(0);
    "controller.quorum.retry.backoff.ms"              int      "20"             low    fixed      at_least(0);
    "controller.quorum.voters"                        list     ""               high   fixed      voters;
    "controller.socket.timeout.ms"                    int      "30000"          medium fixed      any;
    "follower.fetch.last.tiered.offset.enable"        boolean  "false"          medium anywhere   any;
    "initial.broker.registration.timeout.ms"          int      "60000"          medium fixed      any;
    "internal.metadata.delete.delay.millis"           long     "60000"          low    fixed      any, internal;
    "internal.metadata.log.segment.bytes"             int      null             low    fixed      any, internal;
    "internal.metadata.max.batch.size.in.bytes"       int      "8388608"        low    fixed      any, internal;
    "leader.imbalance.check.interval.seconds"         long     "300"            high   fixed      at_least(1);
    "metadata.log.dir"                                string   null             high   fixed      any;
    "metadata.log.max.record.bytes.between.snapshots" long     "20971520"       high   fixed      at_least(1)
        => "A snapshot of the metadata is written after this many bytes of changes.";
    "metadata.log.max.snapshot.interval.ms"           long     "3600000"        high   fixed      at_least(0)
        => "A snapshot of the metadata is written this long after the last one if anything has changed; 0 for never.";
    "metadata.log.segment.bytes"                      int      "1073741824"     high   fixed      at_least(8388608)
        => "The size at which the metadata log begins a new file.";
    "metadata.log.segment.ms"                         long     "604800000"      high   fixed      any
        => "The age at which the metadata log begins a new file.";
    "metadata.max.idle.interval.ms"                   int      "500"            low    fixed      at_least(0);
    "metadata.max.retention.bytes"                    long     "104857600"      high   fixed      any
        => "What the metadata log and its snapshots may take before the oldest go; -1 for no limit.";
    "metadata.max.retention.ms"                       long     "604800000"      high   fixed      any
        => "How old a snapshot of the metadata may be before it goes, and the log before it; -1 for no limit.";
    "node.id"                                         int      required         high   fixed      at_least(0)
        => "The number of this node in its cluster.";
    "num.replica.alter.log.dirs.threads"              int      null             high   fixed      any;
    "num.replica.fetchers"                            int      "1"              high   anywhere   at_least(1);
    "process.roles"                                   list     required         high   fixed      some_of(&["broker", "controller"])
        => "What this node is; Crossdock is always both broker and controller of itself.";
    "replica.fetch.backoff.ms"                        int      "1000"           medium fixed      at_least(0);
    "replica.fetch.max.bytes"                         int      "1048576"        medium fixed      at_least(0);
    "replica.fetch.min.bytes"                         int      "1"              high   fixed      any;
    "replica.fetch.response.max.bytes"                int      "10485760"       medium fixed      at_least(0);
    "replica.fetch.wait.max.ms"                       int      "500"            high   fixed      any;
    "replica.high.watermark.checkpoint.interval.ms"   long     "5000"           high   fixed      any;
    "replica.lag.time.max.ms"                         long     "30000"          high   fixed      any;
    "replica.selector.class"                          string   null             medium fixed      any;
    "replica.socket.receive.buffer.bytes"             int      "65536"          high   fixed      any;
    "replica.socket.timeout.ms"                       int      "30000"          high   fixed      any;
    "server.max.startup.time.ms"                      long     "9223372036854775807" medium fixed      at_least(0), internal;
    "unclean.leader.election.enable"                  boolean  "false"          high   anywhere   any;
    "unclean.leader.election.interval.ms"             long     "300000"         medium fixed      at_least(1), internal;
    "unstable.api.versions.enable"                    boolean  "false"          high   fixed      any, internal;
    "unstable.feature.versions.enable"                boolean  "false"          high   fixed      any, internal;
}
