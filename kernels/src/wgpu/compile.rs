//! Programs to pipelines, and the pipelines that are kept on disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::wgpu::{
    ComputePipeline, ComputePipelineDescriptor, Features, PipelineCache, PipelineCacheDescriptor, PipelineCompilationOptions, ShaderModule,
    ShaderModuleDescriptor, ShaderRuntimeChecks, ShaderSource,
};
use chainbox_engine::hash::Hash;

use super::Wgpu;
use crate::{device::DeviceError, program::Program};

/// The products of words, in the form that every adapter has, and in the one with 64-bit integers.
const WORDS32: &str = include_str!("../../wgsl/words32.wgsl");
const WORDS64: &str = include_str!("../../wgsl/words64.wgsl");

/// The most bytes of pipelines that are read from disk.
const CACHED_BYTES_MAX: u64 = 64 << 20;
/// The bytes of the digest that stands before them.
const DIGEST_BYTES: usize = 32;

/// A compiled program: a pipeline for each kernel.
#[derive(Debug)]
pub struct Pipelines {
    pub(super) kernels: Vec<ComputePipeline>,
}

pub(super) fn compile(wgpu: &Wgpu, program: &Program) -> Result<Pipelines, DeviceError> {
    let failed = |log: String| DeviceError::Compile { program: program.name.clone(), log };
    let words = if wgpu.has_int64() { WORDS64 } else { WORDS32 };
    let source = format!("{words}\n{}", program.wgsl);
    let file = wgpu.cache.as_deref().map(|folder| file(wgpu, program, &source, folder));
    let known = file.as_deref().and_then(read);
    let module = wgpu.scoped(|| module(wgpu, &source)).map_err(failed)?;
    let cache = wgpu.scoped(|| cache(wgpu, known.as_deref())).map_err(failed)?;
    let pipeline = |kernel: &&str| {
        let descriptor = ComputePipelineDescriptor {
            label: None,
            layout: Some(&wgpu.layout),
            module: &module,
            entry_point: Some(kernel),
            // Every kernel writes what the group reads.
            compilation_options: PipelineCompilationOptions { zero_initialize_workgroup_memory: false, ..PipelineCompilationOptions::default() },
            cache: cache.as_ref(),
        };
        wgpu.scoped(|| wgpu.device.create_compute_pipeline(&descriptor)).map_err(|log| failed(format!("{kernel}: {log}")))
    };
    let kernels = program.kernels.iter().map(pipeline).collect::<Result<_, _>>()?;
    wgpu.check()?;
    if let (Some(file), Some(data)) = (file, cache.and_then(|cache| cache.get_data()))
        && known.as_ref() != Some(&data)
    {
        // What cannot be kept is compiled again next time.
        let _ = write(&file, &data);
    }
    Ok(Pipelines { kernels })
}

#[allow(unsafe_code)]
fn module(wgpu: &Wgpu, source: &str) -> ShaderModule {
    let descriptor = ShaderModuleDescriptor { label: None, source: ShaderSource::Wgsl(source.into()) };
    let checks = ShaderRuntimeChecks { force_loop_bounding: false, ..ShaderRuntimeChecks::checked() };
    // SAFETY: the sources are this crate's own, and each of their loops ends: it counts to a constant, or over the bytes of a string that stands in the
    // input, whose length is below 2^32. Bounds are checked still.
    unsafe { wgpu.device.create_shader_module_trusted(descriptor, checks) }
}

#[allow(unsafe_code)]
fn cache(wgpu: &Wgpu, data: Option<&[u8]>) -> Option<PipelineCache> {
    let has_caches = wgpu.device.features().contains(Features::PIPELINE_CACHE);
    let descriptor = PipelineCacheDescriptor { label: None, data, fallback: true };
    // SAFETY: the data came from `get_data` under this key: its digest stands before it, and `read` compared the two. wgpu compares device and driver.
    has_caches.then(|| unsafe { wgpu.device.create_pipeline_cache(&descriptor) })
}

/// Where the pipelines of this source, on this adapter, with this driver, are kept.
fn file(wgpu: &Wgpu, program: &Program, source: &str, folder: &Path) -> PathBuf {
    let key = Hash::Sha256.digest([&wgpu.info.name, &wgpu.info.driver, source].map(|part| format!("{}\n{part}", part.len())).concat().as_bytes());
    let key: String = key[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("wgpu-{}-{key}", program.name))
}

/// What is kept, or nothing where it is not what was written.
fn read(file: &Path) -> Option<Vec<u8>> {
    if fs::metadata(file).ok()?.len() > CACHED_BYTES_MAX {
        return None;
    }
    let bytes = fs::read(file).ok()?;
    let (digest, data) = bytes.split_at_checked(DIGEST_BYTES)?;
    (Hash::Sha256.digest(data) == digest).then(|| data.to_vec())
}

fn write(file: &Path, data: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    let part = file.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, [&Hash::Sha256.digest(data)[..], data].concat())?;
    fs::rename(part, file)
}
