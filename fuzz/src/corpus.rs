//! What a target starts from.

use std::fs;
use std::path::Path;

/// Writes the seeds of a target, by name, into its corpus.
///
/// # Panics
/// The corpus cannot be written.
pub fn seed(target: &str, seeds: impl IntoIterator<Item = (String, Vec<u8>)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).expect("a folder for the corpus");
    for (name, input) in seeds {
        fs::write(folder.join(format!("seed-{name}")), input).expect("a corpus that can be written");
    }
}
