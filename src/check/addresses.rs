//! `each_address`: every address that a name has is asked, of both families, and the worst counts (K2). One healthy
//! address of four is not a healthy service.

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::core::evidence::{Evidence, LONGEST_SUMMARY};
use crate::model::text::SafeText;
use crate::model::word::Outcome;
use crate::network::{Network, Trouble};

/// At most so many addresses are asked; more are told as left out.
const MOST_ADDRESSES: usize = 16;

/// Asks `look` once for each address of the name, side by side, and puts what was seen together.
pub(super) async fn each<F, R>(
    network: &Network,
    host: &str,
    port: u16,
    deadline: Instant,
    look: F,
) -> Result<Evidence, Trouble>
where
    F: Fn(Network) -> R,
    R: Future<Output = Evidence>,
{
    let (mut addresses, _) = network.addresses(host, port, deadline).await?;
    addresses.sort_unstable();
    addresses.dedup();
    let left_out = addresses.len().saturating_sub(MOST_ADDRESSES);
    addresses.truncate(MOST_ADDRESSES);
    let looks = addresses.iter().map(|address| look(network.pinned(host, port, *address)));
    let seen: Vec<_> = addresses.iter().zip(join_all(looks).await).collect();
    let Some(worst) = seen.iter().map(|(_, evidence)| evidence).max_by_key(|evidence| evidence.outcome).cloned() else {
        return Err(Trouble::NoSuchName(host.to_owned()));
    };
    let (all, good) = (seen.len(), seen.iter().filter(|(_, one)| one.outcome == Outcome::Pass).count());
    let of_the_worst = seen.iter().find(|(_, one)| one.outcome == worst.outcome && one.summary == worst.summary);
    let place = of_the_worst.map(|(address, _)| address.to_string()).unwrap_or_default();
    let summary = match worst.outcome {
        Outcome::Pass if all == 1 => format!("{} (its only address)", worst.summary),
        Outcome::Pass => format!("all {all} addresses: {}", worst.summary),
        _ => format!("{good} of {all} addresses are right; {place}: {}", worst.summary),
    };
    let mut evidence = Evidence { summary: SafeText::bounded(&summary, LONGEST_SUMMARY), ..worst };
    for (address, one) in &seen {
        evidence = evidence.material(&address.to_string(), one.outcome.word()).fact("seen", one.summary.as_str());
    }
    if left_out > 0 {
        evidence = evidence.fact("left out", &format!("{left_out} more addresses were not asked"));
    }
    Ok(evidence)
}
