//! Compiles the RTL with Verilator, once a curve. Without the feature nothing is done, and nothing is needed.

#[cfg(feature = "verilator")]
#[path = "src/engines.rs"]
mod engines;

fn main() {
    println!("cargo:rerun-if-changed=../rtl");
    println!("cargo:rerun-if-changed=src/engines.rs");
    println!("cargo:rerun-if-changed=src/units.cpp");
    println!("cargo:rerun-if-changed=src/card.cpp");
    #[cfg(feature = "verilator")]
    verilator::build();
}

#[cfg(feature = "verilator")]
mod verilator {
    use std::{
        env, fs,
        path::{Path, PathBuf},
        process::Command,
    };

    use chainbox_fpga_model::sources::{MODULES, write_headers};

    use crate::engines::ENGINES;

    /// What is compiled alone, beside the card.
    const UNITS: [&str; 5] = ["datapath", "multiplier", "adder", "fifo", "sequencer"];

    pub fn build() {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
        let root = output(Command::new("verilator").args(["--getenv", "VERILATOR_ROOT"]));
        let include = Path::new(root.trim()).join("include");
        let mut compiler = cc::Build::new();
        compiler.cpp(true).std("c++17").opt_level(2).warnings(false).flag("-faligned-new");
        compiler.include(&include).include(include.join("vltstd"));
        for (index, (curve, engines)) in ENGINES.into_iter().enumerate() {
            let folder = out.join(curve.name);
            write_headers(&curve, &folder).expect("files below the folder of cargo");
            let mut verilate = |top: &str, options: &[String]| {
                let made = folder.join(top);
                let prefix = format!("{}{}_{}", top[..1].to_uppercase(), &top[1..], curve.name);
                let mut command = Command::new("verilator");
                command.args(["--cc", "-O3", "-Wall", "--assert", "--top-module", top, "--prefix", &prefix]).args(options);
                command.arg("--Mdir").arg(&made).arg(format!("-I{}", folder.display()));
                command.args(MODULES.map(|(name, _)| Path::new("../rtl").join(name)));
                output(&mut command);
                let files = fs::read_dir(&made).expect("Verilator wrote there").map(|entry| entry.expect("an entry").path());
                compiler.files(files.filter(|path| path.extension().is_some_and(|extension| extension == "cpp")));
                compiler.include(&made);
            };
            verilate("card", &[format!("-GENGINES={engines}")]);
            for unit in UNITS.into_iter().filter(|unit| index == 0 || *unit == "datapath") {
                verilate(unit, &[]);
            }
            compiler.define(&format!("ENGINES_{}", curve.name), engines.to_string().as_str());
        }
        compiler.files(["verilated.cpp", "verilated_threads.cpp"].map(|name| include.join(name)));
        compiler.files(["src/units.cpp", "src/card.cpp"]);
        compiler.compile("chainbox_fpga_rtl");
    }

    fn output(command: &mut Command) -> String {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install Verilator 5"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
