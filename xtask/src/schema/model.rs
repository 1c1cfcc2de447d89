//! A schema of Kafka's in the terms of a declaration: the types, names and defaults that Rust gives it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use protocol::codec::{Kind, Versions};
use serde_json::Value;

/// One message as a declaration says it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) key: Option<i16>,
    pub(crate) versions: Versions,
    pub(crate) flexible: Versions,
    pub(crate) latest_unstable: bool,
    pub(crate) structs: Vec<Struct>,
    /// The jar that holds the schema, without its version.
    pub(crate) artifact: &'static str,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    /// Whether records are anywhere inside.
    pub(crate) has_records: bool,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) is_records: bool,
    pub(crate) versions: Versions,
    pub(crate) tag: Option<u32>,
    pub(crate) nullable: Versions,
    pub(crate) flexible: Option<Versions>,
    pub(crate) default: Option<String>,
}

impl Message {
    /// Reads one schema file. `None` where the schema only keeps the key of an API that Kafka no longer serves
    /// (`"validVersions": "none"`).
    pub(crate) fn parse(text: &str, artifact: &'static str) -> anyhow::Result<Option<Self>> {
        let json: Value = serde_json::from_str(&without_comments(text)).context("the schema is not JSON")?;
        let name = string(&json, "name")?.to_owned();
        Self::from_json(&json, &name, artifact).with_context(|| format!("schema {name}"))
    }

    fn from_json(json: &Value, name: &str, artifact: &'static str) -> anyhow::Result<Option<Self>> {
        let versions = parse_versions(string(json, "validVersions")?)?;
        if versions.is_empty() {
            return Ok(None);
        }
        let kind = match string(json, "type")? {
            "request" => Kind::Request,
            "response" => Kind::Response,
            "header" => Kind::Header,
            "metadata" => Kind::Metadata,
            "coordinator-key" => Kind::Key,
            "coordinator-value" => Kind::Value,
            "data" => Kind::Data,
            other => bail!("a schema of type {other}"),
        };
        let mut structs = Structs { common: BTreeMap::new(), found: Vec::new() };
        for common in list(json, "commonStructs") {
            structs.common.insert(string(common, "name")?, list(common, "fields"));
        }
        structs.add(name, list(json, "fields"))?;
        Ok(Some(Self {
            name: name.to_owned(),
            kind,
            key: json["apiKey"].as_i64().map(i16::try_from).transpose()?,
            versions,
            flexible: parse_versions(string(json, "flexibleVersions")?)?,
            latest_unstable: json["latestVersionUnstable"].as_bool().unwrap_or(false),
            structs: structs.found,
            artifact,
        }))
    }
}

/// The structs of one schema, in the order in which a reader meets them.
struct Structs<'a> {
    common: BTreeMap<&'a str, &'a [Value]>,
    found: Vec<Struct>,
}

impl<'a> Structs<'a> {
    fn add(&mut self, name: &str, fields: &'a [Value]) -> anyhow::Result<()> {
        if self.found.iter().any(|found| found.name == name) {
            return Ok(());
        }
        let at = self.found.len();
        self.found.push(Struct { name: name.to_owned(), has_records: false, fields: Vec::new() });
        for json in fields {
            let ty = string(json, "type")?;
            let element = ty.strip_prefix("[]").unwrap_or(ty);
            if is_struct(element) {
                let inline = list(json, "fields");
                let fields = self.common.get(element).copied().unwrap_or(inline);
                self.add(element, fields)?;
            }
            let has_records =
                |name: &str| self.found.iter().any(|found| found.name == name && found.has_records);
            let field = Field::from_json(json, &has_records)
                .with_context(|| format!("field {} of {name}", json["name"]))?;
            let inside = field.is_records || has_records(element);
            let this = &mut self.found[at];
            this.has_records |= inside;
            this.fields.push(field);
        }
        Ok(())
    }
}

impl Field {
    fn from_json(json: &Value, has_records: &dyn Fn(&str) -> bool) -> anyhow::Result<Self> {
        let tag = json["tag"].as_u64().map(u32::try_from).transpose()?;
        let tagged = optional_versions(json, "taggedVersions")?.unwrap_or(Versions::NONE);
        let versions = match optional_versions(json, "versions")? {
            Some(versions) => versions,
            None => tagged,
        };
        ensure!(tag.is_none() || tagged == versions, "is tagged in some of its versions only");
        let nullable = optional_versions(json, "nullableVersions")?.unwrap_or(Versions::NONE);
        let schema_type = string(json, "type")?;
        let is_records = schema_type == "records";
        let plain = rust_type(schema_type, has_records)?;
        let can_be_null = is_records || !nullable.is_empty();
        Ok(Self {
            name: snake_case(string(json, "name")?),
            default: rust_default(&json["default"], schema_type, &plain, can_be_null),
            ty: if can_be_null { format!("Option<{plain}>") } else { plain },
            is_records,
            versions,
            tag,
            nullable,
            flexible: optional_versions(json, "flexibleVersions")?,
        })
    }
}

