//! A proxy between real clients and a real target.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proxy::{HostPort, ProxyConfig, RunningProxy, Totals};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use transfer::{Engine, Policy};

/// Longer than any test.
const PATIENCE: Duration = Duration::from_secs(600);

fn config(target: SocketAddr) -> ProxyConfig {
    ProxyConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        target: target.to_string().parse().unwrap(),
        admin: None,
        connect_timeout: PATIENCE,
        idle_timeout: PATIENCE,
        max_connections: 100,
    }
}

async fn start(config: ProxyConfig) -> RunningProxy {
    RunningProxy::start(config, Arc::new(Engine::new(Policy::automatic()))).await.unwrap()
}

async fn target() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A client and what it was connected to.
async fn through(proxy: &RunningProxy, target: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    (client, target.accept().await.unwrap().0)
}

/// Waits until the counters are as they should be.
async fn totals_become(proxy: &RunningProxy, expected: Totals) {
    let given_up = tokio::time::Instant::now() + Duration::from_secs(60);
    while proxy.counters().totals() != expected {
        assert!(
            tokio::time::Instant::now() < given_up,
            "{:?} is not {expected:?}",
            proxy.counters().totals()
        );
        tokio::task::yield_now().await;
    }
}

fn is_reset(end: &io::Result<usize>) -> bool {
    end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}

#[tokio::test]
async fn what_goes_in_comes_out_and_is_counted() {
    let (target, address) = target().await;
    let proxy = start(config(address)).await;
    for _ in 0..3 {
        let (mut client, mut server) = through(&proxy, &target).await;
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut question = String::new();
        server.read_to_string(&mut question).await.unwrap();
        server.write_all(b"an answer").await.unwrap();
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!((question.as_str(), answer.as_str()), ("question", "an answer"));
    }
    let expected = Totals {
        accepted: 3,
        closed: 3,
        to_target_bytes: 3 * 8,
        to_client_bytes: 3 * 9,
        ..Totals::default()
    };
    totals_become(&proxy, expected).await;
    assert_eq!(proxy.engine().ledger().snapshot().payload_bytes(), 3 * (8 + 9));
    assert_eq!(proxy.stop(PATIENCE).await, 0);
}

#[tokio::test]
async fn a_client_is_reset_where_the_target_is_not_there() {
    let address = target().await.1;
    let proxy = start(config(address)).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let end = client.read(&mut [0]).await;
    assert!(is_reset(&end), "{end:?}");
    totals_become(&proxy, Totals { accepted: 1, unreachable: 1, ..Totals::default() }).await;
}

#[tokio::test]
async fn a_proxy_to_itself_resets_its_client_and_goes_on() {
    let address = target().await.1;
    let proxy = start(ProxyConfig { listen: address.to_string().parse().unwrap(), ..config(address) }).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(is_reset(&client.read(&mut [0]).await));
    totals_become(&proxy, Totals { accepted: 1, unreachable: 1, ..Totals::default() }).await;
}

#[tokio::test]
async fn ends_out_of_order_are_counted_by_their_reason() {
    let (target, address) = target().await;
    let proxy = start(ProxyConfig { idle_timeout: Duration::from_millis(50), ..config(address) }).await;
    let (_client, mut server) = through(&proxy, &target).await;
    assert!(is_reset(&server.read(&mut [0]).await));
    totals_become(&proxy, Totals { accepted: 1, idle: 1, ..Totals::default() }).await;

    let proxy = start(config(address)).await;
    let (client, mut server) = through(&proxy, &target).await;
    client.set_zero_linger().unwrap();
    drop(client);
    assert!(is_reset(&server.read(&mut [0]).await));
    totals_become(&proxy, Totals { accepted: 1, lost: 1, ..Totals::default() }).await;
}

#[tokio::test]
async fn a_client_beyond_the_limit_waits_for_its_turn() {
    let (target, address) = target().await;
    let proxy = start(ProxyConfig { max_connections: 1, ..config(address) }).await;
    let (first, first_server) = through(&proxy, &target).await;
    // The kernel accepts it for us.
    let mut second = TcpStream::connect(proxy.address()).await.unwrap();
    second.write_all(b"next").await.unwrap();
    assert_eq!(proxy.counters().totals().accepted, 1);
    let waiting = tokio::time::timeout(Duration::from_millis(50), target.accept()).await;
    assert!(waiting.is_err());
    drop((first, first_server));
    let (mut second_server, _) = target.accept().await.unwrap();
    let mut received = [0; 4];
    second_server.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"next");
}

