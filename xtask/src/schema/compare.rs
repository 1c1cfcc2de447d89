//! Declarations held against schemas.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use protocol::codec::{FieldSpec, MessageSpec, StructSpec};

use super::model::{Field, Message, Struct};

/// What was compared, and what is not as Kafka has it.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) differences: Vec<String>,
    messages: usize,
    structs: usize,
    fields: usize,
}

/// Holds all declarations against all schemas, both ways: neither may have a message that the other lacks.
pub(crate) fn all(schemas: &[Message], specs: impl Iterator<Item = &'static MessageSpec>) -> Report {
    let mut report = Report::default();
    let mut declared: BTreeMap<&str, &MessageSpec> = BTreeMap::new();
    for spec in specs {
        if declared.insert(spec.name, spec).is_some() {
            report.differences.push(format!("{}: listed twice", spec.name));
        }
    }
    for schema in schemas {
        match declared.remove(schema.name.as_str()) {
            Some(spec) => report.message(schema, spec),
            None => report.differences.push(format!("{}: has a schema and no declaration", schema.name)),
        }
    }
    for name in declared.keys() {
        report.differences.push(format!("{name}: has a declaration and no schema"));
    }
    report
}

impl Report {
    fn message(&mut self, schema: &Message, spec: &MessageSpec) {
        self.messages += 1;
        let name = &schema.name;
        self.same(name, "kind", &schema.kind, &spec.kind);
        self.same(name, "key", &schema.key, &spec.key);
        self.same(name, "versions", &schema.versions, &spec.versions);
        self.same(name, "flexible versions", &schema.flexible, &spec.flexible);
        self.same(name, "latest version unstable", &schema.latest_unstable, &spec.latest_unstable);
        self.same(name, "first struct", &Some(name.as_str()), &spec.structs.first().map(|first| first.name));
        for schema in &schema.structs {
            match spec.structs.iter().find(|spec| spec.name == schema.name) {
                Some(spec) => self.structs(name, schema, spec),
                None => self.differences.push(format!("{name}: struct {} is missing", schema.name)),
            }
        }
        for spec in spec.structs {
            if !schema.structs.iter().any(|schema| schema.name == spec.name) {
                self.differences.push(format!("{name}: struct {} is not Kafka's", spec.name));
            }
        }
    }

    fn structs(&mut self, message: &str, schema: &Struct, spec: &StructSpec) {
        self.structs += 1;
        let place =
            if message == schema.name { message.to_owned() } else { format!("{message}.{}", spec.name) };
        let names = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
        self.same(
            &place,
            "fields in order",
            &names(&mut schema.fields.iter().map(|field| field.name.as_str())),
            &names(&mut spec.fields.iter().map(field_name)),
        );
        for field in &schema.fields {
            if let Some(spec) = spec.fields.iter().find(|spec| field_name(spec) == field.name) {
                self.field(&format!("{place}.{}", field.name), field, spec);
            }
        }
    }

    fn field(&mut self, place: &str, schema: &Field, spec: &FieldSpec) {
        self.fields += 1;
        self.same(place, "type", &without_spaces(&schema.ty), &without_spaces(spec.ty));
        self.same(place, "versions", &schema.versions, &spec.versions);
        self.same(place, "tag", &schema.tag, &spec.tag);
        self.same(place, "nullable versions", &schema.nullable, &spec.nullable);
        self.same(place, "flexible versions", &schema.flexible, &spec.flexible);
        let default = |text: &str| without_spaces(text);
        self.same(place, "default", &schema.default.as_deref().map(default), &spec.default.map(default));
    }

