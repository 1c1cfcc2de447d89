//! How many of something are there now?

use prometheus_client::metrics::gauge::Gauge;

/// One that is open, such as a connection; counted as long as it lives, also when what it does is abandoned.
#[derive(Debug)]
pub struct Open(Gauge);

impl Open {
    /// Counts one more.
    pub fn count(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_in_any_way_is_counted_no_more() {
        let gauge = Gauge::default();
        let ended = Open::count(&gauge);
        let _open = Open::count(&gauge);
        assert_eq!(gauge.get(), 2);
        let panicked = std::thread::spawn(move || {
            let _ended = ended;
            panic!("as a connection may");
        });
        assert!(panicked.join().is_err());
        assert_eq!(gauge.get(), 1);
    }
}
