//! Worked examples of signatures: GB/T 32918.5, RFC 6979, and well-known ones on secp256k1.

use chainbox_engine::{
    batch::{Encoding, Input, Shape},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_tests::{
    der,
    items::{OwnedItem, verdict_alone},
};

/// One worked example: all fields hex but the message and the id.
struct Example {
    scheme: Scheme,
    key: &'static str,
    message: &'static str,
    /// e, as the standard prints it.
    digest: &'static str,
    id: &'static str,
    r: &'static str,
    s: &'static str,
}

/// GB/T 32918.5-2017, A.2, which is GM/T 0003.5-2012, A.2: the signature on the recommended curve. Z_A is
/// b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3, and the digest e is SM3(Z_A || M).
const SM2: Example = Example {
    scheme: Scheme::Sm2Sm3,
    key: "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
    message: "message digest",
    digest: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640",
    id: "1234567812345678",
    r: "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3",
    s: "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
};

/// The key of RFC 6979, A.2.5 (NIST P-256).
const RFC_6979_KEY: &str =
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

/// RFC 6979, A.2.5, SHA-256, both messages.
const RFC_6979: [Example; 2] = [
    Example {
        scheme: Scheme::EcdsaP256Sha256,
        key: RFC_6979_KEY,
        message: "sample",
        digest: "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf",
        id: "",
        r: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
        s: "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    },
    Example {
        scheme: Scheme::EcdsaP256Sha256,
        key: RFC_6979_KEY,
        message: "test",
        digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        id: "",
        r: "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
        s: "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    },
];

/// The generator of secp256k1, the key of the private key 1.
const SECP256K1_G: &str =
    "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

/// RFC 6979 on secp256k1 with SHA-256 and the private key 1: the vectors that Bitcoin's implementations share.
const SECP256K1: [Example; 2] = [
    Example {
        scheme: Scheme::EcdsaSecp256k1Sha256,
        key: SECP256K1_G,
        message: "Satoshi Nakamoto",
        digest: "a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e",
        id: "",
        r: "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
        s: "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    },
    Example {
        scheme: Scheme::EcdsaSecp256k1Sha256,
        key: SECP256K1_G,
        message: "All those moments will be lost in time, like tears in rain. Time to die...",
        digest: "7d1833f54854ac51659521afcd0ec6dca2ce2351429614bfa28a756b1b3c637f",
        id: "",
        r: "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
        s: "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
    },
];

#[test]
fn sm2_of_gbt_32918_5() {
    check(&SM2);
}

#[test]
fn p256_of_rfc_6979() {
    RFC_6979.iter().for_each(check);
}

#[test]
fn secp256k1_of_rfc_6979() {
    SECP256K1.iter().for_each(check);
}

/// The id is part of what is signed, and the empty id is not the default one.
#[test]
fn sm2_of_gbt_32918_5_under_another_id() {
    for id in ["", "1234567812345679", "ALICE123@YAHOO.COM"] {
        let item = OwnedItem { id: id.into(), ..item(&SM2, Input::Message, Encoding::Raw) };
        assert_eq!(verdict_alone(Shape::messages(Scheme::Sm2Sm3), &item), Verdict::Invalid(Reason::Equation), "id {id:?}");
    }
}

/// Valid as message and as digest, raw and DER; and no longer so when one bit of the input differs.
fn check(example: &Example) {
    for input in [Input::Message, Input::Digest] {
        for encoding in [Encoding::Raw, Encoding::Der] {
            let shape = Shape { input, encoding, ..Shape::messages(example.scheme) };
            let mut item = item(example, input, encoding);
            assert_eq!(verdict_alone(shape, &item), Verdict::Valid, "{}", item.line(shape));
            item.input[0] ^= 1;
            assert_eq!(verdict_alone(shape, &item), Verdict::Invalid(Reason::Equation), "{}", item.line(shape));
        }
    }
}

fn item(example: &Example, input: Input, encoding: Encoding) -> OwnedItem {
    let raw: [u8; 64] = bytes(&[example.r, example.s].concat()).try_into().expect("r and s have 32 bytes each");
    OwnedItem {
        key: bytes(example.key),
        input: if input == Input::Message { example.message.into() } else { bytes(example.digest) },
        signature: if encoding == Encoding::Raw { raw.to_vec() } else { der::from_raw(&raw) },
        id: example.id.into(),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("the examples are hex")
}
