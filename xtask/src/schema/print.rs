//! Schemas in the language of the `protocol` crate's declarations.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use protocol::codec::{Kind, Versions};

use super::model::{Field, Message, Struct, snake_case};

/// A field of every struct is indented by this much inside `message! { … }`.
const INDENT: &str = "    ";

/// The project's lines end here, as rustfmt.toml says.
const MAX_WIDTH: usize = 110;

/// Rust's keywords among the names of fields.
const KEYWORDS: [&str; 2] = ["match", "type"];

/// The file of one message, without those that share its file.
pub(crate) fn module(message: &Message) -> String {
    file(&[message])
}

/// Writes every file into `folder`.
pub(crate) fn write_all(messages: &[Message], folder: &Path) -> anyhow::Result<()> {
    let mut files: BTreeMap<String, Vec<&Message>> = BTreeMap::new();
    for message in messages {
        files.entry(path(message)).or_default().push(message);
    }
    for (path, messages) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, file(&messages)).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Where a message is declared below `messages/`: the two sides of an API share a file, as do key and value.
fn path(message: &Message) -> String {
    let folder = match (message.kind, message.artifact) {
        (Kind::Request | Kind::Response, _) => "",
        (Kind::Header, _) => "headers/",
        (Kind::Data, _) => "data/",
        (Kind::Metadata, "kafka-storage") => "remote_log_records/",
        (Kind::Metadata, _) => "metadata_records/",
        (Kind::Key | Kind::Value, "kafka-transaction-coordinator") => "transaction_records/",
        (Kind::Key | Kind::Value, "kafka-share-coordinator") => "share_records/",
        (Kind::Key | Kind::Value, _) => "group_records/",
    };
    format!("{folder}{}.rs", snake_case(subject(message)))
}

/// What a message is about: its name without what its place says.
fn subject(message: &Message) -> &str {
    let suffix = match message.kind {
        Kind::Request => "Request",
        Kind::Response => "Response",
        Kind::Key => "Key",
        Kind::Value => "Value",
        Kind::Metadata => "Record",
        Kind::Header | Kind::Data => "",
    };
    message.name.strip_suffix(suffix).unwrap_or(&message.name)
}

fn file(messages: &[&Message]) -> String {
    let mut out = String::new();
    let Some(first) = messages.first() else { return out };
    let _ = writeln!(out, "//! {}\n", title(first));
    if submodule(first.kind).is_none() {
        out.push_str(&declaration(first, ""));
        return out;
    }
    for message in messages {
        let name = submodule(message.kind).unwrap_or_default();
        let _ = writeln!(out, "pub use {name}::{};", message.name);
    }
    for message in messages {
        let name = submodule(message.kind).unwrap_or_default();
        let _ = writeln!(out, "\n/// {}\npub mod {name} {{", submodule_title(message.kind));
        out.push_str(&declaration(message, INDENT));
        out.push_str("}\n");
    }
    out
}

fn submodule(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Request => Some("request"),
        Kind::Response => Some("response"),
        Kind::Key => Some("key"),
        Kind::Value => Some("value"),
        Kind::Header | Kind::Metadata | Kind::Data => None,
    }
}

fn submodule_title(kind: Kind) -> &'static str {
    match kind {
        Kind::Request => "What is asked.",
        Kind::Response => "What is answered.",
        Kind::Key => "The key.",
        _ => "The value.",
    }
}

fn title(message: &Message) -> String {
    let subject = subject(message);
    match (message.kind, message.key) {
        (Kind::Request | Kind::Response, Some(key)) => format!("{subject}, API {key}."),
        (Kind::Key | Kind::Value, Some(key)) => format!("{subject}, coordinator record {key}."),
        (Kind::Metadata, Some(key)) if message.artifact == "kafka-storage" => {
            format!("{subject}, remote log metadata record {key}.")
        }
        (Kind::Metadata, Some(key)) => format!("{subject}, metadata record {key}."),
        _ => format!("{subject}."),
    }
}

/// `use` lines and the declaration, each line behind `indent`.
fn declaration(message: &Message, indent: &str) -> String {
    let body = structs(message);
    let mut out = String::new();
    for (name, import) in [("Bytes", "bytes::Bytes"), ("Uuid", "uuid::Uuid")] {
        if body.split(|c: char| !c.is_alphanumeric()).any(|word| word == name) {
            let _ = writeln!(out, "use {import};");
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = write!(out, "use crate::codec::message;\n\nmessage! {{\n{body}}}\n");
    out.lines().map(|line| indented(line, indent)).collect()
}

/// A line of its own behind `indent`; a default that would not fit goes on a second one.
fn indented(line: &str, indent: &str) -> String {
    match line.split_once(" = ") {
        _ if line.is_empty() => "\n".to_owned(),
        Some((field, default)) if indent.len() + line.len() > MAX_WIDTH => {
            format!("{indent}{field}\n{indent}{INDENT}{INDENT}{INDENT}= {default}\n")
        }
        _ => format!("{indent}{line}\n"),
    }
}

fn structs(message: &Message) -> String {
    let mut out = String::new();
    for (index, one) in message.structs.iter().enumerate() {
        let name = generic_name(one);
        if index == 0 {
            let _ = writeln!(out, "{INDENT}{name}: {} {{", head(message));
        } else {
            let _ = writeln!(out, "{INDENT}{name} {{");
        }
        for one in &one.fields {
            let _ = writeln!(out, "{INDENT}{INDENT}{}", field(one));
        }
        let _ = writeln!(out, "{INDENT}}}");
    }
    out
}

fn generic_name(one: &Struct) -> String {
    if one.has_records { format!("{}<R>", one.name) } else { one.name.clone() }
}

fn head(message: &Message) -> String {
    let kind = format!("{:?}", message.kind).to_lowercase();
    let key = message.key.map_or(String::new(), |key| format!(" {key}"));
    let unstable = if message.latest_unstable { " latest unstable" } else { "" };
    format!(
        "{kind}{key}, versions {}{unstable}, flexible {}",
        versions(message.versions),
        versions(message.flexible)
    )
}

fn field(field: &Field) -> String {
    let raw = if KEYWORDS.contains(&field.name.as_str()) { "r#" } else { "" };
    let mut out = format!("{raw}{}: {}", field.name, field.ty);
    if field.is_records {
        out.push_str(" as records");
    }
    let _ = write!(out, " {}", versions(field.versions));
    if let Some(tag) = field.tag {
        let _ = write!(out, " tag {tag}");
    }
    if !field.nullable.is_empty() {
        let _ = write!(out, " null {}", versions(field.nullable));
    }
    if let Some(flexible) = field.flexible {
        let _ = write!(out, " flexible {}", versions(flexible));
    }
    if let Some(default) = &field.default {
        let _ = write!(out, " = {default}");
    }
    out.push(';');
    out
}

fn versions(versions: Versions) -> String {
    match versions {
        Versions { first, last } if first > last => "[none]".to_owned(),
        Versions { first, last: i16::MAX } => format!("[{first}+]"),
        Versions { first, last } if first == last => format!("[{first}]"),
        Versions { first, last } => format!("[{first}-{last}]"),
    }
}
