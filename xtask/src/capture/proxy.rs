//! A TCP proxy that passes frames on as they are and keeps the first of each kind.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use bytes::Bytes;
use protocol::api::{RequestFrame, correlation_id};

use super::frames::{Direction, Kinds};

/// No client here sends more at once.
const MAX_FRAME_BYTES: usize = 64 << 20;

/// Listens for clients and talks to a broker on their behalf.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    broker: Arc<OnceLock<String>>,
    kinds: Arc<Mutex<Kinds>>,
}

/// What is remembered of a request until its response comes: correlation id, API key, version.
type Asked = Arc<Mutex<Vec<(i32, i16, i16)>>>;

impl Proxy {
    pub(super) fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let proxy = Self { port, broker: Arc::default(), kinds: Arc::default() };
        let (broker, kinds) = (Arc::clone(&proxy.broker), Arc::clone(&proxy.kinds));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // Nobody connects before the broker is there.
                let Some(broker) = broker.get().and_then(|address| TcpStream::connect(address).ok()) else {
                    continue;
                };
                if let Err(error) = pass_both_ways(&client, &broker, &kinds) {
                    eprintln!("a connection could not be passed on: {error}");
                }
            }
        });
        Ok(proxy)
    }

    /// Where clients connect.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// From now on clients that connect are passed on.
    pub(super) fn forward_to(&self, address: String) {
        // Called once.
        let _ = self.broker.set(address);
    }

    /// The first frame of each kind.
    pub(super) fn into_frames(self) -> Kinds {
        std::mem::take(&mut lock(&self.kinds))
    }
}

fn pass_both_ways(client: &TcpStream, broker: &TcpStream, kinds: &Arc<Mutex<Kinds>>) -> io::Result<()> {
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let asked = Asked::default();
    for (direction, from, to) in [(Direction::Request, client, broker), (Direction::Response, broker, client)]
    {
        let (from, to) = (from.try_clone()?, to.try_clone()?);
        let (kinds, asked) = (Arc::clone(kinds), Arc::clone(&asked));
        thread::spawn(move || {
            // Either side may end a connection at any time.
            let _ = pass(&from, &to, |frame| note(direction, frame, &asked, &kinds));
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, mut note: impl FnMut(Bytes)) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let bytes = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if bytes > MAX_FRAME_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut frame = vec![0; bytes];
        from.read_exact(&mut frame)?;
        // Before it is passed on: the response must not come before the request is known.
        note(Bytes::from(frame.clone()));
        to.write_all(&length)?;
        to.write_all(&frame)?;
    }
}

fn note(direction: Direction, frame: Bytes, asked: &Asked, kinds: &Mutex<Kinds>) {
    match direction {
        Direction::Request => {
            // Only what the codec cannot read at all is left out here, and then its tests say nothing of it.
            let Ok(request) = RequestFrame::parse(frame.clone()) else {
                return eprintln!("a request whose header is not understood: {frame:02x?}");
            };
            lock(asked).push((request.correlation_id, request.api.key(), request.version));
            lock(kinds).add(direction, request.api.key(), request.version, frame);
        }
        Direction::Response => {
            let Ok(id) = correlation_id(&frame) else { return };
            let mut asked = lock(asked);
            let Some(place) = asked.iter().position(|(known, ..)| *known == id) else { return };
            let (_, api, version) = asked.swap_remove(place);
            lock(kinds).add(direction, api, version, frame);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
