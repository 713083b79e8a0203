//! What Vulkan finds on this machine, or why it finds nothing.

use std::{
    fs::File,
    pin::pin,
    task::{Context, Poll, Waker},
};

use ::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor, InstanceFlags, RequestAdapterError, RequestAdapterOptions};

use crate::device::{DeviceInfo, Kind};

/// Something that kernels can run on.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// What it is.
    pub info: DeviceInfo,
    pub(super) inner: ::wgpu::Adapter,
}

/// Why there is nothing to open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {remedy}")]
pub struct Unavailable {
    /// What is missing.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Every adapter of this machine, in the driver's order.
///
/// # Errors
/// Why there is none.
pub fn adapters() -> Result<Vec<Adapter>, Unavailable> {
    // A driver that panics while it is asked is a driver that is not there.
    super::guarded(list).map_err(|error| Unavailable {
        what: format!("Vulkan does not start: {error}"),
        remedy: "see what `vulkaninfo --summary` says (Debian: vulkan-tools)".to_owned(),
    })?
}

fn list() -> Result<Vec<Adapter>, Unavailable> {
    let descriptor = InstanceDescriptor {
        backends: Backends::VULKAN,
        flags: InstanceFlags::empty(),
        ..InstanceDescriptor::new_without_display_handle()
    };
    let instance = Instance::new(descriptor);
    let found: Vec<_> = ready(instance.enumerate_adapters(Backends::VULKAN)).into_iter().map(adapter).collect();
    if found.is_empty() { Err(unavailable(&instance)) } else { Ok(found) }
}

fn adapter(inner: ::wgpu::Adapter) -> Adapter {
    let (info, limits) = (inner.get_info(), inner.limits());
    let info = DeviceInfo {
        api: "wgpu",
        name: info.name,
        driver: format!("{} {}", info.driver, info.driver_info),
        kind: match info.device_type {
            DeviceType::DiscreteGpu => Kind::Discrete,
            DeviceType::IntegratedGpu => Kind::Integrated,
            DeviceType::Cpu => Kind::Software,
            DeviceType::VirtualGpu | DeviceType::Other => Kind::Other,
        },
        memory_bytes: 0,
        buffer_bytes_max: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
    };
    Adapter { info, inner }
}

fn unavailable(instance: &Instance) -> Unavailable {
    let error = ready(instance.request_adapter(&RequestAdapterOptions::default())).err();
    let starts = matches!(error, Some(RequestAdapterError::NotFound { active_backends, .. }) if active_backends.contains(Backends::VULKAN));
    if !starts {
        return Unavailable {
            what: "the Vulkan loader (libvulkan.so.1) cannot be opened or does not start".to_owned(),
            remedy: "install it (Debian: libvulkan1) together with the Vulkan driver of the device".to_owned(),
        };
    }
    if let Some(node) = closed_node() {
        return Unavailable {
            what: format!("Vulkan finds no device, and {node} may not be opened"),
            remedy: "add the user to the groups render and video, and log in again".to_owned(),
        };
    }
    Unavailable {
        what: "the Vulkan loader finds no driver with a device".to_owned(),
        remedy: "install the device's Vulkan driver (Debian: mesa-vulkan-drivers, or nvidia-vulkan-icd); `vulkaninfo --summary` lists what is there".to_owned(),
    }
}

/// A node of a GPU that this user may not open.
fn closed_node() -> Option<String> {
    let nodes = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten().map(|entry| entry.path());
    let closed = |node: &std::path::PathBuf| {
        let is_render = node.file_name().is_some_and(|name| name.to_string_lossy().starts_with("render"));
        is_render
            && File::options().read(true).write(true).open(node).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    };
    nodes.filter(closed).map(|node| node.display().to_string()).next()
}

/// What a future of wgpu gives: on this platform they are ready from the beginning.
pub(super) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future of wgpu is not ready"),
    }
}
