//! Segments in remote storage.

use crate::config::definition::broker_settings;

broker_settings! {
    TIERED
    // name, type, default, importance, can be changed, values
    "log.local.retention.bytes"                          long     "-2"             medium anywhere   at_least(-2);
    "log.local.retention.ms"                             long     "-2"             medium anywhere   at_least(-2);
    "remote.fetch.max.wait.ms"                           int      "500"            medium anywhere   at_least(1);
    "remote.list.offsets.request.timeout.ms"             long     "30000"          medium anywhere   at_least(1);
    "remote.log.index.file.cache.total.size.bytes"       long     "1073741824"     low    anywhere   at_least(1);
    "remote.log.index.file.cache.ttl.ms"                 long     "900000"         low    fixed      at_least(-1), internal;
    "remote.log.manager.copier.thread.pool.size"         int      "10"             medium anywhere   at_least(1);
    "remote.log.manager.copy.max.bytes.per.second"       long     "9223372036854775807" medium anywhere   at_least(1);
    "remote.log.manager.copy.quota.window.num"           int      "11"             medium fixed      at_least(1);
    "remote.log.manager.copy.quota.window.size.seconds"  int      "1"              medium fixed      at_least(1);
    "remote.log.manager.expiration.thread.pool.size"     int      "10"             medium anywhere   at_least(1);
    "remote.log.manager.fetch.max.bytes.per.second"      long     "9223372036854775807" medium anywhere   at_least(1);
    "remote.log.manager.fetch.quota.window.num"          int      "11"             medium fixed      at_least(1);
    "remote.log.manager.fetch.quota.window.size.seconds" int      "1"              medium fixed      at_least(1);
    "remote.log.manager.follower.thread.pool.size"       int      "2"              medium anywhere   at_least(1);
    "remote.log.manager.task.interval.ms"                long     "30000"          low    fixed      at_least(1);
    "remote.log.manager.task.retry.backoff.max.ms"       long     "30000"          low    fixed      at_least(1), internal;
    "remote.log.manager.task.retry.backoff.ms"           long     "500"            low    fixed      at_least(1), internal;
    "remote.log.manager.task.retry.jitter"               double   "0.2"            low    fixed      ratio(0.5), internal;
    "remote.log.manager.thread.pool.size"                int      "2"              medium fixed      at_least(1);
    "remote.log.metadata.custom.metadata.max.bytes"      int      "128"            low    fixed      at_least(0);
    "remote.log.metadata.manager.class.name"             string   "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager" medium fixed      text;
    "remote.log.metadata.manager.class.path"             string   null             medium fixed      any;
    "remote.log.metadata.manager.impl.prefix"            string   "rlmm.config."   medium fixed      text;
    "remote.log.metadata.manager.listener.name"          string   null             medium fixed      text;
    "remote.log.reader.max.pending.tasks"                int      "100"            medium fixed      at_least(1);
    "remote.log.reader.threads"                          int      "10"             medium anywhere   at_least(1);
    "remote.log.storage.manager.class.name"              string   null             medium fixed      text;
    "remote.log.storage.manager.class.path"              string   null             medium fixed      any;
    "remote.log.storage.manager.impl.prefix"             string   "rsm.config."    medium fixed      text;
    "remote.log.storage.system.enable"                   boolean  "false"          medium fixed      any;
}
