//! Writes what the RTL includes for a curve into a folder: `headers CURVE FOLDER`.

use std::{env, io, path::Path, process::ExitCode};

use chainbox_fpga_model::{curve::Curve, sources::write_headers};

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [curve, folder] = &arguments[..] else {
        eprintln!("headers CURVE FOLDER");
        return Ok(ExitCode::from(2));
    };
    let Some(curve) = [Curve::SM2, Curve::P256].into_iter().find(|known| known.name == curve) else {
        eprintln!("{curve} is no curve of the verifier: sm2 or p256");
        return Ok(ExitCode::from(2));
    };
    write_headers(&curve, Path::new(folder))?;
    Ok(ExitCode::SUCCESS)
}
