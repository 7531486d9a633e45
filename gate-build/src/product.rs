//! What a build makes of its units.

use crate::arch::Arch;
use crate::sorted::List as _;

/// What each unit becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Output {
    /// PTX text, one for each architecture, which the driver compiles for its device.
    #[default]
    Ptx,
    /// Machine code, one for each architecture. It runs on devices of the same major version alone.
    Cubin,
    /// Machine code for every architecture, and PTX for the last one, in one file.
    Fatbin,
    /// Intermediate code for the linker (`nvJitLink`, `nvlink -lto`), one for each architecture.
    LtoIr,
}

impl Output {
    /// Whether an output is called so.
    pub(crate) fn is_named(name: &str) -> bool {
        [Self::Ptx, Self::Cubin, Self::Fatbin, Self::LtoIr]
            .iter()
            .any(|output| output.as_str() == name)
            || name == "kernels"
    }

    /// Its name in paths and modules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Output::Ptx => "ptx",
            Output::Cubin => "cubin",
            Output::Fatbin => "fatbin",
            Output::LtoIr => "ltoir",
        }
    }
}

/// What a build makes of its units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Product {
    Units(Output),
    /// One library of this name, of host and device code.
    Library(String),
}

impl Default for Product {
    fn default() -> Self {
        Self::Units(Output::default())
    }
}

impl Product {
    pub(crate) fn is_ptx(&self) -> bool {
        *self == Self::default()
    }

    /// Whether one file of a unit is for every architecture.
    pub(crate) fn is_merged(&self) -> bool {
        matches!(self, Self::Units(Output::Fatbin) | Self::Library(_))
    }

    /// Whether it runs on later devices too.
    pub(crate) fn runs_onward(&self) -> bool {
        !matches!(self, Self::Units(Output::Cubin))
    }

    /// What it is called: in paths below `OUT_DIR`, and its module.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Units(output) => output.as_str(),
            Self::Library(name) => name,
        }
    }

    /// The extension of the file of a unit.
    pub(crate) fn extension(&self) -> &'static str {
        match self {
            Self::Units(output) => output.as_str(),
            Self::Library(_) => "o",
        }
    }

    /// What a unit becomes, in words.
    pub(crate) fn unit_name(&self) -> &'static str {
        match self {
            Self::Units(Output::Ptx) => "PTX",
            Self::Units(Output::Cubin) => "cubin",
            Self::Units(Output::Fatbin) => "fatbin",
            Self::Units(Output::LtoIr) => "LTO IR",
            Self::Library(_) => "object code",
        }
    }

    /// nvcc's word for it.
    pub(crate) fn nvcc_flags(&self) -> &'static [&'static str] {
        match self {
            Self::Units(Output::Ptx) => &["--ptx"],
            Self::Units(Output::Cubin) => &["--cubin"],
            Self::Units(Output::Fatbin) => &["--fatbin"],
            Self::Units(Output::LtoIr) => &["--ltoir", "-dlto"],
            Self::Library(_) => &["-c"],
        }
    }

    /// Whether bytes begin as the file of a unit does.
    pub(crate) fn is_made(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Units(Output::Ptx) => is_ptx(bytes),
            Self::Units(Output::Cubin) => bytes.starts_with(b"\x7fELF"),
            Self::Units(Output::Fatbin) => bytes.starts_with(&0xba55_ed50_u32.to_le_bytes()),
            Self::Units(Output::LtoIr) | Self::Library(_) => bytes.len() > 4,
        }
    }
}

/// nvcc's flags for several architectures at once: machine code for each and, where the linker is not to optimise, PTX for the last one.
pub(crate) fn gencodes(archs: &[Arch], is_linked: bool) -> Vec<String> {
    let flag = |arch: &Arch| {
        let compute = arch.compute();
        let bare = arch.to_string();
        let lto = bare.replace("sm_", "lto_");
        let code = match archs.last() {
            _ if is_linked => lto,
            Some(last) if last == arch => format!("[{bare},{compute}]"),
            _ => bare,
        };
        format!("-gencode=arch={compute},code={code}")
    };
    archs.iter().map(flag).list()
}

/// Whether a flag leaves device code to the linker's optimiser.
pub(crate) fn is_lto(flag: &str) -> bool {
    matches!(flag.trim_start_matches('-'), "dlto" | "lto" | "dlink-time-opt")
}

/// Whether flags ask for this: `-rdc=true`, `-rdc true`, `-dc`; `-dlto`.
pub(crate) struct Linking {
    /// Device code of one unit calls that of another.
    pub relocatable: bool,
    /// The linker optimises device code.
    pub optimises: bool,
}

impl Linking {
    pub(crate) fn of(flags: &[String]) -> Self {
        let mut this = Self {
            relocatable: false,
            optimises: false,
        };
        for (at, flag) in flags.iter().enumerate() {
            let bare = flag.trim_start_matches('-');
            let (name, value) = bare.split_once('=').unwrap_or((bare, ""));
            let value = if value.is_empty() {
                flags.get(at + 1).map_or("", String::as_str)
            } else {
                value
            };
            match name {
                "rdc" | "relocatable-device-code" => this.relocatable = value == "true",
                "dc" | "device-c" => this.relocatable = true,
                _ if is_lto(flag) => this.optimises = true,
                _ => {}
            }
        }
        this
    }
}

/// Whether text starts as PTX does: `.version` before anything but comments.
fn is_ptx(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut rest = text.trim_start();
    loop {
        if let Some(line) = rest.strip_prefix("//") {
            rest = line.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        } else if let Some(block) = rest.strip_prefix("/*") {
            rest = block.split_once("*/").map_or("", |(_, rest)| rest).trim_start();
        } else {
            return rest.starts_with(".version");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_architecture_gets_ptx() {
        let archs = ["80", "90a"].map(|arch| arch.parse::<Arch>().unwrap());
        assert_eq!(
            gencodes(&archs, false),
            [
                "-gencode=arch=compute_80,code=sm_80",
                "-gencode=arch=compute_90a,code=[sm_90a,compute_90a]"
            ]
        );
        assert_eq!(gencodes(&archs[..1], true), ["-gencode=arch=compute_80,code=lto_80"]);
    }

    #[test]
    fn linking_is_read_from_flags() {
        let read = |flags: &[&str]| {
            let linking = Linking::of(&flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
            (linking.relocatable, linking.optimises)
        };
        assert_eq!(read(&["-rdc=true"]), (true, false));
        assert_eq!(read(&["--relocatable-device-code", "true", "-dlto"]), (true, true));
        assert_eq!(read(&["-dc"]), (true, false));
        assert_eq!(read(&["-rdc=false", "-std=c++17"]), (false, false));
    }

    #[test]
    fn files_are_told_from_garbage() {
        let cubin = Product::Units(Output::Cubin);
        assert!(cubin.is_made(b"\x7fELF...") && !cubin.is_made(b"") && !cubin.is_made(b".version 8.0"));
        assert!(Product::Units(Output::Fatbin).is_made(b"\x50\xed\x55\xba..."));
        assert!(!Product::Library("a".to_owned()).is_made(b""));
    }

    #[test]
    fn ptx_is_told_from_garbage() {
        assert!(is_ptx(b"//\n// Generated\n//\n\n.version 8.0\n.target sm_80\n"));
        assert!(is_ptx(b"/* x */ .version 8.0"));
        for garbage in [&b""[..], b"\x7fELF", b"hello", b"// only", b"/* open", b"\xff.version"] {
            assert!(!is_ptx(garbage));
        }
    }
}
