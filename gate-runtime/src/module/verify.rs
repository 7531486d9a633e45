//! Verification: what a module claims against what its bytes say.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Encoding, ModuleImage, ParamType, Provenance, PtxImage, ptx};
use crate::contract::Contract;
use crate::reason::{Causes, Reason};
use crate::status::Status;

/// Most bytes that a compressed text may unpack to. The largest PTX files of public kernel collections are below a tenth.
const MAX_TEXT: usize = 256 << 20;

/// Why something was refused before it could run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable reason.
    pub reason: Reason,
    /// The unit, entry or kernel, and what is wrong with it.
    pub message: String,
}

impl Diagnostic {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            reason,
            message: message.into(),
        }
    }

    /// The status of the call that was refused.
    pub const fn status(&self) -> Status {
        self.reason.status()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.status(), self.reason, self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// A module that was not embedded at build time: what a hot reload brings.
#[derive(Debug, Clone)]
pub struct ModuleSource {
    /// Name of the unit.
    pub name: String,
    /// One image per architecture.
    pub images: Vec<SourceImage>,
}

/// PTX for one architecture, in plain text.
#[derive(Debug, Clone)]
pub struct SourceImage {
    /// Number of the target architecture: 80 for `sm_80`.
    pub arch: u32,
    /// The highest PTX version that the text may declare.
    pub isa: (u8, u8),
    /// The text.
    pub ptx: Vec<u8>,
    /// SHA-256 of the text, from where its reviewer recorded it.
    pub sha256: [u8; 32],
}

/// The bytes of an image.
#[derive(Debug, Clone)]
enum Bytes {
    Static(&'static [u8], Encoding),
    Owned(Arc<[u8]>),
}

/// One image that was verified.
#[derive(Debug, Clone)]
pub(crate) struct VerifiedImage {
    pub(crate) arch: u32,
    pub(crate) isa: (u8, u8),
    pub(crate) sha256: [u8; 32],
    pub(crate) entries: Vec<(String, Vec<ParamType>)>,
    bytes: Bytes,
}

impl VerifiedImage {
    /// The plain text, digested again: what is handed to a driver was verified just before.
    pub(crate) fn text(&self) -> Result<Cow<'_, [u8]>, Diagnostic> {
        let text = match &self.bytes {
            Bytes::Static(bytes, Encoding::Plain) => Cow::Borrowed(*bytes),
            Bytes::Owned(bytes) => Cow::Borrowed(bytes.as_ref()),
            Bytes::Static(bytes, Encoding::Deflate) => Cow::Owned(inflate(bytes)?),
        };
        let digest: [u8; 32] = Sha256::digest(&text).into();
        if digest == self.sha256 {
            Ok(text)
        } else {
            let message = format!("the image for sm_{} does not match the build", self.arch);
            Err(Diagnostic::new(Reason::DigestMismatch, message))
        }
    }

    /// The parameters of an entry.
    pub(crate) fn entry(&self, name: &str) -> Option<&[ParamType]> {
        let found = self.entries.iter().find(|(entry, _)| entry == name)?;
        Some(&found.1)
    }

    /// The same image with one byte of its stored form changed, for drills. The recorded digest stays.
    fn corrupted(&self, at: usize) -> VerifiedImage {
        let mut bytes = self.text().map(Cow::into_owned).unwrap_or_default();
        let len = bytes.len();
        match bytes.get_mut(at % len.max(1)) {
            Some(byte) => *byte ^= 0x01,
            None => bytes.push(0),
        }
        VerifiedImage {
            bytes: Bytes::Owned(bytes.into()),
            ..self.clone()
        }
    }
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    miniz_oxide::inflate::decompress_to_vec_with_limit(bytes, MAX_TEXT)
        .map_err(|error| Diagnostic::new(Reason::DecodeFailed, format!("the compressed text is damaged: {error}")))
}

/// What is left of a module after verification.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) name: String,
    /// Ascending by architecture.
    pub(crate) images: Vec<VerifiedImage>,
    /// Why there are no images.
    pub(crate) unavailable: Option<Causes>,
}

impl Body {
    /// Verifies an embedded module.
    pub(crate) fn of_image(image: &ModuleImage) -> Result<Body, Diagnostic> {
        let unavailable = match image.provenance {
            Provenance::Unavailable(code) => {
                let why = Reason::from_code(code).filter(|reason| *reason != Reason::NativeUnavailable);
                let causes = Causes::of(Reason::NativeUnavailable);
                return Ok(Body {
                    name: image.name.to_owned(),
                    images: Vec::new(),
                    unavailable: Some(why.map_or(causes, |why| causes.then(why))),
                });
            }
            Provenance::Built | Provenance::Locked => None,
        };
        let images = image.images.iter().map(|ptx| embedded(image.name, ptx));
        Body::with(image.name.to_owned(), images.collect::<Result<_, _>>()?, unavailable)
    }