fn is_struct(ty: &str) -> bool {
    ty.starts_with(|first: char| first.is_ascii_uppercase())
}

fn rust_type(ty: &str, has_records: &dyn Fn(&str) -> bool) -> anyhow::Result<String> {
    if let Some(element) = ty.strip_prefix("[]") {
        return Ok(format!("Vec<{}>", rust_type(element, has_records)?));
    }
    Ok(match ty {
        "bool" => "bool",
        "int8" => "i8",
        "int16" => "i16",
        "uint16" => "u16",
        "int32" => "i32",
        "uint32" => "u32",
        "int64" => "i64",
        "float64" => "f64",
        "string" => "String",
        "bytes" => "Bytes",
        "uuid" => "Uuid",
        "records" => "R",
        name if has_records(name) => return Ok(format!("{name}<R>")),
        name if is_struct(name) => name,
        other => bail!("has the unknown type {other}"),
    }
    .to_owned())
}

/// The declared default, `None` where it is the Rust type's. A schema without a default, or with JSON's own null
/// instead of the string "null", means the empty value, also where the field can be null; records begin as null.
fn rust_default(json: &Value, schema_type: &str, plain: &str, can_be_null: bool) -> Option<String> {
    let text = match json {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if can_be_null {
        return Some(match (text.as_str(), plain) {
            ("null", _) => "None".to_owned(),
            _ if schema_type == "records" => "None".to_owned(),
            (_, "String" | "Bytes") => format!("Some({plain}::new())"),
            _ if schema_type.starts_with("[]") => "Some(Vec::new())".to_owned(),
            _ => format!("Some({plain}::default())"),
        });
    }
    match text.as_str() {
        "" | "0" | "false" => None,
        _ => Some(text),
    }
}

/// `TopicId` becomes `topic_id`; KRaft is one word.
pub(crate) fn snake_case(name: &str) -> String {
    let name = name.replace("KRaft", "Kraft");
    let mut snake = String::with_capacity(name.len() + 4);
    let mut previous = '_';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && previous != '_' && !previous.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        previous = letter;
    }
    snake
}

/// `4-18`, `12+`, `3` or `none`.
fn parse_versions(text: &str) -> anyhow::Result<Versions> {
    let number = |text: &str| text.parse::<i16>().with_context(|| format!("{text:?} is no version"));
    if text == "none" {
        return Ok(Versions::NONE);
    }
    if let Some(first) = text.strip_suffix('+') {
        return Ok(Versions { first: number(first)?, last: i16::MAX });
    }
    Ok(match text.split_once('-') {
        Some((first, last)) => Versions { first: number(first)?, last: number(last)? },
        None => Versions { first: number(text)?, last: number(text)? },
    })
}

fn optional_versions(json: &Value, key: &str) -> anyhow::Result<Option<Versions>> {
    json[key].as_str().map(parse_versions).transpose()
}

fn string<'a>(json: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    json[key].as_str().with_context(|| format!("{key} is missing or no string"))
}

fn list<'a>(json: &'a Value, key: &str) -> &'a [Value] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

/// Kafka's schemas have comments from `//` to the end of the line, always on lines of their own.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        let names = [
            ("TopicId", "topic_id"),
            ("topicId", "topic_id"),
            ("KRaftVersionFeature", "kraft_version_feature"),
            ("ISR", "isr"),
            ("MaxVersion2Level", "max_version2_level"),
        ];
        for (kafka, rust) in names {
            assert_eq!(snake_case(kafka), rust);
        }
    }

    #[test]
    fn a_field_that_can_be_null_is_null_by_default_only_where_the_schema_says_the_word() {
        let default = |json: &str| {
            let json: Value = serde_json::from_str(json).unwrap();
            Field::from_json(&json, &|_| false).unwrap().default
        };
        let field = |default: &str| {
            format!(
                r#"{{"name": "F", "type": "[]int32", "versions": "0+", "nullableVersions": "0+"{default}}}"#
            )
        };
        assert_eq!(default(&field(r#", "default": "null""#)).as_deref(), Some("None"));
        assert_eq!(default(&field(r#", "default": null"#)).as_deref(), Some("Some(Vec::new())"));
        assert_eq!(default(&field("")).as_deref(), Some("Some(Vec::new())"));
    }

    #[test]
    fn apis_that_kafka_removed_have_no_versions_and_are_left_out() {
        let removed = r#"{"apiKey": 6, "type": "request", "name": "Gone", "validVersions": "none"}"#;
        assert!(Message::parse(removed, "kafka-clients").unwrap().is_none());
    }
}
