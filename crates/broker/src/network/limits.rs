//! How many connections there may be: in all (`max.connections`) and from one address (`max.connections.per.ip`).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limits of one broker and the connections that count against them.
#[derive(Debug)]
pub(crate) struct ConnectionLimits {
    total: Arc<Semaphore>,
    per_address: usize,
    overrides: HashMap<IpAddr, usize>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's place; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place {
    limits: Arc<ConnectionLimits>,
    address: IpAddr,
    _total: OwnedSemaphorePermit,
}

impl ConnectionLimits {
    pub(crate) fn new(total: usize, per_address: usize, overrides: HashMap<IpAddr, usize>) -> Self {
        let total = Arc::new(Semaphore::new(total.min(Semaphore::MAX_PERMITS)));
        Self { total, per_address, overrides, open: Mutex::default() }
    }

    /// Waits until one more connection may exist at all; peers wait in the listener's backlog meanwhile.
    pub(crate) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.total).acquire_owned().await.ok()
    }

    /// A place for a connection from `address`, unless that address has all it may have.
    pub(crate) fn place(self: &Arc<Self>, total: OwnedSemaphorePermit, address: IpAddr) -> Option<Place> {
        let limit = self.overrides.get(&address).copied().unwrap_or(self.per_address);
        let mut open = self.open.lock();
        let count = open.entry(address).or_default();
        if *count >= limit {
            if *count == 0 {
                open.remove(&address);
            }
            return None;
        }
        *count += 1;
        Some(Place { limits: Arc::clone(self), address, _total: total })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.limits.open.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_gets_no_more_than_its_share_and_gets_it_back() {
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let limits = Arc::new(ConnectionLimits::new(10, 2, HashMap::from([(there, 0)])));
        let mut places = Vec::new();
        for _ in 0..2 {
            places.push(limits.place(limits.room().await.unwrap(), here).unwrap());
        }
        assert!(limits.place(limits.room().await.unwrap(), here).is_none());
        assert!(limits.place(limits.room().await.unwrap(), there).is_none());
        places.pop();
        assert!(limits.place(limits.room().await.unwrap(), here).is_some());
        places.clear();
        assert!(limits.open.lock().is_empty());
    }
}
