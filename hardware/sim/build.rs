//! Compiles the RTL with Verilator, once a curve. Without the feature nothing is done, and nothing is needed.

fn main() {
    println!("cargo:rerun-if-changed=../rtl");
    println!("cargo:rerun-if-changed=src/datapath.cpp");
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

    use chainbox_fpga_model::{curve::Curve, generate::curve_header};

    const SOURCES: [&str; 4] = ["datapath.sv", "multiplier.sv", "adder.sv", "delay.sv"];

    pub fn build() {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
        let root = output(Command::new("verilator").args(["--getenv", "VERILATOR_ROOT"]));
        let include = Path::new(root.trim()).join("include");
        let mut compiler = cc::Build::new();
        compiler.cpp(true).std("c++17").opt_level(2).warnings(false).flag("-faligned-new");
        compiler.include(&include).include(include.join("vltstd"));
        for curve in [Curve::SM2, Curve::P256] {
            let folder = out.join(curve.name);
            fs::create_dir_all(&folder).expect("a folder below that of cargo");
            fs::write(folder.join("curve.svh"), curve_header(&curve)).expect("a file below the folder of cargo");
            let prefix = format!("Datapath_{}", curve.name);
            let mut command = Command::new("verilator");
            command.args(["--cc", "-O3", "-Wall", "--top-module", "datapath", "--prefix", &prefix]);
            command.arg("--Mdir").arg(&folder).arg(format!("-I{}", folder.display()));
            command.args(SOURCES.map(|name| Path::new("../rtl").join(name)));
            output(&mut command);
            let made = fs::read_dir(&folder).expect("Verilator wrote there").map(|entry| entry.expect("an entry").path());
            compiler.files(made.filter(|path| path.extension().is_some_and(|extension| extension == "cpp")));
            compiler.include(&folder);
        }
        compiler.files(["verilated.cpp", "verilated_threads.cpp"].map(|name| include.join(name)));
        compiler.file("src/datapath.cpp");
        compiler.compile("chainbox_fpga_rtl");
    }

    fn output(command: &mut Command) -> String {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install Verilator 5"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
