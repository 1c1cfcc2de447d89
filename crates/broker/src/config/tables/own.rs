//! Crossdock's own settings.

use crate::config::definition::broker_settings;

broker_settings! {
    OWN
    // name, type, default, importance, can be changed, values
    "crossdock.admin.listener"         string  "127.0.0.1:9644" medium fixed      any
        => "The HOST:PORT of the pages for metrics and health; empty turns them off.";
    "crossdock.compressed.validation"  string  "header"         medium anywhere   one_of(COMPRESSED_VALIDATION)
        => "How far compressed batches are checked: their header, or every record after decompression.";
    "crossdock.open.files"             int     "8192"           medium fixed      at_least(16)
        => "How many files of logs stay open, apart from those in use; at most half of what the process may open.";
    "crossdock.request.memory.bytes"   long    "268435456"      medium fixed      at_least(1048576)
        => "How many bytes of requests may be in memory at once, over all connections.";
    "crossdock.socket.buffers"         string  "auto"           medium fixed      one_of(SOCKET_BUFFERS)
        => "auto: socket.*.buffer.bytes is what the kernel's own sizing can come to at least; fixed: just that size.";
    "crossdock.socket.pacing"          string  "auto"           medium fixed      one_of(SOCKET_PACING)
        => "auto: connections within this host go without BBR's pacing; system: all as the system says.";
    "crossdock.transfer.copy.below.bytes" long "4096"          medium fixed      at_least(0)
        => "Shorter ranges of records are copied next to their header; 0 copies none. Only where the mechanism is auto.";
    "crossdock.transfer.mechanism"     string  "auto"           medium fixed      one_of(TRANSFER_MECHANISMS)
        => "How records leave for consumers: auto chooses by what was measured and what the kernel can do.";
}

/// What `crossdock.compressed.validation` may be, for the broker and for a topic.
pub(super) const COMPRESSED_VALIDATION: &[&str] = &["header", "records"];

const SOCKET_BUFFERS: &[&str] = &["auto", "fixed"];

const SOCKET_PACING: &[&str] = &["auto", "system"];

const TRANSFER_MECHANISMS: &[&str] = &["auto", "sendfile", "splice", "mmap", "read-write"];
