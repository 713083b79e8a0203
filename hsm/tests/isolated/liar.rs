//! A child that breaks the rules of the frames.

use std::{
    fs,
    io::{IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{fd::AsFd, unix::net::UnixStream},
    thread,
    time::Duration,
};

use chainbox_hsm::{
    Error, Kind,
    isolated::frame::{self, Answer, HEADER_BYTES, Hello, Request},
};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde::{Deserialize, Serialize};

use crate::device::{ARMED, Setup};

/// How it lies. The name is in the file [`ARMED`]; without the file it is an honest child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Lie {
    WelcomeGarbage,
    WelcomeOther,
    WelcomeTooLong,
    WelcomeNever,
    Garbage,
    WrongId,
    TooLong,
    TooShort,
    Half,
    Twice,
    Flood,
    Fewer,
    Other,
    NoKind,
    Trickle,
    Closes,
}

impl Lie {
    pub(crate) const OPENING: [Self; 4] = [Self::WelcomeGarbage, Self::WelcomeOther, Self::WelcomeTooLong, Self::WelcomeNever];
    pub(crate) const ANSWERING: [Self; 12] = [
        Self::Garbage,
        Self::WrongId,
        Self::TooLong,
        Self::TooShort,
        Self::Half,
        Self::Twice,
        Self::Flood,
        Self::Fewer,
        Self::Other,
        Self::NoKind,
        Self::Trickle,
        Self::Closes,
    ];
}

/// Runs the child: the lie that is armed, or an honest one.
pub(crate) fn run() {
    let mut control = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().expect("a descriptor"));
    let Some((_, body)) = read_frame(&mut control) else { return };
    let hello = Hello::decode(&body).expect("a first frame");
    let setup: Setup = serde_json::from_str(&hello.options).expect("options");
    let armed = setup.folder.join(ARMED);
    let lie = fs::read(&armed).ok().and_then(|name| serde_json::from_slice(&name).ok());
    if let Some(lie) = lie {
        // An opening that lies is tried once by the parent; the others lie in each child.
        welcome(&mut control, lie);
    } else {
        send(&mut control, &Answer::Welcome(8), 0);
    }
    let device = Setup::open(&hello).expect("an honest device");
    while let Some(mut lane) = next_lane(&control) {
        let device = device.clone();
        thread::spawn(move || {
            while let Some((id, body)) = read_frame(&mut lane) {
                let (request, _) = Request::decode(&body).expect("a request");
                let Request::Sign(label, digests) = &request else { return };
                let signed = Answer::Signed(device.sign(label, digests, crate::soon()).expect("signatures"));
                match lie {
                    Some(lie) => answer(&mut lane, lie, &signed, id),
                    None => send(&mut lane, &signed, id),
                }
            }
        });
    }
}

fn welcome(control: &mut UnixStream, lie: Lie) {
    match lie {
        Lie::WelcomeGarbage => write(control, &[0xa5; 64]),
        Lie::WelcomeOther => send(control, &Answer::Destroyed, 0),
        Lie::WelcomeTooLong => write(control, &[0xff; HEADER_BYTES]),
        Lie::WelcomeNever => thread::sleep(Duration::from_secs(600)),
        _ => send(control, &Answer::Welcome(usize::MAX), 0),
    }
}

/// Answers with a lie.
fn answer(lane: &mut UnixStream, lie: Lie, signed: &Answer, id: u64) {
    let mut frame = Vec::new();
    signed.encode(&mut frame, id);
    match lie {
        Lie::Garbage => write(lane, &[0x5a; 300]),
        Lie::WrongId => send(lane, signed, id + 1),
        Lie::TooLong => write(lane, &[&u32::MAX.to_le_bytes()[..], &id.to_le_bytes(), &[0; 64]].concat()),
        Lie::TooShort => write(lane, &[0; HEADER_BYTES]),
        Lie::Half => write(lane, &frame[..frame.len() / 2]),
        Lie::Twice => write(lane, &frame.repeat(2)),
        Lie::Flood => while lane.write_all(&frame).is_ok() {},
        Lie::Fewer => send(lane, &Answer::Signed(Vec::new()), id),
        Lie::Other => send(lane, &Answer::Destroyed, id),
        Lie::NoKind => {
            send_with(lane, &Answer::Failed(Error::new(Kind::Input, "", "")), id, |frame| frame[HEADER_BYTES + 5] = b'I');
        }
        Lie::Trickle => frame.iter().for_each(|byte| {
            thread::sleep(Duration::from_millis(50));
            // The parent may have closed it by now.
            let _ = lane.write_all(&[*byte]);
        }),
        // The thread goes on with a channel that nobody reads.
        Lie::Closes => lane.shutdown(std::net::Shutdown::Both).expect("an open channel"),
        Lie::WelcomeGarbage | Lie::WelcomeOther | Lie::WelcomeTooLong | Lie::WelcomeNever => {}
    }
}

fn write(stream: &mut UnixStream, bytes: &[u8]) {
    // The parent may have killed this process already, or closed the channel.
    let _ = stream.write_all(bytes);
}

fn send(stream: &mut UnixStream, answer: &Answer, id: u64) {
    send_with(stream, answer, id, |_| {});
}

fn send_with(stream: &mut UnixStream, answer: &Answer, id: u64, change: impl FnOnce(&mut Vec<u8>)) {
    let mut frame = Vec::new();
    answer.encode(&mut frame, id);
    change(&mut frame);
    write(stream, &frame);
}

fn read_frame(stream: &mut UnixStream) -> Option<(u64, Vec<u8>)> {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header).ok()?;
    let (length, id) = frame::header(&header, frame::HELLO_BYTES_MAX).expect("a parent that keeps the rules");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((id, body))
}

fn next_lane(control: &UnixStream) -> Option<UnixStream> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    recvmsg(control, &mut [IoSliceMut::new(&mut [0])], &mut ancillary, RecvFlags::CMSG_CLOEXEC).ok()?;
    ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next().map(UnixStream::from),
        _ => None,
    })
}
