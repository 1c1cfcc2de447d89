//! How many connections there may be: in all (`max.connections`), from one address (`max.connections.per.ip`), and how
//! many more in a second (`max.connection.creation.rate`). Clients can change the limits at any time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::BrokerConfig;

/// Connections that were not made count for later this long, so that clients may come in bursts.
const BURST: Duration = Duration::from_secs(1);

/// How many connections there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    total: usize,
    per_address: usize,
    overrides: HashMap<IpAddr, usize>,
    per_second: usize,
}

/// The limits of one broker and the connections that count against them.
#[derive(Debug)]
pub(crate) struct ConnectionLimits {
    state: Mutex<State>,
    /// Told when a connection ends, and when the limits change.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limits: Limits,
    total: usize,
    by_address: HashMap<IpAddr, usize>,
    /// When the last of the connections made so far would have been made at an even pace.
    paced_until: Instant,
}

/// One connection's place; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place {
    limits: Arc<ConnectionLimits>,
    address: IpAddr,
}

/// Whether there is a place now.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    Now,
    /// The address has all it may have.
    Never,
    /// When another connection ends or the limits change.
    WhenChanged,
    After(Duration),
}

impl Limits {
    /// What the settings say.
    pub(crate) fn of(config: &BrokerConfig) -> Self {
        Self {
            total: config.max_connections,
            per_address: config.max_connections_per_ip,
            overrides: config.max_connections_per_ip_overrides.clone(),
            per_second: config.max_connection_creation_rate,
        }
    }
}

impl ConnectionLimits {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State { limits, total: 0, by_address: HashMap::new(), paced_until: Instant::now() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Other limits from now on. Connections that are beyond them stay.
    pub(crate) fn set(&self, limits: Limits) {
        self.state.lock().limits = limits;
        self.changed.notify_waiters();
    }

    /// A place for a connection from `address` as soon as there may be one more; none if the address has all it may have.
    /// While one connection waits, others wait in the listener's backlog.
    pub(crate) async fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // A change between looking and waiting counts.
            changed.as_mut().enable();
            let room = self.state.lock().take(address, Instant::now());
            match room {
                Room::Now => return Some(Place { limits: Arc::clone(self), address }),
                Room::Never => return None,
                Room::WhenChanged => changed.await,
                Room::After(wait) => {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }
}

impl State {
    /// Counts one more connection from `address` if there is room for it.
    fn take(&mut self, address: IpAddr, now: Instant) -> Room {
        let of_address = self.by_address.get(&address).copied().unwrap_or_default();
        if of_address >= self.limits.overrides.get(&address).copied().unwrap_or(self.limits.per_address) {
            return Room::Never;
        }
        if self.total >= self.limits.total {
            return Room::WhenChanged;
        }
        let Some(pause) = u32::try_from(self.limits.per_second).ok().and_then(|rate| BURST.checked_div(rate))
        else {
            return Room::WhenChanged;
        };
        let paced_until = self.paced_until.max(now) + pause;
        let early = paced_until.saturating_duration_since(now);
        if early > BURST.max(pause) {
            return Room::After(early - BURST.max(pause));
        }
        self.paced_until = paced_until;
        self.total += 1;
        self.by_address.insert(address, of_address + 1);
        Room::Now
    }

    fn free(&mut self, address: IpAddr) {
        self.total -= 1;
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.limits.state.lock().free(self.address);
        self.limits.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

    fn limits(total: usize, per_address: usize, per_second: usize) -> Limits {
        Limits { total, per_address, overrides: HashMap::new(), per_second }
    }

    fn many(total: usize, per_address: usize) -> Limits {
        limits(total, per_address, 1_000_000)
    }

    #[tokio::test]
    async fn an_address_gets_no_more_than_its_share_and_gets_it_back() {
        let overrides = HashMap::from([(THERE, 0)]);
        let limits = Arc::new(ConnectionLimits::new(Limits { overrides, ..many(10, 2) }));
        let mut places = Vec::new();
        for _ in 0..2 {
            places.push(limits.place(HERE).await.unwrap());
        }
        assert!(limits.place(HERE).await.is_none());
        assert!(limits.place(THERE).await.is_none());
        places.pop();
        assert!(limits.place(HERE).await.is_some());
        places.clear();
        assert!(limits.state.lock().by_address.is_empty());
    }

    #[tokio::test]
    async fn the_last_place_is_waited_for_until_one_is_free_or_the_limit_rises() {
        let limits = Arc::new(ConnectionLimits::new(many(1, 10)));
        let wait = |limits: &Arc<ConnectionLimits>| {
            let limits = Arc::clone(limits);
            tokio::spawn(async move { limits.place(THERE).await })
        };
        let first = limits.place(HERE).await.unwrap();
        let mut second = wait(&limits);
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut second).await.is_err());
        drop(first);
        let second = second.await.unwrap();
        assert!(second.is_some());
        let mut third = wait(&limits);
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut third).await.is_err());
        limits.set(many(2, 10));
        assert!(third.await.unwrap().is_some());
    }

    #[test]
    fn connections_may_come_at_once_or_evenly_but_not_faster() {
        let now = Instant::now();
        let new = |per_second| State {
            limits: limits(usize::MAX, usize::MAX, per_second),
            total: 0,
            by_address: HashMap::new(),
            paced_until: now,
        };
        let mut ten = new(10);
        for _ in 0..10 {
            assert_eq!(ten.take(HERE, now), Room::Now);
        }
        assert_eq!(ten.take(HERE, now), Room::After(Duration::from_millis(100)));
        let later = now + Duration::from_millis(200);
        assert_eq!(ten.take(HERE, later), Room::Now);
        assert_eq!(ten.take(HERE, later), Room::Now);
        assert_eq!(ten.take(HERE, later), Room::After(Duration::from_millis(100)));
        assert_eq!(new(0).take(HERE, now), Room::WhenChanged);
    }
}
