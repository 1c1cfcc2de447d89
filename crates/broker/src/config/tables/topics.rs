//! The settings of a topic, and the broker settings that stand in for them.

use super::log::{CLEANUPS, COMPRESSIONS, TIMESTAMPS};
use super::own::COMPRESSED_VALIDATION;
use crate::config::definition::resource_settings;

resource_settings! {
    TOPICS
    // name, type, default, importance, broker settings from the nearest on, values
    "cleanup.policy"                          list     "delete"         medium ["log.cleanup.policy"] any_of(CLEANUPS)
        => "What happens to old records: delete drops them by age and size, compact keeps the last one of each key.";
    "compression.gzip.level"                  int      "-1"             medium ["compression.gzip.level"] gzip_level
        => "How hard gzip tries where records are recompressed.";
    "compression.lz4.level"                   int      "9"              medium ["compression.lz4.level"] between(1, 17);
    "compression.type"                        string   "producer"       medium ["compression.type"] one_of(COMPRESSIONS)
        => "How records are stored: as the producer compressed them, or recompressed.";
    "compression.zstd.level"                  int      "3"              medium ["compression.zstd.level"] between(-131072, 22)
        => "How hard zstd tries where records are recompressed.";
    "delete.retention.ms"                     long     "86400000"       medium ["log.cleaner.delete.retention.ms"] at_least(0);
    "file.delete.delay.ms"                    long     "60000"          medium ["log.segment.delete.delay.ms"] at_least(0)
        => "A deleted file stays on disk under another name for this many milliseconds.";
    "flush.messages"                          long     "9223372036854775807" medium ["log.flush.interval.messages"] at_least(1)
        => "The log is flushed to disk after this many records.";
    "flush.ms"                                long     "9223372036854775807" medium ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"] at_least(0)
        => "The log is flushed to disk after this many milliseconds.";
    "follower.replication.throttled.replicas" list     ""               medium []         throttled;
    "index.interval.bytes"                    int      "4096"           medium ["log.index.interval.bytes"] at_least(0)
        => "Bytes of records between two entries of the offset index.";
    "internal.segment.bytes"                  int      null             medium []         any, internal
        => "Overrides segment.bytes without its lower limit; for tests.";
    "leader.replication.throttled.replicas"   list     ""               medium []         throttled;
    "local.retention.bytes"                   long     "-2"             medium ["log.local.retention.bytes"] at_least(-2);
    "local.retention.ms"                      long     "-2"             medium ["log.local.retention.ms"] at_least(-2);
    "max.compaction.lag.ms"                   long     "9223372036854775807" medium ["log.cleaner.max.compaction.lag.ms"] at_least(1);
    "max.message.bytes"                       int      "1048588"        medium ["message.max.bytes"] at_least(0)
        => "The largest batch of records that is taken, in bytes.";
    "message.timestamp.after.max.ms"          long     "3600000"        medium ["log.message.timestamp.after.max.ms"] at_least(0)
        => "How many milliseconds a record's time may lie after the broker's clock.";
    "message.timestamp.before.max.ms"         long     "9223372036854775807" medium ["log.message.timestamp.before.max.ms"] at_least(0)
        => "How many milliseconds a record's time may lie before the broker's clock.";
    "message.timestamp.type"                  string   "CreateTime"     medium ["log.message.timestamp.type"] one_of(TIMESTAMPS)
        => "Whether a record's time is the producer's (CreateTime) or the broker's (LogAppendTime).";
    "min.cleanable.dirty.ratio"               double   "0.5"            medium ["log.cleaner.min.cleanable.ratio"] ratio(1.0);
    "min.compaction.lag.ms"                   long     "0"              medium ["log.cleaner.min.compaction.lag.ms"] at_least(0);
    "min.insync.replicas"                     int      "1"              medium ["min.insync.replicas"] at_least(1)
        => "With acks=all a write is refused while fewer replicas than this are in sync.";
    "preallocate"                             boolean  "false"          medium ["log.preallocate"] any
        => "Whether a new segment's bytes are reserved on disk at once.";
    "remote.log.copy.disable"                 boolean  "false"          medium []         any;
    "remote.log.delete.on.disable"            boolean  "false"          medium []         any;
    "remote.storage.enable"                   boolean  "false"          medium []         any;
    "retention.bytes"                         long     "-1"             medium ["log.retention.bytes"] any
        => "A partition keeps about this many bytes, -1 for no limit.";
    "retention.ms"                            long     "604800000"      medium ["log.retention.ms", "log.retention.minutes", "log.retention.hours"] at_least(-1)
        => "Records are kept for this many milliseconds, -1 for ever.";
    "segment.bytes"                           int      "1073741824"     medium ["log.segment.bytes"] at_least(1048576)
        => "A segment is closed before it grows beyond this many bytes.";
    "segment.index.bytes"                     int      "10485760"       medium ["log.index.size.max.bytes"] at_least(4)
        => "The largest size in bytes of each of a segment's indexes; a segment is closed when one is full.";
    "segment.jitter.ms"                       long     "0"              medium ["log.roll.jitter.ms", "log.roll.jitter.hours"] at_least(0)
        => "At most so many milliseconds are taken off the age at which a segment is closed, at random.";
    "segment.ms"                              long     "604800000"      medium ["log.roll.ms", "log.roll.hours"] at_least(1)
        => "A segment is closed when its first record is this many milliseconds old.";
    "unclean.leader.election.enable"          boolean  "false"          medium ["unclean.leader.election.enable"] any;
    "crossdock.compressed.validation"         string   "header"         medium ["crossdock.compressed.validation"] one_of(COMPRESSED_VALIDATION)
        => "How far compressed batches are checked: their header, or every record after decompression.";
}
