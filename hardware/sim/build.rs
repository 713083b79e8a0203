//! Compiles the RTL with Verilator, once a curve. Without the feature nothing is done, and nothing is needed.

#[cfg(feature = "verilator")]
#[path = "src/engines.rs"]
mod engines;

fn main() {
    println!("cargo:rerun-if-changed=../rtl");
    println!("cargo:rerun-if-changed=src/engines.rs");
    println!("cargo:rerun-if-changed=src/datapath.cpp");
    println!("cargo:rerun-if-changed=src/verifier.cpp");
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

    use chainbox_fpga_model::{
        generate::{curve_header, program_header},
        program::Program,
    };

    use crate::engines::ENGINES;

    const DATAPATH: [&str; 4] = ["datapath.sv", "multiplier.sv", "adder.sv", "delay.sv"];
    const ENGINE: [&str; 7] = ["verifier.sv", "distributor.sv", "engine.sv", "sequencer.sv", "loader.sv", "memory.sv", "fifo.sv"];

    pub fn build() {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
        let root = output(Command::new("verilator").args(["--getenv", "VERILATOR_ROOT"]));
        let include = Path::new(root.trim()).join("include");
        let mut compiler = cc::Build::new();
        compiler.cpp(true).std("c++17").opt_level(2).warnings(false).flag("-faligned-new");
        compiler.include(&include).include(include.join("vltstd"));
        for (curve, engines) in ENGINES {
            let folder = out.join(curve.name);
            let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("a file below the folder of cargo");
            fs::create_dir_all(&folder).expect("a folder below that of cargo");
            write("curve.svh", curve_header(&curve));
            write("program.svh", program_header(&Program::verifier()));
            let verilate = |top: &str, sources: &[&str], options: &[String]| {
                let made = folder.join(top);
                let prefix = format!("{}{}_{}", top[..1].to_uppercase(), &top[1..], curve.name);
                let mut command = Command::new("verilator");
                command.args(["--cc", "-O3", "-Wall", "--assert", "--top-module", top, "--prefix", &prefix]).args(options);
                command.arg("--Mdir").arg(&made).arg(format!("-I{}", folder.display()));
                command.args(sources.iter().map(|name| Path::new("../rtl").join(name)));
                output(&mut command);
                made
            };
            let engine: Vec<&str> = ENGINE.iter().chain(&DATAPATH).copied().collect();
            for made in [verilate("datapath", &DATAPATH, &[]), verilate("verifier", &engine, &[format!("-GENGINES={engines}")])] {
                let files = fs::read_dir(&made).expect("Verilator wrote there").map(|entry| entry.expect("an entry").path());
                compiler.files(files.filter(|path| path.extension().is_some_and(|extension| extension == "cpp")));
                compiler.include(&made);
            }
        }
        compiler.files(["verilated.cpp", "verilated_threads.cpp"].map(|name| include.join(name)));
        compiler.files(["src/datapath.cpp", "src/verifier.cpp"]);
        compiler.compile("chainbox_fpga_rtl");
    }

    fn output(command: &mut Command) -> String {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install Verilator 5"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
