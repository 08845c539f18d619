//! Certificates that OpenSSL wrote, and every way to cut them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Made by `openssl req -x509`, version 3.0.
const CERTIFICATE: &str = "\
    MIICdTCCAhugAwIBAgIDAID/MAoGCCqGSM49BAMCMGMxCzAJBgNVBAYTAkRFMQ0wCwYDVQQKDARBLCBCMRAwDgYDVQ\
    QLDAdHcsO8w59lMRIwEAYDVQQDDAl4LmV4YW1wbGUxDDAKBgNVBEEMA29kZDERMA8GCgmSJomT8ixkARkWAXkwIBcN\
    MjYxMTI5MjE0NjA2WhgPMjEyNjExMDUyMTQ2MDZaMGMxCzAJBgNVBAYTAkRFMQ0wCwYDVQQKDARBLCBCMRAwDgYDVQ\
    QLDAdHcsO8w59lMRIwEAYDVQQDDAl4LmV4YW1wbGUxDDAKBgNVBEEMA29kZDERMA8GCgmSJomT8ixkARkWAXkwWTAT\
    BgcqhkjOPQIBBggqhkjOPQMBBwNCAAQLfVBj5K3eRPZeCvhuFipc+SH/3LUn34166tjV1u5dB18LaAC60/9bqA4ijx\
    XZqghmwOOOASvASFEEriXMmtLXo4G7MIG4MB0GA1UdDgQWBBQmVD7iJvHKx3/xY6vSvyErf0u7FTAfBgNVHSMEGDAW\
    gBQmVD7iJvHKx3/xY6vSvyErf0u7FTAPBgNVHRMBAf8EBTADAQH/MFgGA1UdEQRRME+CDSouRXhhbXBsZS5vcmeCC2\
    V4YW1wbGUub3JnhwTAAAIBhxAgAQ24AAAAAAAAAAAAAAABgQthQGIuZXhhbXBsZYYMc3BpZmZlOi8vYS9iMAsGA1Ud\
    DwQEAwIHgDAKBggqhkjOPQQDAgNIADBFAiEArWaAtsdrgXrc45mpxFQ+QENipgyKM3lmH048VKfwXaACID1mtwwBuB\
    2B15rEVhGW9ONf8pWaaEQKYjeAqAzLuLza\
    ";

fn certificate() -> Vec<u8> {
    STANDARD.decode(CERTIFICATE).unwrap()
}

#[test]
fn every_field_is_read_as_openssl_shows_it() {
    let der = certificate();
    let read = Certificate::read(&der).unwrap();
    let name = "C=DE,O=A\\, B,OU=Grüße,CN=x.example,2.5.4.65=odd,DC=y";
    assert_eq!(read.subject.to_string(), name);
    assert_eq!(read.issuer, read.subject);
    assert_eq!(read.serial, [0x80, 0xff]);
    assert_eq!((read.not_before, read.not_after), (1795988766, 4949588766));
    let key_id: String = read.key_id.unwrap().iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(key_id, "26543EE226F1CAC77FF163ABD2BF212B7F4BBB15");
    assert!(read.is_ca);
    assert_eq!(
        read.alternatives,
        [
            Alternative::Dns("*.Example.org"),
            Alternative::Dns("example.org"),
            Alternative::Ip([192, 0, 2, 1].into()),
            Alternative::Ip("2001:db8::1".parse().unwrap()),
            Alternative::Email("a@b.example"),
            Alternative::Uri("spiffe://a/b"),
        ]
    );
    // An uncompressed point of P-256.
    let point = key_bits(read.public_key).unwrap();
    assert_eq!((point.len(), point[0]), (65, 4));
}

#[test]
fn damaged_certificates_are_read_or_not_but_never_panic() {
    let whole = certificate();
    for end in 0..whole.len() {
        assert!(Certificate::read(&whole[..end]).is_none(), "{end}");
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            if let Some(read) = Certificate::read(&damaged) {
                let _ = (read.subject.to_string(), key_bits(read.public_key));
            }
        }
    }
}

#[test]
fn times_are_seconds_since_1970() {
    for (tag, text, expected) in [
        (0x17, "700101000000Z", Some(0)),
        (0x17, "491231235959Z", Some(2_524_607_999)),
        (0x17, "500101000000Z", Some(-631_152_000)),
        (0x18, "20240229120001Z", Some(1_709_208_001)),
        (0x18, "19000301000000Z", Some(-2_203_891_200)),
        (0x18, "99991231235959Z", Some(253_402_300_799)),
        (0x18, "20241329120001Z", None),
        (0x18, "2024022912000Z", None),
        (0x18, "20240229120001", None),
        (0x17, "2401011200Z", None),
        (0x16, "700101000000Z", None),
    ] {
        let mut der = vec![tag, text.len() as u8];
        der.extend_from_slice(text.as_bytes());
        assert_eq!(der::time(&mut der::Reader(&der)), expected, "{text}");
    }
}
