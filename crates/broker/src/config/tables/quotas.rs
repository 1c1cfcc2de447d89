//! Quotas and metrics.

use crate::config::definition::broker_settings;

broker_settings! {
    QUOTAS
    // name, type, default, importance, can be changed, values
    "alter.log.dirs.replication.quota.window.num"        int      "11"             low    fixed      at_least(1);
    "alter.log.dirs.replication.quota.window.size.seconds" int      "1"              low    fixed      at_least(1);
    "client.quota.callback.class"                        class    null             low    fixed      any;
    "controller.quota.window.num"                        int      "11"             low    fixed      at_least(1);
    "controller.quota.window.size.seconds"               int      "1"              low    fixed      at_least(1);
    "kafka.metrics.polling.interval.secs"                int      "10"             low    fixed      at_least(1);
    "kafka.metrics.reporters"                            list     ""               low    fixed      list;
    "metric.reporters"                                   list     "org.apache.kafka.common.metrics.JmxReporter" low    anywhere   list;
    "metrics.num.samples"                                int      "2"              low    fixed      at_least(1);
    "metrics.recording.level"                            string   "INFO"           low    fixed      any;
    "metrics.sample.window.ms"                           long     "30000"          low    fixed      at_least(1);
    "quota.window.num"                                   int      "11"             low    fixed      at_least(1);
    "quota.window.size.seconds"                          int      "1"              low    fixed      at_least(1);
    "replication.quota.window.num"                       int      "11"             low    fixed      at_least(1);
    "replication.quota.window.size.seconds"              int      "1"              low    fixed      at_least(1);
    "telemetry.max.bytes"                                int      "1048576"        low    fixed      at_least(1);
}

broker_settings! {
    DYNAMIC_ONLY
    // Limits on replication that can only be set while the broker runs.
    "follower.replication.throttled.rate"            long "9223372036854775807" medium anywhere at_least(0);
    "leader.replication.throttled.rate"              long "9223372036854775807" medium anywhere at_least(0);
    "replica.alter.log.dirs.io.max.bytes.per.second" long "9223372036854775807" medium anywhere at_least(0);
}
