//! The lowest `.version` a PTX text works with.
//!
//! Compilers write the newest version they know, and a driver refuses text of a version newer than its own: a driver older than the toolkit is
//! what users meet most. Most kernels use nothing of the newer versions. Lowering the number is safe where the assembler makes the
//! same machine code of both texts, byte for byte, and that is asked for each file.

use std::fmt;

use super::model::{Isa, Module};
use crate::arch::Arch;
use crate::digest::Digest;

/// The versions of PTX, from the one that brought `sm_50`.
const VERSIONS: [(u8, u8); 35] = [
    (4, 0),
    (4, 1),
    (4, 2),
    (4, 3),
    (5, 0),
    (6, 0),
    (6, 1),
    (6, 2),
    (6, 3),
    (6, 4),
    (6, 5),
    (7, 0),
    (7, 1),
    (7, 2),
    (7, 3),
    (7, 4),
    (7, 5),
    (7, 6),
    (7, 7),
    (7, 8),
    (8, 0),
    (8, 1),
    (8, 2),
    (8, 3),
    (8, 4),
    (8, 5),
    (8, 6),
    (8, 7),
    (8, 8),
    (9, 0),
    (9, 1),
    (9, 2),
    (9, 3),
    (9, 4),
    (9, 5),
];

/// The version that brought an architecture, from the release notes in the *PTX ISA*; the driver that first ran the architecture knows it.
fn introduced(arch: Arch) -> Isa {
    let (major, minor) = match arch.number() {
        ..=50 => (4, 0),
        51..=52 => (4, 1),
        53 => (4, 2),
        54..=62 => (5, 0),
        63..=70 => (6, 0),
        71..=72 => (6, 1),
        73..=75 => (6, 3),
        76..=80 => (7, 0),
        81..=86 => (7, 1),
        87 => (7, 4),
        88..=90 => (7, 8),
        91..=101 => (8, 6),
        102..=103 => (8, 8),
        104..=110 => (9, 0),
        111..=120 => (8, 7),
        _ => (8, 8),
    };
    Isa { major, minor }
}

/// Makes machine code of PTX, as ptxas does.
pub trait Assemble {
    /// Digest of the machine code of this text for its own target; `None` when the assembler refuses the text.
    ///
    /// # Errors
    /// The assembler could not be run.
    fn machine_code(&mut self, text: &str, arch: Arch) -> Result<Option<Digest>, AssembleError>;
}

/// An assembler could not be run, or refused what it has to accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssembleError {
    /// What happened.
    pub message: String,
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AssembleError {}

/// The lowest version for which `assembler` makes the machine code `reference` of this text; the text's own when none of the lower ones does. Versions below
/// the one that brought the architecture are not tried. `module` is what the text declares.
///
/// # Errors
/// The assembler could not be run.
pub fn isa_floor(
    text: &str,
    module: &Module,
    reference: Digest,
    assembler: &mut dyn Assemble,
) -> Result<Isa, AssembleError> {
    let lowest = introduced(module.target);
    let candidates = VERSIONS.iter().map(|&(major, minor)| Isa { major, minor });
    for isa in candidates.filter(|isa| *isa >= lowest && *isa < module.version) {
        let Some(lowered) = with_version(text, isa) else { break };
        if assembler.machine_code(&lowered, module.target)? == Some(reference) {
            return Ok(isa);
        }
    }
    Ok(module.version)
}

/// The text with another `.version`; `None` when it has no line with one.
#[must_use]
pub fn with_version(text: &str, isa: Isa) -> Option<String> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if let Some(rest) = line[indent..].strip_prefix(".version") {
            let number = at + indent + ".version".len() + (rest.len() - rest.trim_start().len());
            let length = text[number..]
                .find(|c: char| !(c.is_ascii_digit() || c == '.'))
                .unwrap_or(text.len() - number);
            return Some(format!("{}{isa}{}", &text[..number], &text[number + length..]));
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// a comment\n.version 9.5\n.target sm_80\n.address_size 64\n.visible .entry k() { ret; }\n";

    /// Accepts versions from `accepts`, and makes other code below `same`.
    struct Fake {
        accepts: Isa,
        same: Isa,
        asked: Vec<String>,
    }

    impl Assemble for Fake {
        fn machine_code(&mut self, text: &str, _: Arch) -> Result<Option<Digest>, AssembleError> {
            let version = Module::parse(text).unwrap().version;
            self.asked.push(version.to_string());
            let code = if version >= self.same { "code" } else { "other code" };
            Ok((version >= self.accepts).then(|| Digest::of(code.as_bytes())))
        }
    }

    fn floor(accepts: &str, same: &str) -> (String, Vec<String>) {
        let mut fake = Fake {
            accepts: accepts.parse().unwrap(),
            same: same.parse().unwrap(),
            asked: Vec::new(),
        };
        let module = Module::parse(TEXT).unwrap();
        let isa = isa_floor(TEXT, &module, Digest::of(b"code"), &mut fake).unwrap();
        (isa.to_string(), fake.asked)
    }

    #[test]
    fn it_is_the_first_version_with_the_same_machine_code() {
        assert_eq!(
            floor("7.1", "7.3"),
            (
                "7.3".to_string(),
                ["7.0", "7.1", "7.2", "7.3"].map(String::from).to_vec()
            )
        );
    }

    #[test]
    fn nothing_below_the_architecture_is_tried() {
        assert_eq!(floor("4.0", "4.0"), ("7.0".to_string(), vec!["7.0".to_string()]));
    }

    #[test]
    fn a_text_that_cannot_be_lowered_keeps_its_version() {
        assert_eq!(floor("9.5", "9.5").0, "9.5");
    }

    #[test]
    fn only_the_number_is_replaced() {
        let isa = Isa { major: 7, minor: 0 };
        assert_eq!(with_version(TEXT, isa), Some(TEXT.replace("9.5", "7.0")));
        assert_eq!(
            with_version("\t.version   9.5\r\n", isa).as_deref(),
            Some("\t.version   7.0\r\n")
        );
        assert_eq!(with_version("// .version 9.5", isa), None);
    }
}
