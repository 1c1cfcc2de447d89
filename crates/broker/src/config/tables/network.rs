//! Listeners, connections and requests.

use crate::config::definition::broker_settings;

broker_settings! {
    NETWORK
    // name, type, default, importance, can be changed, values
    "advertised.listeners"                             list     null             high   fixed      some
        => "The addresses that clients are told to connect to, where they differ from the listeners.";
    "background.threads"                               int      "10"             high   anywhere   at_least(1);
    "connections.max.idle.ms"                          long     "600000"         medium fixed      any
        => "A connection on which nothing arrives for this many milliseconds is closed.";
    "controller.listener.names"                        list     required         high   fixed      some
        => "Listeners of the metadata quorum: they are left out of what is served to clients.";
    "delete.records.purgatory.purge.interval.requests" int      "1"              medium fixed      any;
    "early.start.listeners"                            list     null             high   fixed      list;
    "fetch.max.bytes"                                  int      "57671680"       medium fixed      at_least(1024)
        => "The most bytes that one fetch is answered with.";
    "fetch.purgatory.purge.interval.requests"          int      "1000"           medium fixed      any;
    "inter.broker.listener.name"                       string   null             medium fixed      any
        => "The listener that other brokers use; it has to be one of the listeners.";
    "listener.security.protocol.map"                   string   "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT" low    per_broker any
        => "The security protocol of each listener, as NAME:PROTOCOL.";
    "listeners"                                        list     "PLAINTEXT://:9092" high   per_broker some
        => "The addresses where clients connect, as NAME://HOST:PORT.";
    "max.connection.creation.rate"                     int      "2147483647"     medium anywhere   at_least(0)
        => "How many connections may be made in a second.";
    "max.connections"                                  int      "2147483647"     medium anywhere   at_least(0)
        => "How many connections may be open at once.";
    "max.connections.per.ip"                           int      "2147483647"     medium anywhere   at_least(0)
        => "How many connections one address may have open at once.";
    "max.connections.per.ip.overrides"                 string   ""               medium anywhere   any
        => "Other limits for single addresses, as ADDRESS:COUNT.";
    "max.incremental.fetch.session.cache.slots"        int      "1000"           medium fixed      at_least(0)
        => "How many fetch sessions are remembered.";
    "max.request.partition.size.limit"                 int      "2000"           medium fixed      at_least(1)
        => "The most partitions that one page of topic descriptions holds.";
    "num.io.threads"                                   int      "8"              high   anywhere   at_least(1);
    "num.network.threads"                              int      "3"              high   anywhere   at_least(1);
    "producer.purgatory.purge.interval.requests"       int      "1000"           medium fixed      any;
    "queued.max.request.bytes"                         long     "-1"             medium fixed      any
        => "How many bytes of requests may be in memory at once; -1 leaves it to crossdock.request.memory.bytes.";
    "queued.max.requests"                              int      "500"            high   fixed      at_least(1);
    "request.timeout.ms"                               int      "30000"          high   fixed      any;
    "share.fetch.purgatory.purge.interval.requests"    int      "1000"           medium fixed      any;
    "socket.connection.setup.timeout.max.ms"           long     "30000"          medium fixed      any;
    "socket.connection.setup.timeout.ms"               long     "10000"          medium fixed      any;
    "socket.listen.backlog.size"                       int      "50"             medium fixed      at_least(1)
        => "How many connections may wait to be accepted.";
    "socket.receive.buffer.bytes"                      int      "102400"         high   fixed      any
        => "What a connection's receive buffer can come to at least, in bytes (see crossdock.socket.buffers); -1: as the system says.";
    "socket.request.max.bytes"                         int      "104857600"      high   fixed      at_least(1)
        => "The largest request in bytes; a connection that announces a larger one is closed.";
    "socket.send.buffer.bytes"                         int      "102400"         high   fixed      any
        => "What a connection's send buffer can come to at least, in bytes (see crossdock.socket.buffers); -1: as the system says.";
}