#[tokio::test]
async fn stopping_lets_connections_end_and_resets_those_that_do_not() {
    let (target, address) = target().await;
    let proxy = start(config(address)).await;
    let listening = proxy.address();
    let (mut client, mut server) = through(&proxy, &target).await;
    let stopping = tokio::spawn(proxy.stop(PATIENCE));
    // Nobody is accepted any more: the port is closed or about to be.
    while let Ok(mut late) = TcpStream::connect(listening).await {
        assert!(late.read(&mut [0]).await.is_err());
    }
    client.write_all(b"last words").await.unwrap();
    client.shutdown().await.unwrap();
    let mut received = String::new();
    server.read_to_string(&mut received).await.unwrap();
    assert_eq!(received, "last words");
    drop(server);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(stopping.await.unwrap(), 0);

    let proxy = start(config(address)).await;
    let (mut client, mut server) = through(&proxy, &target).await;
    assert_eq!(proxy.stop(Duration::ZERO).await, 1);
    assert!(is_reset(&client.read(&mut [0]).await));
    assert!(is_reset(&server.read(&mut [0]).await));
}

#[tokio::test]
async fn metrics_have_every_byte_that_was_passed_on_and_how_each_connection_ended() {
    let (target, address) = target().await;
    let admin = Some("127.0.0.1:0".parse().unwrap());
    let proxy = start(ProxyConfig { admin, ..config(address) }).await;
    for _ in 0..3 {
        let (client, server) = through(&proxy, &target).await;
        tokio::join!(send_and_receive(client, 700_001, 300_003), send_and_receive(server, 300_003, 700_001));
    }
    let (client, mut server) = through(&proxy, &target).await;
    client.set_zero_linger().unwrap();
    drop(client);
    assert!(is_reset(&server.read(&mut [0]).await));
    let (_client, _server) = through(&proxy, &target).await;
    let (to_target_bytes, to_client_bytes) = (3 * 700_001, 3 * 300_003);
    let expected = Totals {
        accepted: 5,
        open: 1,
        closed: 3,
        lost: 1,
        to_target_bytes,
        to_client_bytes,
        ..Totals::default()
    };
    totals_become(&proxy, expected).await;

    let page = page(&proxy, "/metrics").await;
    for line in [
        "crossdock_connections 1",
        "crossdock_proxy_connections_accepted_total 5",
        "crossdock_proxy_connections_ended_total{how=\"closed\"} 3",
        "crossdock_proxy_connections_ended_total{how=\"unreachable\"} 0",
        "crossdock_proxy_connections_ended_total{how=\"lost\"} 1",
        "crossdock_proxy_connections_ended_total{how=\"idle\"} 0",
        "crossdock_proxy_connections_ended_total{how=\"failed\"} 0",
        &format!("crossdock_proxy_delivered_bytes_total{{to=\"target\"}} {to_target_bytes}"),
        &format!("crossdock_proxy_delivered_bytes_total{{to=\"client\"}} {to_client_bytes}"),
    ] {
        assert!(page.lines().any(|of_page| of_page == line), "{line} is missing in {page}");
    }
    let payload = |labels: &str| -> u64 {
        let begin = format!("crossdock_payload_bytes_total{{{labels}");
        let samples = page.lines().filter(|line| line.starts_with(&begin));
        samples.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    };
    let passed_on = to_target_bytes + to_client_bytes;
    assert_eq!((payload(""), payload("path=\"proxy\"")), (passed_on, passed_on), "{page}");
    assert!(payload("path=\"proxy\",mechanism=\"splice\",reason=\"first_choice\"") > 0, "{page}");
}

#[tokio::test]
async fn health_is_told_until_the_proxy_stops() {
    let (_target, address) = target().await;
    let admin = Some("127.0.0.1:0".parse().unwrap());
    let proxy = start(ProxyConfig { admin, ..config(address) }).await;
    assert!(page(&proxy, "/healthz").await.ends_with("\r\n\r\nok\n"));
    assert!(page(&proxy, "/readyz").await.ends_with("\r\n\r\nready\n"));
    let admin = proxy.admin().unwrap();
    proxy.stop(PATIENCE).await;
    // The pages end with the proxy, or a moment later.
    while TcpStream::connect(admin).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

/// Sends so many bytes, ends the stream, and receives so many.
async fn send_and_receive(mut peer: TcpStream, sent: usize, received: usize) {
    let (mut input, mut output) = peer.split();
    let mut bytes = Vec::new();
    let (sending, receiving) = tokio::join!(
        async {
            output.write_all(&vec![7; sent]).await?;
            output.shutdown().await
        },
        input.read_to_end(&mut bytes)
    );
    sending.unwrap();
    assert_eq!(receiving.unwrap(), received);
}

async fn page(proxy: &RunningProxy, path: &str) -> String {
    let mut admin = TcpStream::connect(proxy.admin().unwrap()).await.unwrap();
    admin.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    let mut page = String::new();
    admin.read_to_string(&mut page).await.unwrap();
    page
}

#[tokio::test]
async fn an_address_that_is_in_use_is_named() {
    let (_taken, address) = target().await;
    let taken = address.to_string().parse::<HostPort>().unwrap();
    for config in [
        ProxyConfig { listen: taken.clone(), ..config(address) },
        ProxyConfig { admin: Some(taken), ..config(address) },
    ] {
        let engine = Arc::new(Engine::new(Policy::automatic()));
        let error = RunningProxy::start(config, engine).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {address}: ")), "{error}");
    }
}
