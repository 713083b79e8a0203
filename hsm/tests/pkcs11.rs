//! The PKCS#11 adapter over SoftHSM.

mod softhsm;

use std::{fs, process::Command, thread, time::Duration};

use chainbox_engine::hash::{Digest, sha256};
use chainbox_hsm::{
    Algorithm, Deadline, Device, KeyInfo, Kind, Label, Signature,
    device::contract::{self, verifies},
    pkcs11::{Options, Pkcs11, TokenName},
    secret::Secret,
};
use softhsm::{OTHER_TOKEN, TOKEN, TWIN_TOKEN, UNUSED_TOKEN, open, options, pin, soon};

fn label(name: &str) -> Label {
    name.parse().expect("a label")
}

fn refused(options: Options, secret: Secret) -> chainbox_hsm::Error {
    Pkcs11::open(options, secret).err().expect("it is refused")
}

#[test]
fn softhsm_keeps_the_contract() {
    contract::check(&open(options(TOKEN)), "contract ", soon).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn two_tokens_of_one_module_are_two_devices() {
    let [one, other] = [TOKEN, OTHER_TOKEN].map(|token| open(options(token)));
    let key = label("two tokens");
    one.generate(&key, Algorithm::EcdsaP256, soon()).expect("a key");
    assert_eq!(other.key(&key, soon()).expect_err("it is on the other token").kind, Kind::NoKey);
    drop(other);
    one.sign(&key, &[sha256(b"still initialised")], soon()).expect("a signature");
    one.destroy(&key, soon()).expect("destroyed");
}

#[test]
fn a_token_is_found_by_its_serial_number() {
    let description = open(options(TOKEN)).capabilities(soon()).expect("capabilities").description;
    let serial = description.rsplit(' ').next().expect("a serial number").to_owned();
    let by_serial = Options { token: TokenName::Serial(serial), ..options(TOKEN) };
    assert_eq!(open(by_serial).capabilities(soon()).expect("capabilities").description, description);
}

#[test]
fn what_is_wrong_with_the_settings_is_said() {
    let error = refused(options("nobody"), pin());
    assert_eq!(error.kind, Kind::NoDevice, "{error}");
    assert!(error.what.contains(TOKEN) && error.what.contains("serial"), "the tokens that are there are listed: {error}");
    let error = refused(options(TWIN_TOKEN), pin());
    assert_eq!(error.kind, Kind::NoDevice, "{error}");
    assert!(error.remedy.contains("serial"), "{error}");
    let error = refused(Options { module: "/nowhere/module.so".into(), ..options(TOKEN) }, pin());
    assert_eq!(error.kind, Kind::Library, "{error}");
    let error = refused(Options { module: "libm.so.6".into(), ..options(TOKEN) }, pin());
    assert_eq!(error.kind, Kind::Library, "{error}");
    assert!(error.what.contains("C_GetFunctionList"), "{error}");
    let error = refused(Options { sessions_min: 3, sessions_max: 2, ..options(TOKEN) }, pin());
    assert_eq!(error.kind, Kind::Input, "{error}");
}

#[test]
fn a_wrong_pin_is_refused_and_not_shown() {
    let error = refused(options(UNUSED_TOKEN), Secret::new(b"secret-4321".to_vec()));
    assert_eq!(error.kind, Kind::Pin, "{error}");
    assert!(!format!("{error:?}").contains("4321"));
}

#[test]
fn a_key_destroyed_and_made_anew_elsewhere_is_found_again() {
    let [one, other] = [(); 2].map(|()| open(options(TOKEN)));
    let key = label("made anew");
    one.generate(&key, Algorithm::EcdsaSecp256k1, soon()).expect("a key");
    let digest = sha256(b"before and after");
    one.sign(&key, &[digest], soon()).expect("a signature, and the handle is kept");
    other.destroy(&key, soon()).expect("destroyed");
    let made = other.generate(&key, Algorithm::EcdsaP256, soon()).expect("a key");
    let signatures = one.sign(&key, &[digest], soon()).expect("a signature by the new key");
    let info = one.key(&key, soon()).expect("a key");
    assert_eq!((info.algorithm, info.public_key), (Algorithm::EcdsaP256, made));
    assert!(verifies(&info, &digest, &signatures[0]));
    other.destroy(&key, soon()).expect("destroyed");
    assert_eq!(one.sign(&key, &[digest], soon()).expect_err("no key").kind, Kind::NoKey);
}

#[test]
fn a_thousand_callers_are_answered_by_their_deadline() {
    const CALLERS: usize = 1000;
    let device = open(options(TOKEN));
    let key = label("crowd");
    device.generate(&key, Algorithm::EcdsaP256, soon()).expect("a key");
    let info = device.key(&key, soon()).expect("a key");
    let answered = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (device, info) = (&device, &info);
                scope.spawn(move || {
                    let digest = sha256(&caller.to_be_bytes());
                    let signatures = device.sign(&info.label, &[digest], soon())?;
                    assert!(verifies(info, &digest, &signatures[0]), "caller {caller}");
                    Ok::<_, chainbox_hsm::Error>(())
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("no panic")).filter(Result::is_ok).count()
    });
    assert_eq!(answered, CALLERS);
    device.destroy(&key, soon()).expect("destroyed");
}

