//! What is a request answered with?

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use transfer::{Plan, Region};
use uuid::Uuid;

use crate::conditions::Validators;
use crate::content_type::ContentType;
use crate::head::{Head, with_date_of};
use crate::ranges::Wanted;
use crate::request::{Manner, Method, Request};
use crate::root::{FoundFile, Opened, Root};
use crate::status::Status;
use crate::target::Target;
use crate::{encodings, listing};

/// What a folder is answered with, if it is there.
const INDEX: &[u8] = b"index.html";

/// What is served, and how.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) root: Arc<Root>,
    /// Folders without an index are listed.
    pub(crate) listing: bool,
    /// Compressed siblings are sent to those who would rather have them.
    pub(crate) precompressed: bool,
}

/// An answer, but for what it says about the connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Status,
    head: Head,
    body: Plan,
    /// Told, but not sent: to HEAD.
    omits_body: bool,
}

/// A file in one of its encodings, and what clients are told of it.
struct Representation {
    found: FoundFile,
    content_type: ContentType,
    encoding: Option<encodings::Encoding>,
    validators: Validators,
}

impl Answer {
    /// An answer that says no more than its status.
    pub(crate) fn of_status(status: Status) -> Self {
        let mut head = Head::new(status);
        if status == Status::METHOD_NOT_ALLOWED {
            head.field("Allow", "GET, HEAD");
        }
        Self::text(status, head, "text/plain; charset=utf-8", format!("{status}\n"))
    }

    /// The same, to HEAD.
    fn without_body(self, method: Method) -> Self {
        Self { omits_body: method == Method::Head, ..self }
    }

    fn text(status: Status, mut head: Head, content_type: &str, text: String) -> Self {
        head.field("Content-Type", content_type);
        Self { status, head, body: Plan::new().bytes(text), omits_body: false }
    }

    /// What is sent, on a connection that another request may follow on or not; and how much of it is the body.
    pub(crate) fn into_plan(mut self, manner: Manner) -> (Plan, u64) {
        let len = self.body.len();
        if self.status != Status::NOT_MODIFIED {
            self.head.field_of("Content-Length", len);
        }
        if !manner.keep_alive {
            self.head.field("Connection", "close");
        } else if manner.http_1_0 {
            self.head.field("Connection", "keep-alive");
        }
        let head = self.head.end();
        if self.omits_body { (Plan::new().bytes(head), 0) } else { (self.body.behind(head), len) }
    }
}

impl Site {
    /// Answers a request.
    pub(crate) async fn answer(&self, request: &Request) -> Answer {
        let answer = self.find(request).await.unwrap_or_else(Answer::of_status);
        answer.without_body(request.method)
    }

    async fn find(&self, request: &Request) -> Result<Answer, Status> {
        let target = &request.target;
        match self.root.get(target.path()).await? {
            Opened::File(_) if target.names_folder() => Err(Status::NOT_FOUND),
            Opened::File(found) => Ok(self.file(request, target, found).await),
            Opened::Folder(_) if !target.names_folder() => {
                let mut head = Head::new(Status::MOVED_PERMANENTLY);
                // httparse lets no control character into a target, so none gets from the query into the field.
                let location = format!("{}{}", listing::link_to(target.path(), true), request.query);
                head.field("Location", &location);
                let text = format!("{}\n", Status::MOVED_PERMANENTLY);
                Ok(Answer::text(Status::MOVED_PERMANENTLY, head, "text/plain; charset=utf-8", text))
            }
            Opened::Folder(folder) => {
                let index = target.join(INDEX);
                match self.root.get(index.path()).await {
                    Ok(Opened::File(found)) => return Ok(self.file(request, &index, found).await),
                    Ok(Opened::Folder(_)) | Err(Status::NOT_FOUND) => {}
                    Err(status) => return Err(status),
                }
                if !self.listing {
                    return Err(Status::FORBIDDEN);
                }
                let path = target.path().to_vec();
                let page = tokio::task::spawn_blocking(move || listing::page(&folder, &path)).await;
                let page = page.ok().and_then(Result::ok).ok_or(Status::INTERNAL_SERVER_ERROR)?;
                Ok(Answer::text(Status::OK, Head::new(Status::OK), "text/html; charset=utf-8", page))
            }
        }
    }

