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
