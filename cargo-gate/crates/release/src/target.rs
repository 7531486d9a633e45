//! Whether a program is one of the target that it was built for: a linker, a wrapper or a copied file may say otherwise.

use object::{Architecture, BinaryFormat, Object as _};

/// How a program differs from what the triple says; `None` where it does not, and where the triple says nothing that a program shows.
pub(crate) fn mismatch(triple: &str, program: &[u8]) -> Option<String> {
    let format = format(triple)?;
    let Ok(file) = object::File::parse(program) else {
        return Some(format!("it is not a program in the format {}", name(format)));
    };
    if file.format() != format {
        let found = name(file.format());
        return Some(format!("it has the format {found}, not {}", name(format)));
    }
    let wanted = architecture(triple)?;
    let found = file.architecture();
    (found != wanted).then(|| format!("it is for {found:?}, not {wanted:?}"))
}

fn format(triple: &str) -> Option<BinaryFormat> {
    let system = |names: &[&str]| names.iter().any(|name| triple.contains(name));
    if system(&["-windows", "-uefi"]) {
        Some(BinaryFormat::Pe)
    } else if system(&["-apple-"]) {
        Some(BinaryFormat::MachO)
    } else if system(&["-linux", "-freebsd", "-netbsd", "-openbsd", "-illumos", "-solaris"]) {
        Some(BinaryFormat::Elf)
    } else {
        None
    }
}

fn name(format: BinaryFormat) -> &'static str {
    match format {
        BinaryFormat::Elf => "ELF",
        BinaryFormat::MachO => "Mach-O",
        BinaryFormat::Pe => "PE",
        _ => "of no program",
    }
}

fn architecture(triple: &str) -> Option<Architecture> {
    let first = triple.split('-').next().unwrap_or_default();
    Some(match first {
        "x86_64" | "x86_64h" => Architecture::X86_64,
        "i386" | "i586" | "i686" => Architecture::I386,
        "aarch64" | "arm64" => Architecture::Aarch64,
        "s390x" => Architecture::S390x,
        "loongarch64" => Architecture::LoongArch64,
        _ if first.starts_with("riscv64") => Architecture::Riscv64,
        _ if first.starts_with("powerpc64") => Architecture::PowerPc64,
        _ if first.starts_with("arm") || first.starts_with("thumb") => Architecture::Arm,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_of_its_target() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        let triple = |arch: &str, os: &str| match os {
            "windows" => format!("{arch}-pc-windows-msvc"),
            "macos" => format!("{arch}-apple-darwin"),
            _ => format!("{arch}-unknown-{os}-gnu"),
        };
        assert_eq!(mismatch(&triple(arch, os), &program), None);
        assert!(
            mismatch(&triple("riscv64gc", os), &program)
                .unwrap()
                .contains("not Riscv64")
        );
        let other = if os == "windows" { "linux" } else { "windows" };
        assert!(
            mismatch(&triple(arch, other), &program)
                .unwrap()
                .contains("it has the format")
        );
        assert!(
            mismatch(&triple(arch, os), b"#!/bin/sh\n")
                .unwrap()
                .contains("not a program")
        );
        assert_eq!(mismatch("wasm32-wasip1", b"\0asm"), None);
    }
}
