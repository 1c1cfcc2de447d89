//! Reads typed values out of checked settings, and collects what contradicts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{BrokerSettings, ConfigError, Value};

/// Reads settings by their names. The names and types are those of the tables, which a test holds against every read:
/// a value of another type is a bug and reads as the type's zero.
pub(super) struct Reader<'a> {
    settings: &'a BrokerSettings,
    effective: &'a BTreeMap<&'static str, Value>,
    errors: Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(settings: &'a BrokerSettings, effective: &'a BTreeMap<&'static str, Value>) -> Self {
        Self { settings, effective, errors: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<ConfigError> {
        self.errors
    }

    /// Notes that `name` has a wrong value unless `fits`.
    pub(super) fn check(&mut self, name: &str, fits: bool, expected: impl FnOnce() -> String) {
        if !fits {
            let origin = self.settings.origin(name);
            let value = self.effective.get(name).map(ToString::to_string).unwrap_or_default();
            self.errors.push(ConfigError::BadValue {
                origin,
                key: name.to_owned(),
                value,
                expected: expected(),
            });
        }
    }

    /// What was read from the value of `name`, or nothing and a note of what was expected.
    pub(super) fn accept<T: Default>(&mut self, name: &str, read: Result<T, String>) -> T {
        read.unwrap_or_else(|expected| {
            self.check(name, false, || expected);
            T::default()
        })
    }

    pub(super) fn boolean(&self, name: &str) -> bool {
        matches!(self.effective.get(name), Some(Value::Boolean(true)))
    }

    pub(super) fn optional_long(&self, name: &str) -> Option<i64> {
        match self.effective.get(name) {
            Some(Value::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn long(&self, name: &str) -> i64 {
        let value = self.optional_long(name);
        debug_assert!(value.is_some(), "{name} is not a number with a default");
        value.unwrap_or_default()
    }

    pub(super) fn int(&self, name: &str) -> i32 {
        i32::try_from(self.long(name)).unwrap_or_default()
    }

    pub(super) fn short(&self, name: &str) -> i16 {
        i16::try_from(self.long(name)).unwrap_or_default()
    }

    /// A number that is not negative.
    pub(super) fn size(&self, name: &str) -> usize {
        usize::try_from(self.long(name)).unwrap_or_default()
    }

    /// Milliseconds; a negative number is for ever.
    pub(super) fn duration(&self, name: &str) -> Duration {
        u64::try_from(self.long(name)).map_or(Duration::MAX, Duration::from_millis)
    }

    pub(super) fn optional_text(&self, name: &str) -> Option<String> {
        match self.effective.get(name) {
            Some(Value::Text(value)) => Some(value.clone()),
            _ => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> String {
        let value = self.optional_text(name);
        debug_assert!(value.is_some(), "{name} is not text with a default");
        value.unwrap_or_default()
    }

    pub(super) fn optional_list(&self, name: &str) -> Option<Vec<String>> {
        match self.effective.get(name) {
            Some(Value::List(value)) => Some(value.clone()),
            _ => None,
        }
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let value = self.optional_list(name);
        debug_assert!(value.is_some(), "{name} is not a list with a default");
        value.unwrap_or_default()
    }
}
