//! Estimates what an engine takes, with Yosys: `synthesis OUT.json`. It takes some minutes. The test `generated` makes boards/sizing.md of what is checked in as
//! bench/results/fpga-synthesis.json.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread,
};

use chainbox_fpga_model::{curve::Curve, sources};
use serde_json::{Value, json};

/// What maps the RTL to cells of UltraScale+; memories go to UltraRAM where they fill one.
const SCRIPT: &str = "synth_xilinx -family xcup -noiopad -nowidelut -uram";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [out] = &arguments[..] else {
        eprintln!("synthesis OUT.json");
        return ExitCode::from(2);
    };
    match report().and_then(|report| fs::write(out, format!("{report:#}\n"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("synthesis: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The cells of the whole card with one engine, and of the engine, for each curve.
fn report() -> io::Result<Value> {
    let folder = env::temp_dir().join(format!("chainbox-synthesis-{}", std::process::id()));
    let of_curve = &|curve: &Curve| -> io::Result<Value> {
        let folder = folder.join(curve.name);
        sources::write_headers(curve, &folder)?;
        for (name, text) in sources::MODULES {
            fs::write(folder.join(name), text)?;
        }
        let (card, engine) = (cells(&folder, "card")?, cells(&folder, "engine")?);
        Ok(json!({ "build": format!("{:016x}", sources::build(curve)), "card": card, "engine": engine }))
    };
    let reports = thread::scope(|scope| {
        let threads = Curve::ALL.map(|curve| scope.spawn(move || of_curve(&curve)));
        threads.map(|thread| thread.join().expect("it does not panic"))
    });
    let version = Command::new("yosys").arg("-V").output()?;
    let mut report = json!({
        "tool": String::from_utf8_lossy(&version.stdout).split(" (").next().unwrap_or_default(),
        "script": SCRIPT,
        "command": "cargo run -p chainbox-fpga-model --example synthesis bench/results/fpga-synthesis.json",
        "curves": {},
    });
    for (curve, of_curve) in Curve::ALL.iter().zip(reports) {
        report["curves"][curve.name] = of_curve?;
    }
    fs::remove_dir_all(folder)?;
    Ok(report)
}

/// How many cells of each kind a module takes, with all that is in it.
fn cells(folder: &Path, top: &str) -> io::Result<BTreeMap<String, u64>> {
    eprintln!("{}: {top} ...", folder.file_name().unwrap_or_default().display());
    let stat: PathBuf = folder.join(format!("{top}.stat"));
    let files: Vec<&str> = sources::MODULES.iter().map(|(name, _)| *name).collect();
    let script = format!(
        "read_verilog -sv -I. {}; hierarchy -top {top}; {SCRIPT} -top {top}; flatten; tee -q -o {} stat -json",
        files.join(" "),
        stat.display()
    );
    let output = Command::new("yosys").args(["-q", "-p", &script]).current_dir(folder).output();
    let output = output.map_err(|error| io::Error::other(format!("yosys: {error}; install it (tests/run packages does)")))?;
    if !output.status.success() {
        return Err(io::Error::other(format!("yosys: {}", String::from_utf8_lossy(&output.stderr))));
    }
    // Yosys 0.23 puts a listing behind some objects, so that the whole is no JSON: the last object of this name is what is looked for.
    let text = fs::read_to_string(stat)?;
    let missing = || io::Error::other("yosys gave no count of cells");
    let (_, behind) = text.rsplit_once("\"num_cells_by_type\":").ok_or_else(missing)?;
    let end = behind.find('}').ok_or_else(missing)?;
    let cells: BTreeMap<String, u64> = serde_json::from_str(&behind[..=end]).map_err(io::Error::other)?;
    Ok(cells.into_iter().filter(|(name, _)| !name.starts_with('$')).collect())
}
