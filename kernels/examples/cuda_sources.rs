//! Writes the CUDA C++ of every program into a folder, one file each, and that of the harness's programs into `harness` below it: what `ptx/build` compiles.

use std::{env, fs, io, path::Path};

use chainbox_kernels::program::{Program, Purpose};

#[allow(dead_code, reason = "the lists are used one by one in the harness")]
#[path = "../tests/harness/programs.rs"]
mod programs;

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).ok_or_else(|| io::Error::other("say the folder"))?;
    let folder = Path::new(&folder);
    let _ = fs::remove_dir_all(folder);
    write(folder, Purpose::all())?;
    write(&folder.join("harness"), programs::all())
}

fn write(folder: &Path, purposes: Vec<Purpose>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for purpose in purposes {
        let program = Program::new(purpose);
        fs::write(folder.join(format!("{}.cu", program.name)), Program::cuda(purpose))?;
    }
    Ok(())
}