    /// Answers with a file: all of it, some of it, or that the client has it.
    async fn file(&self, request: &Request, target: &Target, found: FoundFile) -> Answer {
        let file = self.represent(request, target, found).await;
        if let Some(status) = request.conditions.evaluate(&file.validators) {
            let mut head = Head::new(status);
            self.describe(&file, &mut head);
            if status != Status::NOT_MODIFIED {
                return Answer::text(status, head, "text/plain; charset=utf-8", format!("{status}\n"));
            }
            return Answer { status, head, body: Plan::new(), omits_body: false };
        }
        match wanted(request, &file) {
            Wanted::Whole => {
                let mut head = Head::new(Status::OK);
                self.describe(&file, &mut head);
                head.field_of("Content-Type", file.content_type);
                Answer { status: Status::OK, head, body: file.bytes(0..file.found.len), omits_body: false }
            }
            Wanted::Ranges(ranges) => {
                let mut head = Head::new(Status::PARTIAL_CONTENT);
                self.describe(&file, &mut head);
                let body = match ranges.as_slice() {
                    [range] => {
                        head.field_of("Content-Type", file.content_type);
                        head.field("Content-Range", &file.content_range(range));
                        file.bytes(range.clone())
                    }
                    several => {
                        let boundary = Uuid::new_v4().simple().to_string();
                        head.field_of(
                            "Content-Type",
                            format_args!("multipart/byteranges; boundary={boundary}"),
                        );
                        file.multipart(several, &boundary)
                    }
                };
                Answer { status: Status::PARTIAL_CONTENT, head, body, omits_body: false }
            }
            Wanted::Unsatisfiable => {
                let status = Status::RANGE_NOT_SATISFIABLE;
                let mut head = Head::new(status);
                head.field_of("Content-Range", format_args!("bytes */{}", file.found.len));
                Answer::text(status, head, "text/plain; charset=utf-8", format!("{status}\n"))
            }
        }
    }

    /// The file itself, or a compressed sibling that the client would rather have.
    async fn represent(&self, request: &Request, target: &Target, found: FoundFile) -> Representation {
        let content_type = ContentType::of(target.file_name());
        if self.precompressed {
            for encoding in request.accept_encoding.as_deref().into_iter().flat_map(encodings::preferred) {
                let sibling = target.with_suffix(encoding.suffix());
                if let Ok(Opened::File(found)) = self.root.get(sibling.path()).await {
                    let variant = format!("-{}", encoding.token());
                    let validators = Validators::new(found.len, found.modified_ns, &variant);
                    return Representation { found, content_type, encoding: Some(encoding), validators };
                }
            }
        }
        let validators = Validators::new(found.len, found.modified_ns, "");
        Representation { found, content_type, encoding: None, validators }
    }

    /// The fields that a file has whatever is sent of it.
    fn describe(&self, file: &Representation, head: &mut Head) {
        head.field("ETag", &file.validators.etag);
        with_date_of(file.validators.modified, |date| head.field("Last-Modified", date));
        head.field("Accept-Ranges", "bytes");
        if let Some(encoding) = file.encoding {
            head.field("Content-Encoding", encoding.token());
        }
        if self.precompressed {
            head.field("Vary", "Accept-Encoding");
        }
    }
}

impl Representation {
    fn bytes(&self, range: Range<u64>) -> Plan {
        Plan::new().file(Region::new(Arc::clone(&self.found.file), range.start, range.end - range.start))
    }

    fn content_range(&self, range: &Range<u64>) -> String {
        format!("bytes {}-{}/{}", range.start, range.end - 1, self.found.len)
    }

    /// Several ranges, each with a head of its own (RFC 9110, section 14.6).
    fn multipart(&self, ranges: &[Range<u64>], boundary: &str) -> Plan {
        let mut plan = Plan::new();
        for range in ranges {
            let (content_type, content_range) = (self.content_type, self.content_range(range));
            plan.push_bytes(format!(
                "\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {content_range}\r\n\r\n"
            ));
            plan.extend(self.bytes(range.clone()));
        }
        plan.push_bytes(Bytes::from(format!("\r\n--{boundary}--\r\n")));
        plan
    }
}

/// What part of a file is wanted. Ranges are for GET, and only for the version that the client has the rest of.
fn wanted(request: &Request, file: &Representation) -> Wanted {
    let is_of_version =
        request.if_range.as_deref().is_none_or(|version| file.validators.are_those_of(version));
    match &request.range {
        Some(range) if request.method == Method::Get && is_of_version => Wanted::parse(range, file.found.len),
        _ => Wanted::Whole,
    }
}
