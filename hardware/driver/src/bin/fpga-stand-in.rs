//! A card in software, in a process of its own: `fpga-stand-in PREFIX sm2|p256 [FAULT RESETS]`.

use std::{env, path::Path, process::ExitCode, sync::atomic::AtomicBool};

use chainbox_fpga::stand_in::{Fault, StandIn};
use chainbox_fpga_model::curve::Curve;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fpga-stand-in: {error}");
            ExitCode::from(2)
        }
    }
}

fn serve(arguments: &[String]) -> Result<(), String> {
    let (prefix, curve, fault) = match arguments {
        [prefix, curve] => (prefix, curve, None),
        [prefix, curve, fault, resets] => {
            let resets = resets.parse().map_err(|_| format!("{resets} is no number of resets"))?;
            (prefix, curve, Some((fault.parse::<Fault>()?, resets)))
        }
        _ => return Err("usage: fpga-stand-in PREFIX sm2|p256 [FAULT RESETS]".to_owned()),
    };
    let known = [Curve::SM2, Curve::P256].into_iter().find(|known| known.name == curve);
    let curve = known.ok_or_else(|| format!("{curve} is no curve of the verifier: sm2 or p256"))?;
    let card = StandIn::new(Path::new(prefix), curve, fault).map_err(|error| format!("{prefix}: {error}"))?;
    card.serve(&AtomicBool::new(false)).map_err(|error| format!("{prefix}: {error}"))
}
