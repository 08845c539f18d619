//! IP addresses as text.

use std::io::Write;
use std::net::IpAddr;

/// Appends an address; an IPv4 address mapped into IPv6 as IPv4. IPv4 is written by hand, since
/// formatting it would take a tenth of all instructions of a `/get`.
pub fn write_ip(output: &mut Vec<u8>, address: IpAddr) {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            for (n, octet) in address.octets().into_iter().enumerate() {
                if n > 0 {
                    output.push(b'.');
                }
                output.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
            }
        }
        // Writing to a vector cannot fail.
        IpAddr::V6(address) => _ = write!(output, "{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_standard_library_writes_them() {
        for text in ["0.0.0.0", "127.0.0.1", "255.10.9.100", "::1", "2001:db8::7"] {
            let mut output = Vec::new();
            write_ip(&mut output, text.parse().unwrap());
            assert_eq!(output, text.as_bytes());
        }
        let mut output = Vec::new();
        write_ip(&mut output, "::ffff:10.0.0.1".parse().unwrap());
        assert_eq!(output, b"10.0.0.1");
    }
}
