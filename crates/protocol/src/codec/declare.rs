//! The language in which messages are declared, and what a declaration becomes.
//!
//! ```text
//! message! {
//!     FetchRequest: request 1, versions [4-18], flexible [12+] {
//!         cluster_id: Option<String> [12+] tag 0 null [12+] = None;
//!         replica_id: i32 [0-14] = -1;
//!         topics: Vec<FetchTopic> [0+];
//!     }
//!     FetchTopic {
//!         topic: String [0-12];
//!     }
//! }
//! ```
//!
//! The head names the message, its kind and key, its versions, and the versions with compact lengths and tagged
//! fields (`latest unstable` stands behind versions of which the last may still change). The first struct is the
//! message, the others are the structs inside it. Behind each field's type stand the versions that have it, then,
//! in this order and where they apply: the tag; the versions in which it may be null; the versions in which it is
//! compact, if not the message's own; and the value it has in versions without it, if not the type's default.
//! `as records` behind a type of `Option<R>` says that this is where the records are.
//!
//! Each struct gets public fields, [`Default`], [`Decode`](super::Decode) and [`Encode`](super::Encode); the message
//! also gets [`Message`](super::Message). A module holds one declaration. `cargo xtask schema --print NAME` writes
//! declarations from Kafka's schemas.

macro_rules! message {
    (
        $name:ident $(<$r:ident>)? : $kind:ident $($key:literal)?,
        versions $versions:tt $(latest $unstable:ident)?, flexible $flexible:tt
        $body:tt
        $($rest:tt)*
    ) => {
        $crate::codec::structs! { $name $(<$r>)? $body $($rest)* }

        impl $(<$r>)? $crate::codec::Message for $name $(<$r>)? {
            const SPEC: &'static $crate::codec::MessageSpec = &SPEC;
        }

        static SPEC: $crate::codec::MessageSpec = $crate::codec::MessageSpec {
            name: stringify!($name),
            kind: $crate::codec::Kind::of(stringify!($kind)),
            key: $crate::codec::optional!($($key)?),
            versions: $crate::codec::versions!($versions),
            flexible: $crate::codec::versions!($flexible),
            latest_unstable: !stringify!($($unstable)?).is_empty(),
            structs: STRUCTS,
            reencode: $crate::codec::reencode::<$name $(<$crate::codec::records_in_frame!($r)>)?>,
        };
    };
}

