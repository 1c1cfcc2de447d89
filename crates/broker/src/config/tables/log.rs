//! Topics and their logs on disk.

use crate::config::definition::broker_settings;

broker_settings! {
    LOG
    // name, type, default, importance, can be changed, values
    "alter.config.policy.class.name"                class    null             low    fixed      any;
    "auto.create.topics.enable"                     boolean  "true"           high   fixed      any
        => "Whether a topic comes to exist when a client asks for it.";
    "compression.gzip.level"                        int      "-1"             medium anywhere   gzip_level
        => "How hard gzip tries where records are recompressed.";
    "compression.lz4.level"                         int      "9"              medium anywhere   between(1, 17);
    "compression.type"                              string   "producer"       high   anywhere   one_of(COMPRESSIONS)
        => "How records are stored: as the producer compressed them, or recompressed.";
    "compression.zstd.level"                        int      "3"              medium anywhere   between(-131072, 22)
        => "How hard zstd tries where records are recompressed.";
    "cordoned.log.dirs"                             list     ""               medium per_broker list;
    "create.topic.policy.class.name"                class    null             low    fixed      any;
    "default.replication.factor"                    int      "1"              medium fixed      any
        => "Replicas of a topic that is created without a number.";
    "delete.topic.enable"                           boolean  "true"           high   fixed      any
        => "Whether topics can be deleted.";
    "log.cleaner.backoff.ms"                        long     "15000"          medium anywhere   at_least(0);
    "log.cleaner.dedupe.buffer.size"                long     "134217728"      medium anywhere   any;
    "log.cleaner.delete.retention.ms"               long     "86400000"       medium anywhere   at_least(0);
    "log.cleaner.enable"                            boolean  "true"           medium fixed      any;
    "log.cleaner.io.buffer.load.factor"             double   "0.9"            medium anywhere   any;
    "log.cleaner.io.buffer.size"                    int      "524288"         medium anywhere   at_least(0);
    "log.cleaner.io.max.bytes.per.second"           double   "1.7976931348623157E308" medium anywhere   any;
    "log.cleaner.max.compaction.lag.ms"             long     "9223372036854775807" medium anywhere   at_least(1);
    "log.cleaner.min.cleanable.ratio"               double   "0.5"            medium anywhere   ratio(1.0);
    "log.cleaner.min.compaction.lag.ms"             long     "0"              medium anywhere   at_least(0);
    "log.cleaner.threads"                           int      "1"              medium anywhere   at_least(0);
    "log.cleanup.policy"                            list     "delete"         medium anywhere   any_of(CLEANUPS)
        => "What happens to old records: delete drops them by age and size, compact keeps the last one of each key.";
    "log.dir"                                       list     "/tmp/kafka-logs" high   fixed      some
        => "Where the data is, if log.dirs is not set.";
    "log.dir.failure.timeout.ms"                    long     "30000"          low    fixed      at_least(1);
    "log.dirs"                                      list     null             high   fixed      some
        => "The directories where the data is.";
    "log.flush.interval.messages"                   long     "9223372036854775807" high   anywhere   at_least(1)
        => "A log is flushed to disk after this many records.";
    "log.flush.interval.ms"                         long     null             high   anywhere   any
        => "A log is flushed to disk after this many milliseconds; otherwise log.flush.scheduler.interval.ms says.";
    "log.flush.offset.checkpoint.interval.ms"       int      "60000"          high   fixed      at_least(0)
        => "How often the recovery points are written down, in milliseconds.";
    "log.flush.scheduler.interval.ms"               long     "9223372036854775807" high   fixed      any
        => "How often logs that are due to be flushed are looked for, in milliseconds.";
    "log.flush.start.offset.checkpoint.interval.ms" int      "60000"          high   fixed      at_least(0)
        => "How often the log start offsets are written down, in milliseconds.";
    "log.index.interval.bytes"                      int      "4096"           medium anywhere   at_least(0)
        => "Bytes of records between two entries of the offset index.";
    "log.index.size.max.bytes"                      int      "10485760"       medium anywhere   at_least(4)
        => "The largest size in bytes of each of a segment's indexes; a segment is closed when one is full.";
    "log.initial.task.delay.ms"                     long     "30000"          low    fixed      at_least(0), internal;
    "log.message.timestamp.after.max.ms"            long     "3600000"        medium anywhere   at_least(0)
        => "How many milliseconds a record's time may lie after the broker's clock.";
    "log.message.timestamp.before.max.ms"           long     "9223372036854775807" medium anywhere   at_least(0)
        => "How many milliseconds a record's time may lie before the broker's clock.";
    "log.message.timestamp.type"                    string   "CreateTime"     medium anywhere   one_of(TIMESTAMPS)
        => "Whether a record's time is the producer's (CreateTime) or the broker's (LogAppendTime).";
    "log.preallocate"                               boolean  "false"          medium anywhere   any
        => "Whether a new segment's bytes are reserved on disk at once.";
    "log.retention.bytes"                           long     "-1"             high   anywhere   any
        => "A partition keeps about this many bytes, -1 for no limit.";
    "log.retention.check.interval.ms"               long     "300000"         medium fixed      at_least(1)
        => "How often old segments are looked for, in milliseconds.";
    "log.retention.hours"                           int      "168"            high   fixed      any
        => "Records are kept for this many hours, -1 for ever.";
    "log.retention.minutes"                         int      null             high   fixed      any
        => "Records are kept for this many minutes, -1 for ever; otherwise log.retention.hours says.";
    "log.retention.ms"                              long     null             high   anywhere   any
        => "Records are kept for this many milliseconds, -1 for ever; otherwise log.retention.minutes says.";
    "log.roll.hours"                                int      "168"            high   fixed      at_least(1)
        => "A segment is closed when its first record is this many hours old.";
    "log.roll.jitter.hours"                         int      "0"              high   fixed      at_least(0)
        => "At most so many hours are taken off the age at which a segment is closed, at random.";
    "log.roll.jitter.ms"                            long     null             high   anywhere   any
        => "At most this is taken off the age at which a segment is closed; otherwise log.roll.jitter.hours says.";
    "log.roll.ms"                                   long     null             high   anywhere   any
        => "A segment is closed when its first record is this many milliseconds old; otherwise log.roll.hours says.";
    "log.segment.bytes"                             int      "1073741824"     high   anywhere   at_least(1048576)
        => "A segment is closed before it grows beyond this many bytes.";
    "log.segment.delete.delay.ms"                   long     "60000"          high   anywhere   at_least(0)
        => "A deleted file stays on disk under another name for this many milliseconds.";
    "message.max.bytes"                             int      "1048588"        high   anywhere   at_least(0)
        => "The largest batch of records that is taken, in bytes.";
    "min.insync.replicas"                           int      "1"              high   anywhere   at_least(1)
        => "With acks=all a write is refused while fewer replicas than this are in sync.";
    "num.partitions"                                int      "1"              medium fixed      at_least(1)
        => "Partitions of a topic that is created without a number.";
    "num.recovery.threads.per.data.dir"             int      "2"              high   anywhere   at_least(1)
        => "How many threads open the logs of one directory at the start.";
}

/// What `compression.type` may be.
pub(super) const COMPRESSIONS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

/// What `cleanup.policy` may list.
pub(super) const CLEANUPS: &[&str] = &["compact", "delete"];

/// What `message.timestamp.type` may be.
pub(super) const TIMESTAMPS: &[&str] = &["CreateTime", "LogAppendTime"];
