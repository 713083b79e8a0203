//! Programs to pipelines, and the pipelines that are kept on disk.

use std::{sync::PoisonError, thread};

use ::wgpu::{
    ComputePipeline, ComputePipelineDescriptor, Features, PipelineCache, PipelineCacheDescriptor, PipelineCompilationOptions, ShaderModule,
    ShaderModuleDescriptor, ShaderRuntimeChecks, ShaderSource,
};
use chainbox_engine::hash::{Hash, sha256};

use super::Wgpu;
use crate::{
    device::DeviceError,
    program::{Curve, Program},
};

/// A compiled program: a pipeline for each kernel.
#[derive(Debug)]
pub struct Pipelines {
    pub(super) kernels: Vec<ComputePipeline>,
}

/// What names a kernel on a device: programs that have it in common share it. See [`Program::of`].
pub(super) type Kernel = (Curve, Hash, &'static str);

/// The pipelines of a program. Of its kernels those are compiled that no program before it had: drivers take seconds for the large ones.
pub(super) fn compile(wgpu: &Wgpu, program: &Program) -> Result<Pipelines, DeviceError> {
    let kernels = || wgpu.kernels.lock().unwrap_or_else(PoisonError::into_inner);
    let named = |kernel: &'static str| (program.of.0, program.of.1, kernel);
    let missing: Vec<_> = program.kernels.iter().copied().filter(|kernel| !kernels().contains_key(&named(kernel))).collect();
    let compiled = compile_kernels(wgpu, program, &missing)?;
    let mut kernels = kernels();
    kernels.extend(missing.into_iter().map(named).zip(compiled));
    Ok(Pipelines { kernels: program.kernels.iter().map(|kernel| kernels[&named(kernel)].clone()).collect() })
}

/// The pipelines of some kernels of a program, in their order.
fn compile_kernels(wgpu: &Wgpu, program: &Program, kernels: &[&'static str]) -> Result<Vec<ComputePipeline>, DeviceError> {
    let failed = |log: String| DeviceError::Compile { program: program.name.clone(), log };
    let source = program.wgsl(wgpu.has_int64());
    let key = key(wgpu, program, source);
    let known = wgpu.cache.as_ref().and_then(|cache| cache.get(&key));
    let module = wgpu.scoped(|| module(wgpu, source)).map_err(failed)?;
    let cache = wgpu.scoped(|| cache(wgpu, known.as_deref())).map_err(failed)?;
    let pipeline = |kernel: &str| {
        let descriptor = ComputePipelineDescriptor {
            label: None,
            layout: Some(&wgpu.layout),
            module: &module,
            entry_point: Some(kernel),
            // Every kernel writes what the group reads.
            compilation_options: PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..PipelineCompilationOptions::default()
            },
            cache: cache.as_ref(),
        };
        wgpu.scoped(|| wgpu.device.create_compute_pipeline(&descriptor)).map_err(|log| failed(format!("{kernel}: {log}")))
    };
    // A program has a handful of kernels. They are compiled side by side.
    let pipelines = thread::scope(|scope| {
        let compiling: Vec<_> = kernels.iter().map(|kernel| scope.spawn(|| pipeline(kernel))).collect();
        let panicked = |_| Err(failed("the compiler panicked".to_owned()));
        compiling.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect::<Result<_, _>>()
    })?;
    wgpu.check()?;
    if let (Some(kept), Some(data)) = (&wgpu.cache, cache.and_then(|cache| cache.get_data()))
        && known.as_ref() != Some(&data)
    {
        kept.put(&key, &data);
    }
    Ok(pipelines)
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
    // SAFETY: the data came from `get_data` under this key: the cache gives back what was put there, or nothing. wgpu compares device and driver.
    has_caches.then(|| unsafe { wgpu.device.create_pipeline_cache(&descriptor) })
}

/// What names the pipelines of this source, on this adapter, with this driver.
fn key(wgpu: &Wgpu, program: &Program, source: &str) -> String {
    let parts = [&wgpu.info.name, &wgpu.info.driver, source].map(|part| format!("{}\n{part}", part.len())).concat();
    let digest: String = sha256(parts.as_bytes())[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("wgpu-{}-{digest}", program.name)
}
