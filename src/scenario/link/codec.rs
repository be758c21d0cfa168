//! The alphabet of links: percent-encoding and base64url (RFC 3986, RFC 4648 section 5, without padding).

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Text as a query's value.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b'/'
            | b',' => {
                out.push(byte.into());
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Reads a query's name or value; what is no valid escape stays as it is.
pub(super) fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let pair = bytes
            .get(i + 1..i + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = pair
            .filter(|pair| bytes[i] == b'%' && pair.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (escaped, bytes[i]) {
            (Some(byte), _) => {
                out.push(byte);
                i += 2;
            }
            (None, b'+') => out.push(b' '),
            (None, byte) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Bytes as text.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..=chunk.len() {
            out.push(BASE64[(bits >> (18 - 6 * i) & 63) as usize].into());
        }
    }
    out
}

/// Text as bytes. `None` where it is no base64url.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for i in 0..4 {
            let value = match chunk.get(i) {
                Some(byte) => BASE64.iter().position(|known| known == byte)? as u32,
                None => 0,
            };
            bits = bits << 6 | value;
        }
        let whole = chunk.len() * 6 / 8;
        if chunk.len() == 1 || bits & (0xff_ffff >> (8 * whole)) != 0 {
            return None;
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..=whole]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_standards() {
        for (text, code) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("\u{ff}\u{fe}?", "w7_Dvj8"),
        ] {
            assert_eq!(to_base64(text.as_bytes()), code);
            assert_eq!(
                from_base64(code).as_deref(),
                Some(text.as_bytes()),
                "{code}"
            );
        }
        for bad in ["Z", "Zg==", "Z+8", "Zh", "Zm9vY"] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn escapes_are_read_and_what_is_none_stays() {
        assert_eq!(escape("5% & mehr ä"), "5%25%20%26%20mehr%20%C3%A4");
        for text in ["", "5% & mehr ä", "a+b=c#d"] {
            assert_eq!(unescape(&escape(text)), text);
        }
        assert_eq!(unescape("5%&%zz%4"), "5%&%zz%4");
        assert_eq!(unescape("a+b%ff"), "a b\u{fffd}");
        assert_eq!(unescape("%€%+1"), "%€% 1");
    }
}
