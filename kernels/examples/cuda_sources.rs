//! Writes the CUDA C++ of every program into a folder, one file each: what `ptx/build` compiles.

use std::{env, fs, io, path::PathBuf};

use chainbox_kernels::program::{Program, Purpose};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or_else(|| io::Error::other("say the folder"))?);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    for purpose in Purpose::all() {
        let program = Program::new(purpose);
        fs::write(folder.join(format!("{}.cu", program.name)), Program::cuda(purpose))?;
    }
    Ok(())
}
