//! Which compressed siblings of a file would a client rather have? (RFC 9110, section 12.5.3)

/// An encoding that files may lie beside their originals in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Zstandard,
    Gzip,
}

impl Encoding {
    /// Smallest files first.
    const ALL: [Self; 3] = [Self::Brotli, Self::Zstandard, Self::Gzip];

    /// As in `Content-Encoding`.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What the sibling's name has at its end.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
            Self::Gzip => ".gz",
        }
    }

    fn is_named(self, token: &str) -> bool {
        token.eq_ignore_ascii_case(self.token())
            || (self == Self::Gzip && token.eq_ignore_ascii_case("x-gzip"))
    }
}

/// The encodings that an `Accept-Encoding` field prefers to the original, best first.
pub(crate) fn preferred(field: &str) -> impl Iterator<Item = Encoding> {
    let weights: Vec<(&str, u16)> = field.split(',').filter_map(weighted).collect();
    let weight_of = |is_named: &dyn Fn(&str) -> bool| {
        let named = weights.iter().find(|(token, _)| is_named(token));
        named.map(|(_, weight)| *weight)
    };
    let any = weight_of(&|token| token == "*");
    // Nobody has to ask for the original, so anything asked for comes before it, unless its weight says otherwise.
    let original = weight_of(&|token| token.eq_ignore_ascii_case("identity")).unwrap_or(1);
    let mut found: Vec<(u16, Encoding)> = Encoding::ALL
        .into_iter()
        .filter_map(|encoding| Some((weight_of(&|token| encoding.is_named(token)).or(any)?, encoding)))
        .filter(|(weight, _)| *weight > 0 && *weight >= original)
        .collect();
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    found.into_iter().map(|(_, encoding)| encoding)
}

/// An entry of the field: what it names, and its weight in thousandths. A weight that cannot be read counts as none.
fn weighted(entry: &str) -> Option<(&str, u16)> {
    let mut parameters = entry.split(';').map(str::trim);
    let token = parameters.next().filter(|token| !token.is_empty())?;
    let weight = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
    });
    Some((token, weight.unwrap_or(1_000)))
}

/// `0.5` as 500; at most three decimals count.
fn thousandths(weight: &str) -> u16 {
    match weight.parse::<f32>() {
        Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * 1_000.0).round() as u16,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(field: &str) -> Vec<&'static str> {
        preferred(field).map(Encoding::token).collect()
    }

    #[test]
    fn the_client_s_order_comes_first_and_the_smallest_file_second() {
        assert_eq!(tokens("gzip, deflate, br, zstd"), ["br", "zstd", "gzip"]);
        assert_eq!(tokens("br;q=0.5, GZIP;Q=0.8, zstd ; q = 0"), ["gzip", "br"]);
        assert_eq!(tokens("*"), ["br", "zstd", "gzip"]);
        assert_eq!(tokens("br;q=0, *;q=0.1"), ["zstd", "gzip"]);
        assert_eq!(tokens("x-gzip"), ["gzip"]);
    }

    #[test]
    fn the_original_is_sent_where_nothing_else_is_wanted_more() {
        for field in
            ["", "identity", "deflate", "gzip;q=0", "gzip;q=2", "gzip;q=0.5, identity", "*;q=0", ",;,"]
        {
            assert_eq!(tokens(field), [""; 0], "{field}");
        }
        assert_eq!(tokens("gzip, identity;q=0.5"), ["gzip"]);
        assert_eq!(tokens("gzip;q=0.001"), ["gzip"]);
    }
}
