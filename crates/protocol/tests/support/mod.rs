//! Arbitrary messages as bytes, written from what a declaration says about itself and without the codec under test.

#![allow(dead_code, reason = "each test file uses a part")]

use bytes::Bytes;
use protocol::codec::{FieldSpec, MessageSpec, StructSpec};

/// How many elements an arbitrary array or characters an arbitrary string has at most.
const MOST_ELEMENTS: u64 = 3;

/// Tags that no version of Kafka uses.
const UNKNOWN_TAGS: std::ops::Range<u32> = 1_000..1_200;

/// A source of arbitrary numbers that a seed decides (SplitMix64).
pub(crate) struct Arbitrary(pub(crate) u64);

impl Arbitrary {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

/// The bytes of an arbitrary message in `version`, in the one form that an encoder produces.
pub(crate) fn message(spec: &'static MessageSpec, version: i16, seed: u64) -> Bytes {
    Writer::new(spec, version, seed, None).message()
}

/// The same message as [`message`], with tagged fields that nobody knows in every struct.
pub(crate) fn message_with_unknown_tags(spec: &'static MessageSpec, version: i16, seed: u64) -> Bytes {
    Writer::new(spec, version, seed, Some(Arbitrary(!seed))).message()
}

struct Writer {
    spec: &'static MessageSpec,
    version: i16,
    flexible: bool,
    arbitrary: Arbitrary,
    /// Decides about unknown tagged fields apart from `arbitrary`, so that the rest of the message stays the same.
    unknown_tags: Option<Arbitrary>,
    out: Vec<u8>,
}

impl Writer {
    fn new(spec: &'static MessageSpec, version: i16, seed: u64, unknown_tags: Option<Arbitrary>) -> Self {
        let flexible = spec.flexible.contains(version);
        Self { spec, version, flexible, arbitrary: Arbitrary(seed), unknown_tags, out: Vec::new() }
    }

    fn message(mut self) -> Bytes {
        self.fields(&self.spec.structs[0], false);
        self.out.into()
    }

    /// With `telling`, every value differs from its default: a tagged field is only written if it does.
    fn fields(&mut self, this: &'static StructSpec, telling: bool) {
        let here = |field: &&FieldSpec| field.versions.contains(self.version);
        let present: Vec<&FieldSpec> = this.fields.iter().filter(here).collect();
        for field in present.iter().filter(|field| field.tag.is_none()) {
            self.field(field, telling);
        }
        if self.flexible {
            let mut tagged: Vec<&FieldSpec> =
                present.into_iter().filter(|field| field.tag.is_some()).collect();
            tagged.sort_by_key(|field| field.tag);
            self.tagged_fields(&tagged, telling);
        }
    }

