//! What a setting is: its name, type, default, who may change it, and which values it takes.

use std::fmt;

/// One setting that Kafka or Crossdock knows. The tables are in [`crate::config::tables`].
#[derive(Debug)]
pub struct Setting {
    /// The name in a properties file and on the wire.
    pub name: &'static str,
    /// How its text is read.
    pub kind: Kind,
    /// The value where nothing is said.
    pub default: DefaultValue,
    /// How much Kafka thinks it matters.
    pub importance: Importance,
    /// Whether a running broker can be told a new value.
    pub update: Update,
    /// The values it takes.
    pub values: Values,
    /// Hidden from descriptions unless it is set, as Kafka does with what is meant for tests.
    pub internal: bool,
    /// For a setting of a topic or group: the broker settings that stand in for it, the nearest first.
    pub broker_names: &'static [&'static str],
    /// What Crossdock does with it, in one sentence; `None` where it takes the setting and does nothing.
    pub acts: Option<&'static str>,
}

/// The type of a setting, as Kafka's `ConfigDef.Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Boolean,
    /// Text, without the white space around it.
    String,
    /// 32 bits.
    Int,
    /// 16 bits.
    Short,
    /// 64 bits.
    Long,
    /// A floating point number.
    Double,
    /// Texts separated by commas.
    List,
    /// The name of a Java class.
    Class,
    /// A secret, which is never shown.
    Password,
}

/// The value of a setting where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// Kafka refuses to start without it.
    Required,
    /// Not set.
    Null,
    /// This text.
    Text(&'static str),
}

/// How much Kafka thinks a setting matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// Kafka's `HIGH`.
    High,
    /// Kafka's `MEDIUM`.
    Medium,
    /// Kafka's `LOW`.
    Low,
}

/// Whether a running broker can be told a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// No: `read-only`.
    ReadOnly,
    /// For one broker at a time: `per-broker`.
    PerBroker,
    /// For one broker or for all: `cluster-wide`.
    ClusterWide,
}

/// The values that a setting takes, beyond what its type says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// All of them.
    Any,
    /// Numbers from this one on.
    AtLeast(i64),
    /// Numbers from the first to the second.
    Between(i64, i64),
    /// Fractions from 0 to this one.
    Ratio(f64),
    /// −1 for zlib's own choice, or 1 to 9.
    GzipLevel,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, in upper or lower case.
    OneOfAnyCase(&'static [&'static str]),
    /// Text that is not empty.
    Text,
    /// A list of these words (of any, where none are given), each at most once and none empty.
    List {
        /// The words; none stands for all.
        of: &'static [&'static str],
        /// Whether the list may be empty.
        empty: bool,
    },
    /// A list of `HOST:PORT`.
    HostPorts,
    /// A list of `ID@HOST:PORT`.
    Voters,
    /// `*`, or a list of `PARTITION:BROKER`.
    ThrottledReplicas,
    /// `earliest`, `latest`, or `by_duration:` and an ISO 8601 duration.
    OffsetReset,
}

impl Setting {
    /// Whether its value is a secret.
    #[must_use]
    pub fn sensitive(&self) -> bool {
        self.kind == Kind::Password
    }

    /// What a valid value looks like, to end the sentence "expected …".
    #[must_use]
    pub fn expected(&self) -> String {
        match (self.kind, self.values) {
            (Kind::Boolean, _) => "true or false".to_owned(),
            (_, Values::Any) => self.kind.expected(),
            (_, Values::AtLeast(low)) => format!("{}, at least {low}", self.kind.expected()),
            (_, values) => values.to_string(),
        }
    }

    /// Kafka's documentation is not repeated here: this says what the setting does in Crossdock.
    #[must_use]
    pub fn documentation(&self) -> &'static str {
        self.acts.unwrap_or("Taken as Kafka takes it; it has no effect in Crossdock.")
    }
}

impl Kind {
    /// The number of the type in DescribeConfigs, as `DescribeConfigsResponse.ConfigType`.
    #[must_use]
    pub fn code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::String => 2,
            Self::Int => 3,
            Self::Short => 4,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Class => 8,
            Self::Password => 9,
        }
    }

    fn expected(self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::String | Self::Password => "text".to_owned(),
            Self::Int => format!("a whole number up to {}", i32::MAX),
            Self::Short => format!("a whole number up to {}", i16::MAX),
            Self::Long => "a whole number of 64 bits".to_owned(),
            Self::Double => "a number".to_owned(),
            Self::List => "a list separated by commas".to_owned(),
            Self::Class => "the name of a class".to_owned(),
        }
    }
}

impl DefaultValue {
    /// The default's text, where there is one.
    #[must_use]
    pub fn text(self) -> Option<&'static str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Required | Self::Null => None,
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::AtLeast(low) => write!(f, "at least {low}"),
            Self::Between(low, high) => write!(f, "a whole number from {low} to {high}"),
            Self::Ratio(high) => write!(f, "a fraction from 0 to {high}"),
            Self::GzipLevel => f.write_str("a level from 1 to 9, or -1 for the usual one"),
            Self::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Self::OneOfAnyCase(words) => write!(f, "one of {} in upper or lower case", words.join(", ")),
            Self::Text => f.write_str("text that is not empty"),
            Self::List { of: [], empty: true } => f.write_str("a list separated by commas"),
            Self::List { of: [], empty: false } => {
                f.write_str("a list separated by commas that is not empty")
            }
            Self::List { of, empty } => {
                write!(f, "a list of {}{}", of.join(", "), if *empty { "" } else { " that is not empty" })
            }
            Self::HostPorts => f.write_str("a list of HOST:PORT"),
            Self::Voters => f.write_str("a list of ID@HOST:PORT"),
            Self::ThrottledReplicas => f.write_str("* or a list of PARTITION:BROKER"),
            Self::OffsetReset => f.write_str(
                "earliest, latest, or by_duration: and a duration such as PT1H30M that is not negative",
            ),
        }
    }
}

