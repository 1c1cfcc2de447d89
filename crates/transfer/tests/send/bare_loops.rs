//! Every bare loop delivers exactly the bytes it is asked for, and counts what it did.

use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;

use crate::common::{Goods, assert_same_bytes};
use denying::{Call, where_are_interrupted};
use transfer::bare::{InFlight, Method, Sender, Tally, ThreadUsage};
use transfer::{Region, SendError};

const GOODS_BYTES: usize = 5_000_000;

/// Sends `pieces` with a header each; what the peer received, and what the loop counted. `None` where the kernel does
/// not have the method.
fn send(method: Method, header: &[u8], pieces: &[Region]) -> Option<(Vec<u8>, Tally)> {
    let mut sender = Sender::new(method).unwrap();
    let (socket, mut peer) = pair();
    if let Err(error) = sender.prepare(socket.as_fd()) {
        println!("skipped: no {method}: {error}");
        return None;
    }
    let receiving = thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        received
    });
    let mut in_flight = InFlight::default();
    for piece in pieces {
        sender.send(socket.as_fd(), &mut in_flight, header, piece).unwrap();
    }
    sender.finish(socket.as_fd(), &mut in_flight).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    Some((receiving.join().unwrap(), sender.tally()))
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, peer)
}

#[test]
fn headers_and_pieces_arrive_whole_and_in_order() {
    let goods = Goods::new(GOODS_BYTES);
    let ranges = [(1, 4_096), (5_000, 100_001), (4_095, 1), (0, 3_000_000), (123_456, 1 << 20)];
    let pieces: Vec<Region> = ranges.iter().map(|&(position, len)| goods.region(position, len)).collect();
    let expected: Vec<u8> = ranges
        .iter()
        .flat_map(|&(position, len)| {
            [b"head", &goods.bytes[position as usize..(position + len) as usize]].concat()
        })
        .collect();
    for method in Method::ALL {
        println!("method: {method}");
        let Some((received, _)) = send(method, b"head", &pieces) else { continue };
        assert_same_bytes(&received, &expected);
    }
}

#[test]
fn every_loop_goes_on_where_it_is_interrupted() {
    let goods = Goods::new(GOODS_BYTES);
    let expected = [b"head", goods.bytes.as_slice()].concat();
    for method in Method::ALL {
        println!("method: {method}");
        let calls = match method {
            Method::ReadWrite { .. } => &[Call::Sendmsg, Call::Pread][..],
            Method::Mmap => &[Call::Sendmsg, Call::Send],
            Method::Sendfile => &[Call::Sendmsg, Call::Sendfile],
            Method::Splice => &[Call::Sendmsg, Call::Splice],
            Method::Zerocopy => &[Call::Sendmsg, Call::Send, Call::Recvmsg],
        };
        let sent = where_are_interrupted(calls, || send(method, b"head", &[goods.whole()]));
        let Some(Some((received, _))) = sent else { continue };
        assert_same_bytes(&received, &expected);
    }
}

#[test]
fn copies_and_calls_are_counted() {
    const LEN: u64 = 2 << 20;
    let goods = Goods::new(GOODS_BYTES);
    for (method, copies) in [
        (Method::ReadWrite { buffer_bytes: 4 << 10 }, 2),
        (Method::ReadWrite { buffer_bytes: 1 << 20 }, 2),
        (Method::Mmap, 1),
        (Method::Sendfile, 0),
        (Method::Splice, 0),
    ] {
        let (_, tally) = send(method, b"", &[goods.region(0, LEN)]).unwrap();
        assert_eq!(tally.copied_bytes, copies * LEN, "{method}");
        if let Method::ReadWrite { buffer_bytes } = method {
            assert!(tally.system_calls >= 2 * LEN / buffer_bytes as u64, "{method}: {tally:?}");
        } else {
            assert!((1..100).contains(&tally.system_calls), "{method}: {tally:?}");
        }
    }
}

#[test]
fn zerocopy_says_that_loopback_copies_all_the_same() {
    const LEN: u64 = 3 << 20;
    let goods = Goods::new(GOODS_BYTES);
    let Some((_, tally)) = send(Method::Zerocopy, b"", &[goods.region(0, LEN)]) else { return };
    assert_eq!((tally.copied_bytes, tally.zerocopy_copied_bytes), (LEN, LEN));
}

#[test]
fn a_file_that_ends_early_is_an_error_and_no_signal() {
    let goods = Goods::new(100_000);
    for method in Method::ALL {
        let mut sender = Sender::new(method).unwrap();
        let (socket, _peer) = pair();
        if sender.prepare(socket.as_fd()).is_err() {
            continue;
        }
        let sent = sender.send(socket.as_fd(), &mut InFlight::default(), b"", &goods.region(200_000, 10));
        assert!(matches!(sent, Err(SendError::Truncated { .. })), "{method}: {sent:?}");
    }
}

#[test]
fn a_peer_that_is_gone_is_an_error() {
    let goods = Goods::new(GOODS_BYTES);
    for method in Method::ALL {
        let mut sender = Sender::new(method).unwrap();
        let (socket, peer) = pair();
        if sender.prepare(socket.as_fd()).is_err() {
            continue;
        }
        drop(peer);
        let mut in_flight = InFlight::default();
        let error = loop {
            let sent = sender.send(socket.as_fd(), &mut in_flight, b"", &goods.whole());
            if let Err(error) = sent {
                break error;
            }
        };
        assert!(matches!(error, SendError::Peer(_)), "{method}: {error:?}");
    }
}

#[test]
fn a_thread_is_told_apart_from_the_others() {
    let busy = thread::spawn(|| {
        while ThreadUsage::now().unwrap().cpu.as_millis() < 100 {}
        ThreadUsage::now().unwrap()
    });
    let busy = busy.join().unwrap();
    let fresh = thread::spawn(|| ThreadUsage::now().unwrap()).join().unwrap();
    assert!(fresh.cpu < busy.cpu, "{fresh:?} {busy:?}");
    assert_eq!(busy.since(&busy), ThreadUsage::default());
}
