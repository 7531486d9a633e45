//! The verdict: stage rules, waivers, exclusions and the overall decision. Nothing else applies them.