/// Declares a table of broker settings, one a line:
/// `"name" type default importance changes values[, internal] [=> "What Crossdock does with it."];`
/// where `changes` is `fixed`, `per_broker` or `anywhere` (one broker or all).
macro_rules! broker_settings {
    ($table:ident $($name:literal $kind:ident $default:tt $importance:ident $update:ident
        $values:ident $(($($argument:tt)*))? $(, $internal:ident)? $(=> $acts:literal)?;)*) => {
        pub(in crate::config) const $table: &[$crate::config::Setting] = &[$($crate::config::definition::setting! {
            $name $kind $default $importance $update [] $values ($($($argument)*)?) ($($internal)?) ($($acts)?)
        }),*];
    };
}

/// Declares a table of settings of topics, groups or client metrics, one a line as in [`broker_settings`], with the
/// broker settings that stand in for the setting, the nearest first, in the place of `changes`.
macro_rules! resource_settings {
    ($table:ident $($name:literal $kind:ident $default:tt $importance:ident [$($broker_name:literal),*]
        $values:ident $(($($argument:tt)*))? $(, $internal:ident)? $(=> $acts:literal)?;)*) => {
        pub(in crate::config) const $table: &[$crate::config::Setting] = &[$($crate::config::definition::setting! {
            $name $kind $default $importance anywhere [$($broker_name),*]
            $values ($($($argument)*)?) ($($internal)?) ($($acts)?)
        }),*];
    };
}

macro_rules! setting {
    ($name:literal $kind:ident $default:tt $importance:ident $update:ident [$($broker_name:literal),*]
        $values:ident ($($argument:tt)*) ($($internal:ident)?) ($($acts:literal)?)) => {
        $crate::config::Setting {
            name: $name,
            kind: $crate::config::definition::word!($kind),
            default: $crate::config::definition::default!($default),
            importance: $crate::config::definition::word!($importance),
            update: $crate::config::definition::word!($update),
            values: $crate::config::definition::values!($values $($argument)*),
            internal: $crate::config::definition::word!(is $($internal)?),
            broker_names: &[$($broker_name),*],
            acts: $crate::config::definition::word!(acts $($acts)?),
        }
    };
}

macro_rules! word {
    (boolean) => {
        $crate::config::Kind::Boolean
    };
    (string) => {
        $crate::config::Kind::String
    };
    (int) => {
        $crate::config::Kind::Int
    };
    (short) => {
        $crate::config::Kind::Short
    };
    (long) => {
        $crate::config::Kind::Long
    };
    (double) => {
        $crate::config::Kind::Double
    };
    (list) => {
        $crate::config::Kind::List
    };
    (class) => {
        $crate::config::Kind::Class
    };
    (password) => {
        $crate::config::Kind::Password
    };
    (high) => {
        $crate::config::Importance::High
    };
    (medium) => {
        $crate::config::Importance::Medium
    };
    (low) => {
        $crate::config::Importance::Low
    };
    (fixed) => {
        $crate::config::Update::ReadOnly
    };
    (per_broker) => {
        $crate::config::Update::PerBroker
    };
    (anywhere) => {
        $crate::config::Update::ClusterWide
    };
    (is internal) => {
        true
    };
    (is) => {
        false
    };
    (acts $sentence:literal) => {
        Some($sentence)
    };
    (acts) => {
        None
    };
}

macro_rules! default {
    (null) => {
        $crate::config::DefaultValue::Null
    };
    (required) => {
        $crate::config::DefaultValue::Required
    };
    ($text:literal) => {
        $crate::config::DefaultValue::Text($text)
    };
}

macro_rules! values {
    (any) => { $crate::config::Values::Any };
    (at_least $low:literal) => { $crate::config::Values::AtLeast($low) };
    (between $low:literal, $high:literal) => { $crate::config::Values::Between($low, $high) };
    (ratio $high:literal) => { $crate::config::Values::Ratio($high) };
    (gzip_level) => { $crate::config::Values::GzipLevel };
    (one_of $($words:tt)*) => { $crate::config::Values::OneOf($($words)*) };
    (one_of_any_case $($words:tt)*) => { $crate::config::Values::OneOfAnyCase($($words)*) };
    (text) => { $crate::config::Values::Text };
    (list) => { $crate::config::Values::List { of: &[], empty: true } };
    (some) => { $crate::config::Values::List { of: &[], empty: false } };
    (any_of $($words:tt)*) => { $crate::config::Values::List { of: $($words)*, empty: true } };
    (some_of $($words:tt)*) => { $crate::config::Values::List { of: $($words)*, empty: false } };
    (host_ports) => { $crate::config::Values::HostPorts };
    (voters) => { $crate::config::Values::Voters };
    (throttled) => { $crate::config::Values::ThrottledReplicas };
    (offset_reset) => { $crate::config::Values::OffsetReset };
}

pub(in crate::config) use {broker_settings, default, resource_settings, setting, values, word};
