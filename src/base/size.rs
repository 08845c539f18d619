//! Sizes in bytes, with and without units.

use super::duration::{compact, scaled};

/// Bytes of a size, rounded up: `1048576`, `64KiB`, `10MB`, `1k`. As in nginx, `k`, `M` and `G` are
/// powers of 1024; `kB`, `MB` and `GB` are powers of 1000. `None` for any other text.
pub fn parse(text: &str) -> Option<u128> {
    let text = compact(text)?;
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit)?;
    scaled(number, 0, size_unit(unit)?)
}

/// Writes a size exactly, with the largest unit that divides it.
pub fn show(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes > 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

fn size_unit(unit: &str) -> Option<u64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    })
}
