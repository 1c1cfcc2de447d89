//! `meta.properties`: whose data directory is this?
//!
//! Java properties: `version=1`, `cluster.id`, `node.id`, `directory.id`; ids in URL-safe base64.

use std::fs;
use std::io;
use std::path::Path;

use protocol::BrokerId;
use uuid::Uuid;

use crate::LogError;
use crate::base64_id;
use crate::disk::write_atomically;

const FILE_NAME: &str = "meta.properties";

/// The identity of a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster that the data belongs to: by convention an id in base64, but any text.
    pub cluster_id: String,
    /// The broker that the data belongs to.
    pub node_id: BrokerId,
    /// The directory's own id.
    pub directory_id: Uuid,
}

impl MetaProperties {
    /// A new directory of a broker in a cluster.
    #[must_use]
    pub fn new(cluster_id: String, node_id: BrokerId) -> Self {
        Self { cluster_id, node_id, directory_id: Uuid::new_v4() }
    }

    /// A cluster id that no other cluster has.
    #[must_use]
    pub fn random_cluster_id() -> String {
        base64_id::format(Uuid::new_v4())
    }

    /// Reads the file of a data directory; `None` if there is none.
    ///
    /// # Errors
    /// The disk's, and a file that lacks a property or is not of version 1.
    pub fn read(dir: &Path) -> Result<Option<Self>, LogError> {
        let path = dir.join(FILE_NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(LogError::Io { operation: "read", path, source }),
        };
        let property = |key: &'static str| {
            let value =
                text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!'])).find_map(|line| {
                    let (name, value) = line.split_once(['=', ':'])?;
                    (name.trim() == key).then(|| value.trim().to_owned())
                });
            value.ok_or_else(|| (key, "no such line".to_owned()))
        };
        let read = || {
            let version = property("version")?;
            if version != "1" {
                return Err(("version=1", version));
            }
            let node_id = property("node.id")?;
            let directory_id = property("directory.id")?;
            Ok(Self {
                cluster_id: property("cluster.id")?,
                node_id: BrokerId(node_id.parse().map_err(|_| ("node.id=NUMBER", node_id))?),
                directory_id: base64_id::parse(&directory_id).ok_or(("directory.id=ID", directory_id))?,
            })
        };
        read().map(Some).map_err(|(expected, found)| LogError::Damaged {
            path,
            position: None,
            expected,
            found,
        })
    }

    /// Replaces the file of a data directory.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, dir: &Path) -> Result<(), LogError> {
        let text = format!(
            "node.id={}\ndirectory.id={}\nversion=1\ncluster.id={}\n",
            self.node_id,
            base64_id::format(self.directory_id),
            self.cluster_id,
        );
        write_atomically(&dir.join(FILE_NAME), text.as_bytes())
    }

    /// Makes sure that the directory belongs to this cluster and broker.
    ///
    /// # Errors
    /// [`LogError::ForeignDirectory`] if not.
    pub fn ensure(&self, dir: &Path, cluster_id: Option<&str>, node_id: BrokerId) -> Result<(), LogError> {
        let foreign = |key, expected: String, found: String| LogError::ForeignDirectory {
            path: dir.join(FILE_NAME),
            key,
            expected,
            found,
        };
        if self.node_id != node_id {
            return Err(foreign("node.id", node_id.to_string(), self.node_id.to_string()));
        }
        match cluster_id {
            Some(expected) if expected != self.cluster_id => {
                Err(foreign("cluster.id", expected.to_owned(), self.cluster_id.clone()))
            }
            _ => Ok(()),
        }
    }
}