macro_rules! structs {
    ($(
        $name:ident $(<$r:ident>)? {$(
            $field:ident : $ty:ty $(as $records:ident)? [$($versions:tt)+]
            $(tag $tag:literal)?
            $(null [$($nullable:tt)+])?
            $(flexible [$($flexible:tt)+])?
            $(= $default:expr)?;
        )*}
    )*) => {
        $(
            #[allow(missing_docs, reason = "Kafka's schemas name the fields and say what they mean")]
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name $(<$r = ::bytes::Bytes>)? {
                $(pub $field: $ty,)*
            }

            impl $(<$r>)? Default for $name $(<$r>)? {
                fn default() -> Self {
                    Self { $($field: $crate::codec::default_value!($($default)?),)* }
                }
            }

            impl $crate::codec::Decode for $name $(<$crate::codec::records_in_frame!($r)>)? {
                #[allow(unused_variables, unused_mut, reason = "structs without fields or without tagged ones")]
                fn decode(
                    decoder: &mut $crate::codec::Decoder,
                    context: $crate::codec::Context,
                ) -> Result<Self, $crate::codec::DecodeError> {
                    $($crate::codec::decode_field! {
                        decoder, context, $field, [$($versions)+], ($($tag)?), ($($records)?),
                        ($($($nullable)+)?), ($($($flexible)+)?), ($($default)?)
                    })*
                    if context.flexible {
                        decoder.tagged_fields(&mut |tag, decoder| {
                            $($crate::codec::decode_tagged_field! {
                                decoder, context, tag, $field, [$($versions)+], ($($tag)?), ($($($nullable)+)?)
                            })*
                            Ok(false)
                        })?;
                    }
                    Ok(Self { $($field,)* })
                }
            }

            impl<R: $crate::codec::Records> $crate::codec::Encode<R> for $name $(<$r>)? {
                #[allow(unused_variables, reason = "structs without fields or without tagged ones")]
                fn encode(&self, encoder: &mut $crate::codec::Encoder<R>, context: $crate::codec::Context) {
                    $($crate::codec::encode_field! {
                        self, encoder, context, $field, [$($versions)+], ($($tag)?), ($($records)?),
                        ($($($nullable)+)?), ($($($flexible)+)?)
                    })*
                    if context.flexible {
                        const TAGS: u32 = 0 $($(+ ($tag, 1).1)?)*;
                        encoder.tagged_fields(TAGS, |encoder, fields, tag| {
                            $($crate::codec::encode_tagged_field! {
                                self, encoder, context, fields, tag, $field, [$($versions)+], ($($tag)?),
                                ($($($nullable)+)?), ($($default)?)
                            })*
                        });
                    }
                }
            }
        )*

        static STRUCTS: &[$crate::codec::StructSpec] = &[$(
            $crate::codec::StructSpec {
                name: stringify!($name),
                fields: &[$(
                    $crate::codec::FieldSpec {
                        name: stringify!($field),
                        ty: stringify!($ty),
                        versions: $crate::codec::versions!($($versions)+),
                        tag: $crate::codec::optional!($($tag)?),
                        nullable: $crate::codec::versions!($($($nullable)+)?),
                        flexible: $crate::codec::optional!($($crate::codec::versions!($($flexible)+))?),
                        default: $crate::codec::optional!($(stringify!($default))?),
                    },
                )*],
            },
        )*];
    };
}

/// A range of versions: `4-18`, `12+`, `3`, `none`, or nothing for none.
macro_rules! versions {
    () => { $crate::codec::Versions::NONE };
    (none) => { $crate::codec::Versions::NONE };
    ($only:literal) => { $crate::codec::Versions { first: $only, last: $only } };
    ($first:literal +) => { $crate::codec::Versions { first: $first, last: i16::MAX } };
    ($first:literal - $last:literal) => { $crate::codec::Versions { first: $first, last: $last } };
    ([$($versions:tt)+]) => { $crate::codec::versions!($($versions)+) };
}

/// `Some` of what is there.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// The declared default, or the type's.
macro_rules! default_value {
    () => {
        Default::default()
    };
    ($default:expr) => {
        $default
    };
}

/// Where records lie in a message that was decoded: in the frame it came in.
macro_rules! records_in_frame {
    ($r:ident) => {
        ::bytes::Bytes
    };
}

/// The context of a field: the message's, unless the field says otherwise about being compact.
macro_rules! field_context {
    ($context:ident,) => { $context };
    ($context:ident, $($flexible:tt)+) => {
        $crate::codec::Context {
            flexible: $crate::codec::versions!($($flexible)+).contains($context.version),
            ..$context
        }
    };
}

/// Binds a field's name to its value: read, or the default where this version has no such field. Tagged fields are
/// read later, and begin as their default.
macro_rules! decode_field {
    ($d:ident, $c:ident, $field:ident, $versions:tt, ($tag:literal), (), $null:tt, (), ($($default:expr)?)) => {
        let mut $field = $crate::codec::default_value!($($default)?);
    };
    (
        $d:ident, $c:ident, $field:ident, $versions:tt, (), $records:tt, $null:tt, ($($flexible:tt)*),
        ($($default:expr)?)
    ) => {
        let $field = if $crate::codec::versions!($versions).contains($c.version) {
            let context = $crate::codec::field_context!($c, $($flexible)*);
            $crate::codec::decode_value!($d, context, $field, PLAIN, $records, $null)
        } else {
            $crate::codec::default_value!($($default)?)
        };
    };
}

