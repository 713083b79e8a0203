//! The devices of this machine, and one launch of one kernel.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

#[cfg(feature = "wgpu")]
use chainbox_kernels::wgpu::{Wgpu, Words};
use chainbox_kernels::{
    device::{Device, DeviceInfo, Launch, SlotBytes},
    layout::{GROUP_LANES, Params, WORK_WORDS},
    program::{Program, Purpose},
};

/// A launch that takes longer hangs.
const TIME_MAX: Duration = Duration::from_secs(300);

/// What the output holds before a launch.
pub const POISON: u32 = 0xa5a5_a5a5;

/// What a test does on each device.
pub trait OnDevice {
    fn run<D: Device>(&self, name: &str, device: D);
}

/// Calls a test with every device that is here.
///
/// # Panics
/// Where there is none, unless CHAINBOX_NO_DEVICES=1 is set.
pub fn on_every_device(test: &impl OnDevice) {
    // One at a time: drivers of the same device in many threads of one process are no part of what is tested here.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut devices = 0;
    #[cfg(feature = "cuda")]
    match chainbox_kernels::cuda::Cuda::all() {
        Ok(listed) => {
            for device in listed {
                devices += 1;
                let name = name_of(device.info(), "");
                test.run(&name, device.open_for_harness().unwrap_or_else(|error| panic!("{name}: {error}")));
            }
        }
        Err(why) => eprintln!("CUDA: {why}"),
    }
    #[cfg(feature = "opencl")]
    match chainbox_kernels::opencl::OpenCl::all() {
        Ok(listed) => {
            for device in listed {
                devices += 1;
                let name = name_of(device.info(), "");
                test.run(&name, device.open(None).unwrap_or_else(|error| panic!("{name}: {error}")));
            }
        }
        Err(why) => eprintln!("OpenCL: {why}"),
    }
    #[cfg(feature = "wgpu")]
    match chainbox_kernels::wgpu::adapters() {
        Ok(adapters) => {
            for adapter in adapters {
                for words in [Words::Native, Words::Only32] {
                    devices += 1;
                    let name = name_of(&adapter.info, &format!(" {words:?}"));
                    test.run(&name, Wgpu::open(&adapter, words, None).unwrap_or_else(|error| panic!("{name}: {error}")));
                }
            }
        }
        Err(why) => eprintln!("Vulkan: {}: {}", why.what, why.remedy),
    }
    let may_have_none = std::env::var_os("CHAINBOX_NO_DEVICES").is_some_and(|value| value == "1");
    assert!(
        devices > 0 || may_have_none,
        "no device runs kernels here: install pocl-opencl-icd and mesa-vulkan-drivers (tests/run packages does), or set CHAINBOX_NO_DEVICES=1"
    );
    if devices == 0 {
        eprintln!("NO DEVICE HERE: nothing was tested");
    }
}

fn name_of(info: &DeviceInfo, form: &str) -> String {
    format!("{} {}{form}", info.api, info.name)
}

/// One test kernel over items of some words each; the words of each answer. Words beyond the answers must stay as they were.
pub fn launch<D: Device>(
    device: &D,
    program: &D::Program,
    kernel: usize,
    input: &[u32],
    items: usize,
    answer_words: usize,
) -> Vec<Vec<u32>> {
    let lanes = items.next_multiple_of(GROUP_LANES);
    let output_words = (lanes + 1) * answer_words;
    let tables = device.tables(64, &[]).unwrap();
    let bytes = SlotBytes { input: 4 * input.len(), work: 4 * WORK_WORDS * lanes, output: 4 * output_words };
    let mut slot = device.slot(bytes, &tables).unwrap();
    let params = Params { items: items as u32, lanes: lanes as u32, input_bytes: 4 * input.len() as u32, ..Params::default() };
    let input: Vec<u8> = input.iter().flat_map(|word| word.to_le_bytes()).collect();
    let launches = [Launch { kernel, groups: (lanes / GROUP_LANES) as u32, params }];
    device.submit(program, &mut slot, &input, &launches, 4 * output_words, POISON).unwrap();
    let output = device.wait(&mut slot, TIME_MAX).unwrap();
    let words: Vec<u32> = output.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    assert_eq!(words.len(), output_words);
    assert!(words[items * answer_words..].iter().all(|word| *word == POISON), "lanes beyond the items wrote answers");
    words[..items * answer_words].chunks(answer_words).map(<[u32]>::to_vec).collect()
}

/// A program of the harness on a device.
pub fn compile<D: Device>(device: &D, purpose: Purpose) -> Arc<(D::Program, Program)> {
    let program = Program::new(purpose);
    let compiled = device.compile(&program).unwrap_or_else(|error| panic!("{error}"));
    Arc::new((compiled, program))
}
