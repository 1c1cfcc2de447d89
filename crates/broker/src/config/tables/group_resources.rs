//! The settings of a group, and the broker settings that stand in for them.

use crate::config::definition::resource_settings;

resource_settings! {
    GROUPS
    // name, type, default, importance, broker settings from the nearest on, values
    "consumer.assignment.interval.ms"    int      "1000"           medium ["group.consumer.assignment.interval.ms"] at_least(0);
    "consumer.heartbeat.interval.ms"     int      "5000"           medium ["group.consumer.heartbeat.interval.ms"] at_least(1);
    "consumer.session.timeout.ms"        int      "45000"          medium ["group.consumer.session.timeout.ms"] at_least(1);
    "share.assignment.interval.ms"       int      "1000"           medium ["group.share.assignment.interval.ms"] at_least(0);
    "share.auto.offset.reset"            string   "latest"         medium []         offset_reset;
    "share.delivery.count.limit"         int      "5"              medium ["group.share.delivery.count.limit"] at_least(2);
    "share.heartbeat.interval.ms"        int      "5000"           medium ["group.share.heartbeat.interval.ms"] at_least(1);
    "share.isolation.level"              string   "read_uncommitted" medium []         one_of(&["read_committed", "read_uncommitted"]);
    "share.partition.max.record.locks"   int      "2000"           medium ["group.share.partition.max.record.locks"] at_least(100);
    "share.record.lock.duration.ms"      int      "30000"          medium ["group.share.record.lock.duration.ms"] at_least(1000);
    "share.renew.acknowledge.enable"     boolean  "true"           medium []         any;
    "share.session.timeout.ms"           int      "45000"          medium ["group.share.session.timeout.ms"] at_least(1);
    "streams.assignment.interval.ms"     int      "1000"           medium ["group.streams.assignment.interval.ms"] at_least(0);
    "streams.heartbeat.interval.ms"      int      "5000"           medium ["group.streams.heartbeat.interval.ms"] at_least(1);
    "streams.initial.rebalance.delay.ms" int      "3000"           medium ["group.streams.initial.rebalance.delay.ms"] at_least(0);
    "streams.num.standby.replicas"       int      "0"              medium ["group.streams.num.standby.replicas"] at_least(0);
    "streams.session.timeout.ms"         int      "45000"          medium ["group.streams.session.timeout.ms"] at_least(1);
}
