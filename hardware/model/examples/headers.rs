//! Writes what the RTL includes, `curve.svh` and `program.svh`, into a folder: `headers CURVE FOLDER`.

use std::{env, fs, io, path::Path, process::ExitCode};

use chainbox_fpga_model::{
    curve::Curve,
    generate::{curve_header, program_header},
    program::Program,
};

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
    fs::create_dir_all(folder)?;
    fs::write(Path::new(folder).join("curve.svh"), curve_header(&curve))?;
    fs::write(Path::new(folder).join("program.svh"), program_header(&Program::verifier()))?;
    Ok(ExitCode::SUCCESS)
}
