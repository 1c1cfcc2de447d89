//! Servers that are compared take turns, for a machine's minutes differ.

/// As often each server is put under each load.
const TURNS: u32 = 4;

/// Measures each of `servers` in turns, which `measure` adds up.
pub(crate) fn in_turns<S, T: Clone + Default>(
    servers: &[S],
    mut measure: impl FnMut(&S, &mut T) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<T>> {
    let mut totals = vec![T::default(); servers.len()];
    for turn in 0..TURNS {
        let mut order: Vec<_> = servers.iter().zip(&mut totals).collect();
        // Whoever was last is first: they share what drifts meanwhile.
        if turn % 2 == 1 {
            order.reverse();
        }
        order.into_iter().try_for_each(|(server, total)| measure(server, total))?;
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_have_as_many_turns_and_nobody_is_always_first() {
        let mut order = String::new();
        let totals = in_turns(&['a', 'b'], |server, turns: &mut u32| {
            order.push(*server);
            *turns += 1;
            Ok(())
        });
        assert_eq!(totals.unwrap(), [TURNS, TURNS]);
        assert_eq!(order, "abbaabba");
    }
}
