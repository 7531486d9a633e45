//! What a device is, and which image it can run.

use crate::module::VerifiedImage;
use crate::reason::{Causes, Reason};

/// What a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name, as the driver gives it.
    pub name: String,
    /// Compute capability, major times ten plus minor: 90 for `sm_90`.
    pub arch: u32,
    /// Version of the driver interface, as `cuDriverGetVersion` gives it: 12080 for CUDA 12.8.
    pub driver_version: u32,
}

impl Device {
    /// The device in one word for logs: `cuda:sm_90:12.8:NVIDIA H100`.
    #[must_use]
    pub fn label(&self) -> String {
        let (major, minor) = (self.driver_version / 1000, self.driver_version % 1000 / 10);
        format!("cuda:sm_{}:{major}.{minor}:{}", self.arch, self.name)
    }
}

/// Newest PTX version that a driver compiles, by the version of its interface (PTX ISA manual, "release notes"). A driver that is
/// newer than this table takes at least what the newest known one takes; one before CUDA 11 takes nothing here.
#[must_use]
pub const fn isa_of_driver(driver_version: u32) -> (u8, u8) {
    let (major, minor) = (driver_version / 1000, (driver_version % 1000 / 10) as u8);
    match (major, minor) {
        (..=10, _) => (0, 0),
        (11, minor) => (7, if minor > 8 { 8 } else { minor }),
        (12, minor @ 0..=5) => (8, minor),
        (12, 6) => (8, 5),
        (12, 7) => (8, 6),
        (12, 8) => (8, 7),
        (12, _) => (8, 8),
        (13, 0) => (9, 0),
        (13.., _) => (9, 1),
    }
}

/// The image that `device` runs: of those for its architecture or an older one whose PTX version the driver takes, the one for
/// the newest architecture.
pub(crate) fn choose<'a>(images: &'a [VerifiedImage], device: &Device) -> Result<&'a VerifiedImage, Causes> {
    let isa = isa_of_driver(device.driver_version);
    let fits = |image: &&VerifiedImage| image.arch <= device.arch;
    let newest = images.iter().filter(fits).rfind(|image| image.isa <= isa);
    newest.ok_or_else(|| {
        let why = match images.iter().find(fits) {
            Some(_) => Reason::IsaUnsupported,
            None => Reason::ArchUnsupported,
        };
        Causes::of(Reason::NativeUnsupportedFallback).then(why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_take_the_isa_of_their_release() {
        for (driver, isa) in [
            (10020, (0, 0)),
            (11000, (7, 0)),
            (11080, (7, 8)),
            (12040, (8, 4)),
            (12060, (8, 5)),
            (12080, (8, 7)),
            (12090, (8, 8)),
            (13000, (9, 0)),
            (13010, (9, 1)),
            (14000, (9, 1)),
        ] {
            assert_eq!(isa_of_driver(driver), isa, "{driver}");
        }
    }
}
