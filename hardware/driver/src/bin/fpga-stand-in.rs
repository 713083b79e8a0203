//! A card in software, in a process of its own: `fpga-stand-in PREFIX sm2|p256 [rtl] [FAULT RESETS]`. `rtl`: the RTL answers instead of the model.

use std::{env, path::Path, process::ExitCode, sync::atomic::AtomicBool};

use chainbox_fpga::stand_in::{
    Fault, StandIn,
    behind::{Behind, Model},
};
use chainbox_fpga_model::curve::Curve;

const USAGE: &str = "usage: fpga-stand-in PREFIX sm2|p256 [rtl] [FAULT RESETS]";

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
    let [prefix, curve, rest @ ..] = arguments else { return Err(USAGE.to_owned()) };
    let curve = Curve::named(curve)?;
    let (behind, fault) = match rest {
        [rtl, fault @ ..] if rtl == "rtl" => (rtl_of(curve)?, fault),
        fault => (Box::new(Model::new(curve)) as Box<dyn Behind>, fault),
    };
    let fault = match fault {
        [] => None,
        [fault, resets] => {
            let resets = resets.parse().map_err(|_| format!("{resets} is no number of resets"))?;
            Some((fault.parse::<Fault>()?, resets))
        }
        _ => return Err(USAGE.to_owned()),
    };
    let card = StandIn::new(Path::new(prefix), behind, fault).map_err(|error| format!("{prefix}: {error}"))?;
    card.serve(&AtomicBool::new(false)).map_err(|error| format!("{prefix}: {error}"))
}

#[cfg(feature = "sim")]
#[expect(clippy::unnecessary_wraps, reason = "a build without the feature has no RTL")]
fn rtl_of(curve: Curve) -> Result<Box<dyn Behind>, String> {
    Ok(Box::new(chainbox_fpga::stand_in::behind::Rtl::new(&curve)))
}

#[cfg(not(feature = "sim"))]
fn rtl_of(_: Curve) -> Result<Box<dyn Behind>, String> {
    Err("this build has no RTL: build with the cargo feature sim, which needs Verilator 5".to_owned())
}