    /// Verifies a module from elsewhere.
    pub(crate) fn of_source(source: ModuleSource) -> Result<Body, Diagnostic> {
        let ModuleSource { name, images } = source;
        let verified = images.into_iter().map(|image| {
            let bytes = Bytes::Owned(image.ptx.into());
            check(&name, image.arch, image.isa, image.sha256, bytes)
        });
        let verified = verified.collect::<Result<_, _>>()?;
        Body::with(name, verified, None)
    }

    fn with(name: String, mut images: Vec<VerifiedImage>, unavailable: Option<Causes>) -> Result<Body, Diagnostic> {
        if images.is_empty() && unavailable.is_none() {
            return Err(Diagnostic::new(Reason::EmptyModule, format!("`{name}` has no image")));
        }
        images.sort_by_key(|image| image.arch);
        Ok(Body {
            name,
            images,
            unavailable,
        })
    }

    /// Whether every image has `entry`, with parameters that `contract` can be launched with.
    pub(crate) fn requires(&self, entry: &str, contract: &Contract) -> Result<(), Diagnostic> {
        for image in &self.images {
            let arch = image.arch;
            let Some(params) = image.entry(entry) else {
                let message = format!("`{}` for sm_{arch} has no entry `{entry}`", self.name);
                return Err(Diagnostic::new(Reason::EntryMissing, message));
            };
            if !contract.fits_entry(params) {
                let given: Vec<_> = contract.given().collect();
                let message = format!(
                    "`{entry}` of `{}` for sm_{arch} takes {params:?}, but the contract `{}` passes {given:?}",
                    self.name,
                    contract.name()
                );
                return Err(Diagnostic::new(Reason::ParameterMismatch, message));
            }
        }
        Ok(())
    }

    /// Digests everything again.
    pub(crate) fn recheck(&self) -> Result<(), Diagnostic> {
        self.images.iter().try_for_each(|image| image.text().map(drop))
    }

    pub(crate) fn corrupted(&self, at: usize) -> Body {
        Body {
            images: self.images.iter().map(|image| image.corrupted(at)).collect(),
            ..self.clone()
        }
    }
}

/// An embedded image, and what its build wrote down of its entries.
fn embedded(module: &str, image: &PtxImage) -> Result<VerifiedImage, Diagnostic> {
    let bytes = Bytes::Static(image.ptx, image.encoding);
    let verified = check(module, image.arch, image.isa, image.sha256, bytes)?;
    for entry in image.entries {
        match verified.entry(entry.name) {
            None => {
                let message = format!("`{module}` for sm_{} has no entry `{}`", image.arch, entry.name);
                return Err(Diagnostic::new(Reason::EntryMissing, message));
            }
            Some(params) if params != entry.params => {
                let message = format!(
                    "`{}` of `{module}` for sm_{} takes {params:?}, but its manifest says {:?}",
                    entry.name, image.arch, entry.params
                );
                return Err(Diagnostic::new(Reason::ParameterMismatch, message));
            }
            Some(_) => {}
        }
    }
    Ok(verified)
}

fn check(module: &str, arch: u32, isa: (u8, u8), sha256: [u8; 32], bytes: Bytes) -> Result<VerifiedImage, Diagnostic> {
    let mut image = VerifiedImage {
        arch,
        isa,
        sha256,
        entries: Vec::new(),
        bytes,
    };
    let in_module = |mut diagnostic: Diagnostic| {
        diagnostic.message = format!("`{module}`: {}", diagnostic.message);
        diagnostic
    };
    let text = image.text().map_err(in_module)?;
    if text.is_empty() {
        let message = format!("`{module}` for sm_{arch} has no text");
        return Err(Diagnostic::new(Reason::EmptyModule, message));
    }
    let header = ptx::read(&text)
        .map_err(|what| Diagnostic::new(Reason::MalformedPtx, format!("`{module}` for sm_{arch}: {what}")))?;
    if header.isa > isa {
        let message = format!(
            "`{module}` for sm_{arch} is PTX {}.{}, newer than the declared {}.{}",
            header.isa.0, header.isa.1, isa.0, isa.1
        );
        return Err(Diagnostic::new(Reason::IsaAboveFloor, message));
    }
    if header.arch != arch {
        let message = format!("`{module}` targets sm_{}, but its manifest says sm_{arch}", header.arch);
        return Err(Diagnostic::new(Reason::TargetMismatch, message));
    }
    drop(text);
    image.entries = header.entries;
    Ok(image)
}
