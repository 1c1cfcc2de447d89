//! The results for programs.

use serde_json::{Value, json};

use crate::{Recommendation, Results, distortions, verdicts};

/// Everything that was measured, sample by sample, and what was made of it.
pub fn to_json(results: &Results) -> Value {
    let recommendation = Recommendation::of(results);
    json!({
        "measured": results,
        "verdicts": verdicts(results),
        "distortions": distortions(results),
        "policy": recommendation.settings().into_iter().collect::<serde_json::Map<_, _>>(),
    })
}
