//! A frame between the service and the process that holds a module: what can be read is written with the same bytes, and nothing shorter or longer can.

use std::borrow::Cow;

use chainbox_hsm::{
    Algorithm, Error, KeyInfo, Kind, Label,
    device::Capabilities,
    isolated::frame::{ANSWER_BYTES_MAX, Answer, HEADER_BYTES, Hello, Request, header},
    secret::Secret,
};

/// Which reader the first byte chooses.
const READERS: u8 = 3;
const ID: u64 = 0x0102_0304_0506_0708;

pub(crate) fn run(data: &[u8]) {
    let Some((&reader, body)) = data.split_first() else { return };
    if let Some(written) = again(reader, body) {
        let (head, written) = written.split_first_chunk::<HEADER_BYTES>().expect("a frame has a header");
        assert_eq!(header(head, ANSWER_BYTES_MAX), Ok((body.len(), if reader % READERS == 0 { 0 } else { ID })));
        assert_eq!(written, body);
        assert!(again(reader, &[body, &[0]].concat()).is_none(), "a longer one");
        assert!(body.is_empty() || again(reader, &body[..body.len() - 1]).is_none(), "a shorter one");
    }
    if let Some((head, _)) = data.split_first_chunk::<HEADER_BYTES>()
        && let Ok((length, _)) = header(head, usize::from(reader))
    {
        assert!(length <= usize::from(reader));
    }
}

/// The frame of what stands in a body, where something does.
fn again(reader: u8, body: &[u8]) -> Option<Vec<u8>> {
    let mut frame = Vec::new();
    match reader % READERS {
        0 => Hello::decode(body).ok()?.encode(&mut frame),
        1 => {
            let (request, left_us) = Request::decode(body).ok()?;
            request.encode(&mut frame, ID, left_us);
        }
        _ => Answer::decode(body).ok()?.encode(&mut frame, ID),
    }
    Some(frame)
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    let mut add = |reader: u8, write: &dyn Fn(&mut Vec<u8>)| {
        let mut frame = Vec::new();
        write(&mut frame);
        inputs.push([&[reader], &frame[HEADER_BYTES..]].concat());
    };
    let secrets = vec![("pin".to_owned(), Secret::new(b"1234".to_vec())), ("key 1".to_owned(), Secret::new(vec![0xff; 20]))];
    let hello = Hello { name: "pkcs11:validator".to_owned(), options: "{}".to_owned(), secrets };
    add(0, &|out| hello.encode(out));
    let label = || "validator".parse::<Label>().expect("a label");
    let requests = [
        Request::Capabilities,
        Request::Keys,
        Request::Key(Cow::Owned(label())),
        Request::Generate(Cow::Owned(label()), Algorithm::Sm2),
        Request::Destroy(Cow::Owned(label())),
        Request::Random(1000),
        Request::Sign(Cow::Owned(label()), Cow::Owned(vec![[1; 32], [2; 32]])),
    ];
    requests.iter().for_each(|request| add(1, &|out| request.encode(out, ID, 1_000_000)));
    let key = KeyInfo { label: label(), algorithm: Algorithm::EcdsaP256, public_key: [4; 65] };
    let algorithms = Algorithm::ALL.to_vec();
    let description = "a device".to_owned();
    let answers = [
        Answer::Failed(Error::new(Kind::Pin, "token", "CKR_PIN_INCORRECT").remedy("check the PIN")),
        Answer::Welcome(32),
        Answer::Capabilities(Capabilities { description, algorithms, generates: true, destroys: false, sessions_max: 16, batch_max: 256 }),
        Answer::Keys(vec![key.clone(), key.clone()]),
        Answer::Key(key),
        Answer::Made([4; 65]),
        Answer::Destroyed,
        Answer::Random(vec![7; 32].into()),
        Answer::Signed(vec![[3; 64], [4; 64]]),
    ];
    answers.iter().for_each(|answer| add(2, &|out| answer.encode(out, ID)));
    inputs
}

#[cfg(test)]
mod tests {
    /// Each input is read by the reader that it is made for: a rule that never applies is none.
    #[test]
    fn every_input_can_be_read() {
        for input in super::inputs() {
            assert!(super::again(input[0], &input[1..]).is_some(), "{input:?}");
            super::run(&input);
        }
    }
}
