//! Fetch: finds what a consumer asks for and answers with ranges of files, at once or when enough has arrived.

mod entry;
mod reading;
mod session;
mod sessions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use log::ReadUntil;
use protocol::ErrorCode;
use protocol::messages::fetch::{FetchRequest, FetchResponse};

use self::reading::{Limits, Reading};
use self::session::Session;
use self::sessions::{Borrowed, FINAL_EPOCH, INITIAL_EPOCH, NO_SESSION};
use crate::Broker;
use crate::dispatch::RequestContext;

pub(crate) use self::reading::FileRecords;
pub(crate) use self::sessions::Sessions;

/// The first version whose responses carry a session and an error of their own.
const FIRST_VERSION_WITH_SESSIONS: i16 = 7;

/// The partitions of one request and where they come from.
enum Fetch {
    /// Outside any session, or one that the cache had no room for.
    Single(Box<Session>),
    /// The first of a session: all partitions are answered.
    First(Borrowed),
    /// A later one of a session: only what is new is answered.
    Incremental(Borrowed),
}

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: FetchRequest,
) -> FetchResponse<FileRecords> {
    let now = Instant::now();
    let mut fetch = match open(broker, context, &request, now) {
        Ok(fetch) => fetch,
        Err(code) => return FetchResponse { error_code: code.code(), ..FetchResponse::default() },
    };
    let limits = Limits::of(&request, context.version, broker.config().fetch_max_bytes);
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let whole = !matches!(fetch, Fetch::Incremental(_));
    let reading = read_or_wait(broker, fetch.session(), &limits, whole, now + wait).await;
    let mut response = reading.into_response(broker, context, fetch.session());
    response.session_id = fetch.id();
    response
}

/// Finds or makes the session that a request belongs to.
fn open(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: &FetchRequest,
    now: Instant,
) -> Result<Fetch, ErrorCode> {
    let version = context.version;
    if version < FIRST_VERSION_WITH_SESSIONS || request.session_epoch == FINAL_EPOCH {
        if request.session_id != NO_SESSION {
            broker.fetch_sessions.remove(request.session_id);
        }
        return Ok(Fetch::Single(Box::new(Session::full(request, version))));
    }
    if request.session_epoch == INITIAL_EPOCH {
        broker.fetch_sessions.remove(request.session_id);
        return Ok(match broker.fetch_sessions.insert(Session::full(request, version), now) {
            Ok(first) => Fetch::First(first),
            Err(session) => Fetch::Single(Box::new(session)),
        });
    }
    let mut session = broker.fetch_sessions.borrow(request.session_id, request.session_epoch, now)?;
    if session.by_id != Session::is_by_id(version) {
        return Err(ErrorCode::FetchSessionTopicIdError);
    }
    session.update(request);
    let session = session.recount()?;
    if session.len() > 0 {
        return Ok(Fetch::Incremental(session));
    }
    // A session without partitions is of no use to anybody.
    broker.fetch_sessions.remove(request.session_id);
    Ok(Fetch::Single(Box::default()))
}

/// Reads until there is something worth answering or the client's patience ends.
async fn read_or_wait(
    broker: &Arc<Broker>,
    session: &mut Session,
    limits: &Limits,
    whole: bool,
    deadline: Instant,
) -> Reading {
    let first = Reading::of(broker, session, limits, whole).await;
    if first.is_enough(limits) || deadline <= Instant::now() {
        return first;
    }
    let waiter = Arc::clone(&session.waiter);
    for (_, entry) in session.entries() {
        entry.await_records(&waiter);
    }
    loop {
        // Interest is declared before looking: what arrives in between is seen by one or the other.
        let arrival = waiter.arrival();
        let reading = Reading::of(broker, session, limits, whole).await;
        if reading.is_enough(limits) {
            return reading;
        }
        tokio::select! {
            () = arrival => {}
            () = tokio::time::sleep_until(deadline.into()) => return reading,
            () = broker.stopping() => return reading,
        }
    }
}

impl Fetch {
    fn session(&mut self) -> &mut Session {
        match self {
            Self::Single(session) => session,
            Self::First(session) | Self::Incremental(session) => session,
        }
    }

    fn id(&self) -> i32 {
        match self {
            Self::Single(_) => NO_SESSION,
            Self::First(session) | Self::Incremental(session) => session.id(),
        }
    }
}

/// How far a reader may see: consumers read what is committed, a debugging consumer (`replica.id` −2) everything.
pub(crate) fn visible_to(replica_id: i32, isolation_level: i8) -> ReadUntil {
    const DEBUGGING_CONSUMER: i32 = -2;
    if replica_id == DEBUGGING_CONSUMER {
        ReadUntil::LogEnd
    } else if isolation_level == READ_COMMITTED {
        ReadUntil::LastStable
    } else {
        ReadUntil::HighWatermark
    }
}

/// In a request: only records of decided transactions.
const READ_COMMITTED: i8 = 1;
