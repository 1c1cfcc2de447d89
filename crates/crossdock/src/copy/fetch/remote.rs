//! What does a server have at an address, and is it still the same?

use std::ops::Range;
use std::time::SystemTime;

use anyhow::{Context, Error, anyhow, bail};
use transfer::copy::CopyError;

use super::address::Address;
use super::connection::{Answer, Client, shown};
use super::head::Head;

/// As many as browsers follow, or half of it; more lead in circles.
const REDIRECTS_MAX: usize = 10;

/// A file on a server in one state.
#[derive(Debug)]
pub(super) struct Remote {
    /// Where redirects led in the end.
    pub(super) address: Address,
    pub(super) len: u64,
    /// Stands for the state in further requests. Without one, ranges of several answers may be of several states.
    pub(super) validator: Option<String>,
    pub(super) modified: Option<SystemTime>,
    etag: Option<String>,
    last_modified: Option<String>,
}

/// A file that was asked for, and the beginning of the answer.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) remote: Remote,
    pub(super) client: Client,
    pub(super) answer: Answer,
    /// What the body has: the beginning, or all.
    pub(super) comes: Range<u64>,
    /// Whether further requests can be for ranges of the same state.
    pub(super) has_ranges: bool,
}

impl Opened {
    /// Asks for the first `bytes` of a file, and follows redirects. The whole file comes from a server that does not do
    /// ranges, or tells no state of it from another.
    pub(super) fn ask(address: &Address, bytes: u64) -> anyhow::Result<Self> {
        let mut client = Client::new(address.clone());
        for _ in 0..=REDIRECTS_MAX {
            let from = client.address().clone();
            // The given address is named by whoever tells the error.
            let placed = |error: Error| match from == *address {
                true => error,
                false => error.context(format!("redirected to {from}")),
            };
            let answer = client.get(Some(&(0..bytes)), None).map_err(placed)?;
            match redirection(&from, &answer.head).map_err(placed)? {
                Some(to) => client = Client::new(to),
                None => return Self::begin(client, answer, bytes).map_err(placed),
            }
        }
        bail!("more than {REDIRECTS_MAX} redirects: the last one leads to {}", client.address());
    }

    fn begin(mut client: Client, answer: Answer, asked: u64) -> anyhow::Result<Self> {
        match answer.head.status {
            206 => {
                let Some(total) = answer.head.content_range.as_ref().and_then(|range| range.total) else {
                    bail!(
                        "the server answered 206 without the length: expected Content-Range bytes FIRST-LAST/LENGTH"
                    );
                };
                let comes = 0..asked.min(total);
                expect_range(&answer.head, &comes)?;
                let has_ranges = answer.head.validator().is_some();
                if has_ranges || comes.end == total {
                    return Ok(Self::new(client, answer, comes, total, has_ranges));
                }
            }
            200 => return Self::whole(client, answer),
            // An empty file has no first byte.
            416 => {}
            _ => return Err(unexpected(&answer.head, "200 or 206")),
        }
        drop(answer);
        let answer = client.get(None, None)?;
        if answer.head.status != 200 {
            return Err(unexpected(&answer.head, "200"));
        }
        Self::whole(client, answer)
    }

    fn whole(client: Client, answer: Answer) -> anyhow::Result<Self> {
        answer.head.expect_plain_body()?;
        let Some(len) = answer.head.content_length else {
            bail!("the server does not say how long the file is: expected Content-Length");
        };
        Ok(Self::new(client, answer, 0..len, len, false))
    }

    fn new(client: Client, answer: Answer, comes: Range<u64>, len: u64, has_ranges: bool) -> Self {
        let head = &answer.head;
        let remote = Remote {
            address: client.address().clone(),
            len,
            validator: head.validator().map(str::to_owned),
            modified: head.modified(),
            etag: head.etag.clone(),
            last_modified: head.last_modified.clone(),
        };
        Self { remote, client, answer, comes, has_ranges }
    }
}

impl Remote {
    /// An error unless an answer has these bytes of this state.
    pub(super) fn expect_piece(&self, head: &Head, piece: &Range<u64>) -> anyhow::Result<()> {
        match head.status {
            206 | 200 if self.differs(head) => Err(CopyError::Changed.into()),
            206 => expect_range(head, piece),
            412 | 416 => Err(CopyError::Changed.into()),
            _ => Err(unexpected(head, "206")),
        }
    }

    /// Whether an answer is out of another state. It may leave out what it does not have to repeat.
    fn differs(&self, head: &Head) -> bool {
        let other = |now: &Option<String>, before: &Option<String>| now.is_some() && now != before;
        let total = match &head.content_range {
            Some(range) => range.total,
            None => head.content_length,
        };
        other(&head.etag, &self.etag)
            || other(&head.last_modified, &self.last_modified)
            || total.is_some_and(|total| total != self.len)
    }
}

/// Where else the file is, if the answer says so.
fn redirection(from: &Address, head: &Head) -> anyhow::Result<Option<Address>> {
    if !matches!(head.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let answered = || format!("the server answered {}", head.status_line());
    let Some(location) = &head.location else {
        bail!("{} without Location: expected where the file is", answered());
    };
    from.redirected(location).map(Some).with_context(answered)
}

/// An error unless the answer says that it has these bytes.
fn expect_range(head: &Head, expected: &Range<u64>) -> anyhow::Result<()> {
    head.expect_plain_body()?;
    let Some(sent) = head.content_range.as_ref().and_then(|range| range.range.clone()) else {
        bail!("the server answered 206 without Content-Range: expected bytes {}", shown(expected));
    };
    if sent != *expected {
        bail!("the server sends bytes {}: expected bytes {}", shown(&sent), shown(expected));
    }
    let len = expected.end - expected.start;
    match head.content_length {
        Some(said) if said != len => bail!(
            "the server sends {said} bytes by Content-Length: expected {len}, as Content-Range says bytes {}",
            shown(expected)
        ),
        _ => Ok(()),
    }
}

fn unexpected(head: &Head, expected: &str) -> Error {
    anyhow!("the server answered {}: expected {expected}", head.status_line())
}