#[test]
fn nobody_waits_beyond_a_deadline_that_cannot_be_kept() {
    let device = open(Options { sessions_max: 1, ..options(TOKEN) });
    let key = label("late");
    device.generate(&key, Algorithm::EcdsaP256, soon()).expect("a key");
    let digests: Vec<_> = (0..4096_u32).map(|index| sha256(&index.to_be_bytes())).collect();
    let asked = std::time::Instant::now();
    let error = device.sign(&key, &digests, Deadline::after(Duration::from_millis(5))).expect_err("too late");
    assert_eq!(error.kind, Kind::Deadline, "{error}");
    assert!(asked.elapsed() < Duration::from_secs(30), "it gave up early: all of it takes longer");
    device.sign(&key, &digests[..1], soon()).expect("it serves the next one");
    device.destroy(&key, soon()).expect("destroyed");
}

#[test]
fn too_much_at_once_is_refused() {
    let device = open(options(TOKEN));
    let error = device.sign(&label("any"), &vec![[0; 32]; 5000], soon()).expect_err("too many");
    assert_eq!(error.kind, Kind::Input, "{error}");
}

/// A DER INTEGER of 32 bytes, without sign.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let bare: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign = bare.first().is_none_or(|byte| *byte >= 0x80).then_some(0);
    let value: Vec<u8> = sign.into_iter().chain(bare).collect();
    [&[0x02, value.len() as u8], value.as_slice()].concat()
}

/// What libcrypto says of a signature over a digest, through the program `openssl`.
fn libcrypto_accepts(key: &KeyInfo, digest: &Digest, signature: &Signature) -> bool {
    let folder = softhsm::folder();
    let curve: &[u8] = match key.algorithm {
        Algorithm::EcdsaP256 => &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        Algorithm::EcdsaSecp256k1 => &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a],
        Algorithm::Sm2 => panic!("SoftHSM has no SM2"),
    };
    let ec_public_key: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let algorithm = [ec_public_key, curve].concat();
    let body = [&[0x30, algorithm.len() as u8], algorithm.as_slice(), &[0x03, 66, 0], &key.public_key].concat();
    let halves = [integer(&signature[..32]), integer(&signature[32..])].concat();
    let files = [
        ("key", [&[0x30, body.len() as u8], body.as_slice()].concat()),
        ("signature", [&[0x30, halves.len() as u8], halves.as_slice()].concat()),
        ("digest", digest.to_vec()),
    ];
    let [key, signature, digest] = files.map(|(name, bytes)| {
        let path = folder.join(format!("{}.{name}", key.label));
        fs::write(&path, bytes).expect("written");
        path
    });
    let verify = Command::new("openssl")
        .args(["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey"])
        .arg(&key)
        .arg("-sigfile")
        .arg(&signature)
        .arg("-in")
        .arg(&digest)
        .output();
    verify.expect("openssl runs: `tests/run packages` installs it").status.success()
}

#[test]
fn libcrypto_accepts_the_signatures_too() {
    let device = open(options(TOKEN));
    for algorithm in [Algorithm::EcdsaP256, Algorithm::EcdsaSecp256k1] {
        let label = label(&format!("libcrypto {algorithm}"));
        device.generate(&label, algorithm, soon()).expect("a key");
        let key = device.key(&label, soon()).expect("the key");
        let digest = sha256(algorithm.name().as_bytes());
        let mut signature = device.sign(&label, &[digest], soon()).expect("a signature")[0];
        assert!(libcrypto_accepts(&key, &digest, &signature), "{algorithm}");
        signature[63] ^= 1;
        assert!(!libcrypto_accepts(&key, &digest, &signature), "{algorithm}: it would accept anything");
        device.destroy(&label, soon()).expect("destroyed");
    }
}
