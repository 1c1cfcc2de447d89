//! What are the ways to a file, from a file or from a socket?

use std::fmt;
use std::str::FromStr;

use super::Copier;

/// A way from a file to a file, and for [`Method::RECEIVING`] from a socket, too.
///
/// Not a [`Mechanism`](crate::Mechanism), which is a way to a socket: a socket can refer to the pages of a file, while a
/// file has pages of its own. Between files only [`Method::Reflink`] saves the copy, and what the others save is the way
/// through user space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `ioctl(FICLONE)`: both files share their blocks until one is written to. Takes the same time for any length.
    Reflink,
    /// `copy_file_range(2)`: the file system does it in the way that it knows best, on a server also there; where it
    /// knows none, the kernel copies from page to page.
    CopyFileRange,
    /// `sendfile(2)` to a file: the kernel copies from page to page.
    Sendfile,
    /// `splice(2)` through a pipe: as `sendfile`, with two calls for each pipe of bytes.
    Splice,
    /// `mmap(2)` and `pwrite(2)` from the mapping: one copy, and page faults.
    Mmap,
    /// `pread(2)` and `pwrite(2)`: two copies, through a buffer.
    ReadWrite,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Reflink, Self::CopyFileRange, Self::Sendfile, Self::Splice, Self::Mmap, Self::ReadWrite];

    /// What is tried, in this order, unless a method is forced.
    pub const LADDER: [Self; 4] = [Self::Reflink, Self::CopyFileRange, Self::Sendfile, Self::ReadWrite];

    /// What is tried, in this order, where a socket is the source.
    pub const RECEIVING: [Self; 2] = [Self::Splice, Self::ReadWrite];

    /// The name in arguments, metrics and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reflink => "reflink",
            Self::CopyFileRange => "copy_file_range",
            Self::Sendfile => "sendfile",
            Self::Splice => "splice",
            Self::Mmap => "mmap",
            Self::ReadWrite => "read-write",
        }
    }

    /// Whether the kernel has what the method needs. Whether the file systems agree shows when it is tried.
    pub(crate) fn is_offered(self, copier: &Copier) -> bool {
        match self {
            Self::CopyFileRange => copier.capabilities().copy_file_range,
            Self::Sendfile => copier.capabilities().sendfile,
            Self::Splice => copier.capabilities().splice,
            Self::Reflink | Self::Mmap | Self::ReadWrite => true,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An argument names a method that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no method: expected reflink, copy_file_range, sendfile, splice, mmap or read-write")]
pub struct UnknownMethod {
    name: String,
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == name)
            .ok_or_else(|| UnknownMethod { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_by_the_names_they_print() {
        for method in Method::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        let error = "teleport".parse::<Method>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"teleport\" is no method: expected reflink, copy_file_range, sendfile, splice, mmap or read-write"
        );
    }
}
