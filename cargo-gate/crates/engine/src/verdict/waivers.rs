//! Which waiver covers which finding.

use jiff::civil::Date;

use gate_policy::Waiver;
use gate_policy::pattern::path_matches;
use gate_report::{Finding, WaiverUse};

/// Marks the finding with the first waiver that covers it, has not expired and may be relied on. A waiver that matches
/// but has expired, or is not signed as it must be, counts as used, so that it is reported once, for that.
pub(super) fn apply(check: &str, finding: &mut Finding, waivers: &[Waiver], today: Date, used: &mut [bool]) {
    for (waiver, used) in waivers.iter().zip(used) {
        if !waiver.can_cover || waiver.check != check || !covers(waiver, finding) {
            continue;
        }
        *used = true;
        if finding.waived.is_none() && waiver.expires >= today && waiver.authority.counts() {
            finding.waived = Some(WaiverUse {
                owner: waiver.owner.clone(),
                reason: waiver.reason.clone(),
                expires: waiver.expires.to_string(),
            });
        }
    }
}

fn covers(waiver: &Waiver, finding: &Finding) -> bool {
    let path = waiver.path.as_ref().is_none_or(|pattern| {
        finding
            .locations
            .first()
            .is_some_and(|location| path_matches(pattern, &location.path))
    });
    let package = waiver
        .package
        .as_ref()
        .is_none_or(|name| finding.package.as_ref() == Some(name));
    let contains = waiver
        .contains
        .as_ref()
        .is_none_or(|text| finding.message.contains(text.as_str()));
    path && package && contains
}
