//! Where in a kernel lock something stands.

/// 1-based line of an image, or of an entry of it, in the text of a lock; `None` when it is not there in the form that `cargo gate` writes.
pub fn line(text: &str, unit: &str, arch: &str, entry: Option<&str>) -> Option<u32> {
    let quoted = |key: &str, value: &str| format!("{key} = {value:?}");
    let (unit, arch) = (quoted("unit", unit), quoted("arch", arch));
    let entry = entry.map(|entry| quoted("name", entry));
    let mut image: Option<usize> = None;
    let mut here = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line == "[[image]]" {
            image = Some(index + 1);
            here = false;
        } else if line == arch && image.is_some_and(|at| text.lines().nth(at).is_some_and(|line| line.trim() == unit)) {
            here = true;
            if entry.is_none() {
                return u32::try_from(image?).ok();
            }
        } else if here && entry.as_deref() == Some(line) {
            return u32::try_from(index + 1).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_in_their_image() {
        let image =
            |arch: &str| format!("[[image]]\nunit = \"k.cu\"\narch = \"{arch}\"\n\n[[image.entry]]\nname = \"f\"\n");
        let text = image("sm_80") + &image("sm_90");
        assert_eq!(line(&text, "k.cu", "sm_80", None), Some(1));
        assert_eq!(line(&text, "k.cu", "sm_90", None), Some(7));
        assert_eq!(line(&text, "k.cu", "sm_90", Some("f")), Some(12));
        assert_eq!(line(&text, "k.cu", "sm_90", Some("g")), None);
        assert_eq!(line(&text, "j.cu", "sm_80", None), None);
    }
}
