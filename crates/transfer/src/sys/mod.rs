//! System calls, one function each, with man page, kernel floor and what its errors mean.
//!
//! Every unsafe line of the workspace but those of its tests is below this module. Functions return the kernel's own error
//! number; what it says about peer, disk or mechanism is decided by the callers, in `Obstacle`. Interrupted calls (`EINTR`)
//! are repeated here, so no caller sees that error. Short counts are passed on.

mod between_files;
mod control;
mod mapping;
mod move_pages;
mod page_cache;
mod positional;
mod readiness;
mod socket;
mod usage;
mod zerocopy;

pub(crate) use between_files::{
    copy_file_range, read_from_pipe, reflink, seek_data, seek_hole, seek_to, splice_to_file,
};
pub(crate) use mapping::Mapping;
pub(crate) use move_pages::{
    Pipe, sendfile, splice_from_file, splice_from_socket, splice_to_socket, splice_to_socket_waiting,
};
pub(crate) use page_cache::{advise_dont_need, advise_sequential, advise_will_need, cachestat};
pub(crate) use positional::{pread_append, pread_append_nowait, pread_nowait, pwrite, pwritev};
pub(crate) use readiness::{watch_for_bytes, watch_for_room};
pub(crate) use socket::{
    Received, has_room, is_at_urgent_mark, recv_telling, send, send_vectored, send_vectored_waiting,
    socket_flags, tell_what_is_left, waiting_flags,
};
pub(crate) use usage::thread_usage;
pub(crate) use zerocopy::{Completed, allow_zerocopy, zerocopy_completed, zerocopy_flags};

use rustix::io::Errno;

/// The error of the libc call that just failed on this thread.
fn last_errno() -> Errno {
    std::io::Error::last_os_error().raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error)
}
