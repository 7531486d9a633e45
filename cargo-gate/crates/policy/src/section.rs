//! Sections of the policy as checks declare them: who reads a section says so by its type, and gets nothing else.

use serde::Serialize;

use super::Policy;

/// A section of `gate.toml` that a check can declare to read. It is implemented by the type of what the section declares,
/// at the end of the file of that section, through `section!`.
pub trait Section: 'static {
    /// Name in plans and on documentation pages.
    const NAME: &'static str;

    /// What the policy holds of it: an `Option` of one table, a `Vec` of an array of tables.
    type Value: Serialize;

    /// The section in a policy.
    fn of(policy: &Policy) -> &Self::Value;

    /// Canonical bytes for a fingerprint.
    ///
    /// Positions are part of the bytes: findings point at policy lines, so evidence made before a line moved would
    /// point at the wrong one. Moving a section costs one run of the checks that read it.
    fn bytes(policy: &Policy) -> Vec<u8> {
        serde_json::to_vec(Self::of(policy)).expect("a section has string keys and no foreign serializers")
    }
}

/// Makes a type a [`Section`]: its name for users, the field of [`Policy`] and the type of that field.
macro_rules! section {
    ($section:ty, $name:literal, $field:ident: $value:ty) => {
        impl $crate::Section for $section {
            const NAME: &'static str = concat!("policy: ", $name);

            type Value = $value;

            fn of(policy: &$crate::Policy) -> &$value {
                &policy.$field
            }
        }
    };
}

pub(crate) use section;