/// Reads the tagged field if this is its tag, and leaves the closure.
macro_rules! decode_tagged_field {
    ($d:ident, $c:ident, $now:ident, $field:ident, $versions:tt, (), $null:tt) => {};
    ($d:ident, $c:ident, $now:ident, $field:ident, $versions:tt, ($tag:literal), $null:tt) => {
        if $now == $tag && $crate::codec::versions!($versions).contains($c.version) {
            $field = $crate::codec::decode_value!($d, $c, $field, TAGGED, (), $null);
            return Ok(true);
        }
    };
}

/// Reads a value that this version has: one that can never be null, records, or one that can be null in some versions.
macro_rules! decode_value {
    ($d:ident, $c:ident, $field:ident, $null:ident, (), ()) => {
        $crate::codec::InField::in_field($crate::codec::Decode::decode($d, $c), stringify!($field))?
    };
    ($d:ident, $c:ident, $field:ident, $null:ident, $records:tt, ($($nullable:tt)*)) => {{
        let nullable = $crate::codec::versions!($($nullable)*).contains($c.version);
        let value = $crate::codec::decode_option($d, $c, nullable, $crate::codec::NullStruct::$null);
        $crate::codec::InField::in_field(value, stringify!($field))?
    }};
}

/// Writes a field that is not tagged, if this version has it.
macro_rules! encode_field {
    ($s:ident, $e:ident, $c:ident, $field:ident, $versions:tt, ($tag:literal), (), $null:tt, ()) => {};
    ($s:ident, $e:ident, $c:ident, $field:ident, $versions:tt, (), $records:tt, $null:tt, ($($flexible:tt)*)) => {
        if $crate::codec::versions!($versions).contains($c.version) {
            let context = $crate::codec::field_context!($c, $($flexible)*);
            $crate::codec::encode_value!($s, $e, context, $field, PLAIN, $records, $null);
        }
    };
}

/// Writes the tagged field if this is its turn and its value is not the default.
macro_rules! encode_tagged_field {
    ($s:ident, $e:ident, $c:ident, $t:ident, $now:ident, $field:ident, $versions:tt, (), $null:tt, $default:tt) => {};
    (
        $s:ident, $e:ident, $c:ident, $t:ident, $now:ident, $field:ident, $versions:tt, ($tag:literal), $null:tt,
        ($($default:expr)?)
    ) => {
        if $now == $tag
            && $crate::codec::versions!($versions).contains($c.version)
            && $crate::codec::differs(&$s.$field, $crate::codec::default_value!($($default)?))
        {
            $e.tagged_field($t, $now, |encoder| {
                $crate::codec::encode_value!($s, encoder, $c, $field, TAGGED, (), $null);
            });
        }
    };
}

/// Writes a value that this version has: one that can never be null, records, or one that can be null in some versions.
macro_rules! encode_value {
    ($s:ident, $e:ident, $c:ident, $field:ident, $null:ident, (), ()) => {
        $crate::codec::Encode::encode(&$s.$field, $e, $c)
    };
    ($s:ident, $e:ident, $c:ident, $field:ident, $null:ident, (records), ($($nullable:tt)*)) => {
        $e.records(
            $s.$field.as_ref(),
            $crate::codec::versions!($($nullable)*).contains($c.version),
            $c.flexible,
        )
    };
    ($s:ident, $e:ident, $c:ident, $field:ident, $null:ident, (), ($($nullable:tt)+)) => {
        $crate::codec::encode_option(
            $s.$field.as_ref(),
            $crate::codec::versions!($($nullable)+).contains($c.version),
            $crate::codec::NullStruct::$null,
            $e,
            $c,
        )
    };
}

pub(crate) use {
    decode_field, decode_tagged_field, decode_value, default_value, encode_field, encode_tagged_field,
    encode_value, field_context, message, optional, records_in_frame, structs, versions,
};
