//! A file of keys: what is read is written as it was, and nothing asks for more memory than the bounds allow.

use chainbox_hsm::software::file::{FILE_BYTES_MAX, Sealed};

pub(crate) fn run(data: &[u8]) {
    if let Ok(sealed) = Sealed::parse(data) {
        assert_eq!(sealed.to_bytes(), data);
        assert!(data.len() <= FILE_BYTES_MAX);
        let memory_kib = u32::from_be_bytes(data[8..12].try_into().expect("4 bytes"));
        assert!(memory_kib <= 1 << 20, "{memory_kib} KiB");
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let file = |memory_kib: u32, sealed: usize| {
        let cost = [memory_kib.to_be_bytes(), 3u32.to_be_bytes(), 4u32.to_be_bytes()].concat();
        [&b"CBXKEYS\x01"[..], &cost, &[7; 28], &vec![9; sealed]].concat()
    };
    vec![file(64 << 10, 18), file(64, 200), file(u32::MAX, 18), file(64 << 10, 17)]
}
