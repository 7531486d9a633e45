//! Values that vendors print in their documentation, by their digests: everybody has them, so they open nothing.

/// SHA-256 of each.
const DOCUMENTED: &[&str] = &[
    // The storage account of the Azurite emulator.
    "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",
    // The test key in the introduction to Stripe.
    "2cafc0970149a84f3b9e62eaf169f36f59907a3b3e31f7b82e68c69cd27f7326",
    // The older one of these.
    "f2d6ca16515033e5dce14eba840b979d27b5cbae24bb3e5bf484339667f86397",
    // The access key id of the AWS documentation.
    "1a5d44a2dca19669d72edf4c4f1c27c4c1ca4b4408fbb17f6ce4ad452d78ddb3",
    // Its secret.
    "78314b11be2e581549ac1c4f616563fad3fdf0c3b71678f6e2299182080e0598",
    // The OAuth token of the GitHub documentation.
    "bc3ae723f57c6b9e3fd80b699fcc420f6074b0b1718039669d22631d508ac0a7",
    // The same as a personal one.
    "3543c50b0cb9cea8e55eb1f529b79f043cb250d485fde7b66cabbb5183add7da",
    // The Azure Cosmos DB emulator.
    "aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615",
];

/// Whether a value with this digest is printed in the documentation of its vendor.
pub(super) fn is_documented(digest: &str) -> bool {
    DOCUMENTED.contains(&digest)
}
