//! Transactions and idempotent producers.

use crate::config::definition::broker_settings;

broker_settings! {
    TRANSACTIONS
    // name, type, default, importance, can be changed, values
    "add.partitions.to.txn.retry.backoff.max.ms"         int      "100"       high   fixed      at_least(0);
    "add.partitions.to.txn.retry.backoff.ms"             int      "20"        high   fixed      at_least(1);
    "producer.id.expiration.check.interval.ms"           int      "600000"    low    fixed      at_least(1), internal;
    "producer.id.expiration.ms"                          int      "86400000"  low    anywhere   at_least(1)
        => "A producer that is silent for this many milliseconds is forgotten.";
    "transaction.abort.timed.out.transaction.cleanup.interval.ms" int      "10000"     low    fixed      at_least(1);
    "transaction.max.timeout.ms"                         int      "900000"    high   fixed      at_least(1);
    "transaction.partition.verification.enable"          boolean  "true"      low    anywhere   any;
    "transaction.remove.expired.transaction.cleanup.interval.ms" int      "3600000"   low    fixed      at_least(1);
    "transaction.state.log.load.buffer.size"             int      "5242880"   high   fixed      at_least(1);
    "transaction.state.log.min.isr"                      int      "2"         high   fixed      at_least(1);
    "transaction.state.log.num.partitions"               int      "50"        high   fixed      at_least(1);
    "transaction.state.log.replication.factor"           short    "3"         high   fixed      at_least(1);
    "transaction.state.log.segment.bytes"                int      "104857600" high   fixed      at_least(1);
    "transaction.two.phase.commit.enable"                boolean  "false"     low    fixed      any;
    "transactional.id.expiration.ms"                     int      "604800000" high   fixed      at_least(1);
}
