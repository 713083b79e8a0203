//! Writes what the RTL includes for a curve into a folder: `headers CURVE FOLDER`.

use std::{env, io, path::Path, process::ExitCode};

use chainbox_fpga_model::{curve::Curve, sources::write_headers};

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [curve, folder] = &arguments[..] else {
        eprintln!("headers CURVE FOLDER");
        return Ok(ExitCode::from(2));
    };
    let curve = match Curve::named(curve) {
        Ok(curve) => curve,
        Err(error) => {
            eprintln!("headers: {error}");
            return Ok(ExitCode::from(2));
        }
    };
    write_headers(&curve, Path::new(folder))?;
    Ok(ExitCode::SUCCESS)
}