    fn same<T: PartialEq + Debug>(&mut self, place: &str, what: &str, schema: &T, declared: &T) {
        if schema != declared {
            self.differences.push(format!("{place}: {what}: Kafka has {schema:?}, declared is {declared:?}"));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { differences, messages, structs, fields } = self;
        write!(f, "compared {messages} messages, {structs} structs, {fields} fields: ")?;
        match differences.len() {
            0 => f.write_str("no difference"),
            1 => f.write_str("1 difference"),
            count => write!(f, "{count} differences"),
        }
    }
}

/// A field's name as the schema has it: keywords of Rust's are escaped.
fn field_name(spec: &FieldSpec) -> &'static str {
    spec.name.strip_prefix("r#").unwrap_or(spec.name)
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use protocol::codec::Message as _;
    use protocol::messages::data::EndTxnMarker;
    use protocol::messages::headers::RequestHeader;

    use super::*;

    const SCHEMA: &str = r#"
        // A comment.
        {
          "type": "header", "name": "RequestHeader", "validVersions": "1-2", "flexibleVersions": "2+",
          "fields": [
            { "name": "RequestApiKey", "type": "int16", "versions": "0+" },
            { "name": "RequestApiVersion", "type": "int16", "versions": "0+" },
            { "name": "CorrelationId", "type": "int32", "versions": "0+" },
            // Another one.
            { "name": "ClientId", "type": "string", "versions": "1+", "nullableVersions": "1+",
              "flexibleVersions": "none" }
          ]
        }"#;

    fn compare(schema: &str) -> Vec<String> {
        let schema = Message::parse(schema, "kafka-clients").unwrap().unwrap();
        all(&[schema], [RequestHeader::SPEC].into_iter()).differences
    }

    #[test]
    fn a_declaration_that_is_as_the_schema_has_it_is_not_reported() {
        assert_eq!(compare(SCHEMA), [] as [&str; 0]);
    }

    #[test]
    fn every_way_to_differ_is_reported_once_with_its_place() {
        let changes = [
            (r#""type": "header""#, r#""type": "data""#, "RequestHeader: kind:"),
            (r#""header","#, r#""header", "apiKey": 1,"#, "RequestHeader: key:"),
            (r#""1-2""#, r#""1-3""#, "RequestHeader: versions:"),
            (r#""2+""#, r#""3+""#, "RequestHeader: flexible versions:"),
            (
                r#""header","#,
                r#""header", "latestVersionUnstable": true,"#,
                "RequestHeader: latest version unstable:",
            ),
            (
                r#"{ "name": "RequestApiKey", "type": "int16", "versions": "0+" },"#,
                "",
                "RequestHeader: fields in order:",
            ),
            (r#""int32""#, r#""uint32""#, "RequestHeader.correlation_id: type:"),
            (r#""versions": "1+""#, r#""versions": "2+""#, "RequestHeader.client_id: versions:"),
            (
                r#""versions": "1+""#,
                r#""versions": "1+", "tag": 0, "taggedVersions": "1+""#,
                "RequestHeader.client_id: tag:",
            ),
            (
                r#""nullableVersions": "1+""#,
                r#""nullableVersions": "2+""#,
                "RequestHeader.client_id: nullable versions:",
            ),
            (
                r#""flexibleVersions": "none""#,
                r#""ignorable": true"#,
                "RequestHeader.client_id: flexible versions:",
            ),
            (r#""int32","#, r#""int32", "default": "-1","#, "RequestHeader.correlation_id: default:"),
        ];
        for (from, to, place) in changes {
            let changed = SCHEMA.replacen(from, to, 1);
            assert_ne!(changed, SCHEMA);
            let differences = compare(&changed);
            assert_eq!(differences.len(), 1, "{differences:?}");
            assert!(differences[0].starts_with(place), "{differences:?}");
        }
    }

    #[test]
    fn a_message_that_only_one_side_has_is_reported() {
        let schema = Message::parse(SCHEMA, "kafka-clients").unwrap().unwrap();
        let report = all(&[schema], [EndTxnMarker::SPEC].into_iter());
        assert_eq!(
            report.differences,
            [
                "RequestHeader: has a schema and no declaration",
                "EndTxnMarker: has a declaration and no schema",
            ]
        );
    }
}