    fn tagged_fields(&mut self, fields: &[&'static FieldSpec], telling: bool) {
        let chosen: Vec<_> = fields.iter().filter(|_| telling || self.arbitrary.coin()).collect();
        let unknown = self.unknown_tags.as_mut().map_or(0, |unknown| unknown.below(3) as u32);
        self.uvarint(chosen.len() as u32 + unknown);
        for field in chosen {
            let value = self.apart(|writer| writer.field(field, true));
            self.uvarint(field.tag.unwrap_or_default());
            self.uvarint(value.len() as u32);
            self.out.extend(value);
        }
        for tag in UNKNOWN_TAGS.take(unknown as usize) {
            let size = self.unknown_tags.as_mut().map_or(0, |unknown| unknown.below(200) as u32);
            self.uvarint(tag);
            self.uvarint(size);
            self.out.resize(self.out.len() + size as usize, 0xff);
        }
    }

    fn apart(&mut self, write: impl FnOnce(&mut Self)) -> Vec<u8> {
        let before = std::mem::take(&mut self.out);
        write(self);
        std::mem::replace(&mut self.out, before)
    }

    fn field(&mut self, field: &'static FieldSpec, telling: bool) {
        let flexible = field.flexible.map_or(self.flexible, |versions| versions.contains(self.version));
        let outer = std::mem::replace(&mut self.flexible, flexible);
        let nullable = field.nullable.contains(self.version);
        let may_be_null = nullable && !(telling && field.default == Some("None"));
        match field.ty.strip_prefix("Option<").and_then(|ty| ty.strip_suffix('>')) {
            Some(ty) if may_be_null && self.arbitrary.below(4) == 0 => self.null(ty, field.tag.is_some()),
            Some(ty) => self.value(ty, nullable, telling),
            None => self.value(field.ty, false, telling),
        }
        self.flexible = outer;
    }

    fn null(&mut self, ty: &'static str, tagged: bool) {
        match ty {
            "String" if !self.flexible => self.out.extend((-1_i16).to_be_bytes()),
            "String" | "Bytes" | "R" => self.length(None),
            _ if ty.starts_with("Vec<") => self.length(None),
            _ => self.out.push(if tagged { 0 } else { 0xff }),
        }
    }

    fn value(&mut self, ty: &'static str, nullable: bool, telling: bool) {
        if let Some(element) = ty.strip_prefix("Vec<").and_then(|ty| ty.strip_suffix('>')) {
            let least = u64::from(telling);
            let count = least + self.arbitrary.below(MOST_ELEMENTS);
            self.length(Some(count as usize));
            (0..count).for_each(|_| self.value(element, false, telling));
            return;
        }
        match ty {
            "bool" => {
                let value = telling || self.arbitrary.coin();
                self.out.push(u8::from(value));
            }
            "i8" => self.number::<1>(telling),
            "i16" | "u16" => self.number::<2>(telling),
            "i32" | "u32" => self.number::<4>(telling),
            "i64" | "f64" => self.number::<8>(telling),
            "Uuid" => self.number::<16>(telling),
            "String" => self.string(telling),
            "Bytes" | "R" => self.byte_array(telling),
            _ => self.nested(ty, nullable, telling),
        }
    }

    /// A number that differs from every default is 0x55 all over.
    fn number<const SIZE: usize>(&mut self, telling: bool) {
        for _ in 0..SIZE {
            let byte = if telling { 0x55 } else { self.arbitrary.next() as u8 };
            self.out.push(byte);
        }
    }

    fn string(&mut self, telling: bool) {
        let letters = ["a", "Z", "ß", "数", "🦀", "\0"];
        let count = u64::from(telling) + self.arbitrary.below(MOST_ELEMENTS);
        let text: String = (0..count).map(|_| letters[self.arbitrary.below(6) as usize]).collect();
        match self.flexible {
            true => self.length(Some(text.len())),
            false => self.out.extend((text.len() as i16).to_be_bytes()),
        }
        self.out.extend(text.as_bytes());
    }

    fn byte_array(&mut self, telling: bool) {
        // Now and then longer than 127 bytes, where compact lengths and the sizes of tagged fields take two.
        let bound = if self.arbitrary.below(8) == 0 { 400 } else { 6 };
        let count = u64::from(telling) + self.arbitrary.below(bound);
        self.length(Some(count as usize));
        (0..count).for_each(|index| self.out.push(index as u8));
    }

    fn nested(&mut self, ty: &'static str, nullable: bool, telling: bool) {
        let name = ty.strip_suffix("<R>").unwrap_or(ty);
        let Some(nested) = self.spec.structs.iter().find(|nested| nested.name == name) else {
            panic!("{} has no struct {name}", self.spec.name);
        };
        if nullable {
            self.out.push(1);
        }
        self.fields(nested, telling);
    }

    fn length(&mut self, length: Option<usize>) {
        match (self.flexible, length) {
            (true, None) => self.out.push(0),
            (true, Some(length)) => self.uvarint(length as u32 + 1),
            (false, None) => self.out.extend((-1_i32).to_be_bytes()),
            (false, Some(length)) => self.out.extend((length as i32).to_be_bytes()),
        }
    }

    fn uvarint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }
}
