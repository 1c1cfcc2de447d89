//! Load through a proxy, held against a proxy that counts.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bench::{BenchError, GREETING_BYTES, PassedOn, ProxyLoad, Traffic, run_through_proxy};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// A proxy that runs as long as the test, and what it has passed on.
struct CountingProxy {
    address: SocketAddr,
    passed_on: Arc<AtomicU64>,
    runtime: tokio::runtime::Runtime,
}

impl CountingProxy {
    /// Passes on no more than `most` bytes each way of each connection.
    fn start(target: SocketAddr, most: u64) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let passed_on = Arc::new(AtomicU64::new(0));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::clone(&passed_on);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    let target = TcpStream::connect(target).await.unwrap();
                    let ((client_in, client_out), (target_in, target_out)) =
                        (client.into_split(), target.into_split());
                    tokio::join!(
                        pass_on(client_in.take(most), target_out, &count),
                        pass_on(target_in.take(most), client_out, &count)
                    );
                });
            }
        });
        Self { address, passed_on, runtime }
    }

    fn load(&self, listener: &TcpListener, load: &ProxyLoad) -> Result<PassedOn, BenchError> {
        let proxy = self.address.to_string().parse().unwrap();
        run_through_proxy(listener, &proxy, load, Some(std::process::id()))
    }
}

async fn pass_on(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, count: &AtomicU64) {
    let mut buffer = vec![0; 10_000];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        count.fetch_add(bytes as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

fn load(traffic: Traffic) -> ProxyLoad {
    ProxyLoad { traffic, connections: 7, messages: 11, message_bytes: 13_000 }
}

#[test]
fn what_is_reported_has_gone_through_the_proxy_to_the_byte() {
    for (traffic, ways) in [(Traffic::OneWay, 1), (Traffic::BothWays, 2), (Traffic::Exchange, 2)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = CountingProxy::start(listener.local_addr().unwrap(), u64::MAX);
        let passed_on = proxy.load(&listener, &load(traffic)).unwrap();
        assert_eq!((passed_on.messages, passed_on.bytes), (ways * 77, ways * 77 * 13_000), "{traffic:?}");
        assert_eq!(proxy.passed_on.load(Ordering::Relaxed), passed_on.bytes + 7 * GREETING_BYTES);
        assert!(passed_on.proxy.unwrap().resident_bytes > 0);
        drop(proxy.runtime);
    }
}

#[test]
fn a_connection_that_only_looked_is_not_taken_for_a_clients() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = CountingProxy::start(listener.local_addr().unwrap(), u64::MAX);
    drop(std::net::TcpStream::connect(proxy.address).unwrap());
    let passed_on = proxy.load(&listener, &load(Traffic::BothWays)).unwrap();
    assert_eq!(passed_on.bytes, 2 * 77 * 13_000);
}

#[test]
fn a_proxy_that_loses_bytes_has_no_result() {
    for traffic in [Traffic::OneWay, Traffic::BothWays, Traffic::Exchange] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = CountingProxy::start(listener.local_addr().unwrap(), 100_000);
        let error = proxy.load(&listener, &load(traffic)).unwrap_err();
        assert!(
            matches!(error, BenchError::NotPassedOn { .. } | BenchError::Connection(_)),
            "{traffic:?}: {error:?}"
        );
    }
}
