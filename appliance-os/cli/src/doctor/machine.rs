//! Processor, cores, memory, clock, entropy, open files.

use std::{
    fs,
    sync::mpsc,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chainbox_engine::{
    backend::{Cpu, known_answers},
    simd::{Feature, Processor},
};
use chainbox_service::settings::Settings;
use nix::sys::resource::{Resource, getrlimit};

use super::finding::Finding;
use crate::check::grouped;

const MIB: u64 = 1 << 20;

/// What the process takes beside what its settings allow it.
const MEMORY_ASIDE: u64 = 256 * MIB;

/// The first of January 2025, before which this was not written, in seconds since 1970.
const CLOCK_MIN: u64 = 1_735_689_600;

/// How long the system may take for its first random bytes.
const ENTROPY_TIME_MAX: Duration = Duration::from_secs(2);

/// The processor's name, or its architecture where the system does not tell the name.
pub(crate) fn processor_name() -> String {
    field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// What the processor has, and what the engine makes of it.
pub(super) fn processor() -> Finding {
    let name = processor_name();
    let processor = Processor::detect();
    let features: Vec<_> = Feature::ALL.into_iter().filter(|feature| processor.has(*feature)).map(Feature::name).collect();
    if processor.has(Feature::Avx512) {
        return Finding::ok("processor", format!("{name}: {}", features.join(", ")));
    }
    let found = if features.is_empty() { "none of the instructions that the engine can use".to_owned() } else { features.join(", ") };
    Finding::warning(
        "processor",
        format!("{name}: {found}; without avx512 the CPU verifies items one at a time, several times slower"),
        "verdicts are the same; for speed, a processor with AVX-512 IFMA (Ice Lake, Zen 4 or newer), or a virtual machine that passes it on",
    )
}

/// How many threads run at once.
pub(super) fn cores() -> Finding {
    match thread::available_parallelism().map_or(1, Into::into) {
        1 => Finding::warning("cores", "1", "with two or more, the service moves bytes while it verifies"),
        cores => Finding::ok("cores", cores.to_string()),
    }
}

/// Whether there is room for what the settings allow.
pub(super) fn memory(settings: &Settings) -> Finding {
    let kib = |name| field("/proc/meminfo", name)?.split(' ').next()?.parse::<u64>().ok();
    let (Some(all), Some(free)) = (kib("MemTotal"), kib("MemAvailable")) else {
        return Finding::warning("memory", "the system does not tell (/proc/meminfo)", "mount /proc");
    };
    memory_of(all * 1024, free * 1024, wanted(settings))
}

/// What the service may come to take: messages, the batches that are made of them, tables of keys.
fn wanted(settings: &Settings) -> u64 {
    2 * settings.limits.bytes_in_flight_max as u64 + settings.engine.key_table_bytes as u64 + MEMORY_ASIDE
}

fn memory_of(all: u64, free: u64, wanted: u64) -> Finding {
    let mib = |bytes: u64| format!("{} MiB", grouped((bytes / MIB) as f64));
    let found = format!("{} free of {}; by its settings the service may take {}", mib(free), mib(all), mib(wanted));
    if free < MEMORY_ASIDE {
        Finding::bad("memory", found, "stop other programs, or add memory")
    } else if free < wanted {
        Finding::warning("memory", found, "lower limits.bytes_in_flight_max or engine.key_table_bytes_max, or add memory")
    } else {
        Finding::ok("memory", found)
    }
}

/// The known answers on the CPU, here and now.
pub(super) fn known_answers_of_cpu() -> Finding {
    let start = Instant::now();
    match known_answers::check(&Cpu::new()) {
        Ok(count) => Finding::ok("known answers", format!("cpu: {count}, all right, in {} ms", start.elapsed().as_millis())),
        Err(failure) => Finding::bad(
            "known answers",
            format!("cpu: {failure}"),
            "do not use this build on this machine, and report this; check the memory (memtester) and the processor's microcode",
        ),
    }
}

/// Whether the clock can be true, and is read without a detour.
pub(super) fn clock() -> Finding {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let source = fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource").unwrap_or_default();
    clock_of(now, source.trim())
}

fn clock_of(seconds: u64, source: &str) -> Finding {
    /// Sources that a process reads without asking the system.
    const FAST: [&str; 4] = ["tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter"];
    if seconds < CLOCK_MIN {
        return Finding::bad(
            "clock",
            format!("it says {} years after 1970", seconds / 31_556_952),
            "set it (timedatectl set-ntp true): certificates are refused by a wrong clock",
        );
    }
    if source.is_empty() || FAST.contains(&source) {
        return Finding::ok("clock", if source.is_empty() { "set".to_owned() } else { format!("set; source {source}") });
    }
    Finding::warning(
        "clock",
        format!("set; source {source}, which takes a call of the system for each reading"),
        "boot with a stable time stamp counter (clocksource=tsc), where the machine has one",
    )
}

/// Whether the system gives random bytes: factors of combinations come from them, and the keys of TLS sessions.
pub(super) fn entropy() -> Finding {
    let (sender, receiver) = mpsc::channel();
    // A system without entropy lets this thread wait, and this process ends without it.
    thread::spawn(move || {
        let mut bytes = [0u8; 32];
        let _ = sender.send(getrandom::fill(&mut bytes).map_err(|error| error.to_string()));
    });
    let remedy = "start a source of entropy (virtio-rng in a virtual machine, rngd, haveged)";
    match receiver.recv_timeout(ENTROPY_TIME_MAX) {
        Ok(Ok(())) => Finding::ok("entropy", "the system gives random bytes"),
        Ok(Err(error)) => Finding::bad("entropy", format!("the system gives no random bytes: {error}"), remedy),
        Err(_) => Finding::bad("entropy", format!("no random bytes within {} s", ENTROPY_TIME_MAX.as_secs()), remedy),
    }
}

/// Whether as many files may be open as there may be connections.
pub(super) fn open_files(settings: &Settings) -> Finding {
    let wanted = chainbox_service::files_wanted(settings);
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) => open_files_of(soft, hard, wanted),
        Err(error) => Finding::warning("open files", format!("the system does not tell: {error}"), "see ulimit -n"),
    }
}

fn open_files_of(soft: u64, hard: u64, wanted: u64) -> Finding {
    let found = format!("{} (at most {}); the service may want {}", limit(soft), limit(hard), grouped(wanted as f64));
    // The service asks for what it wants, up to the hard limit.
    if hard >= wanted {
        return Finding::ok("open files", found);
    }
    let remedy = format!("ulimit -Hn {wanted}, or LimitNOFILE={wanted} in the unit, or a lower limits.connections_max");
    Finding::warning("open files", found, remedy)
}

fn limit(files: u64) -> String {
    if files == u64::MAX { "no limit".to_owned() } else { grouped(files as f64) }
}

/// The value of a line `name : value`.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line[name.len()..].trim_start_matches([' ', '\t', ':']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn memory_is_compared_with_what_the_settings_allow() {
        let state = |free| memory_of(8 << 30, free, 1 << 30).state;
        assert_eq!([100 * MIB, 1000 * MIB, 1024 * MIB].map(state), [State::Bad, State::Warning, State::Ok]);
        assert!(
            memory_of(8 << 30, 2 << 30, 1 << 30)
                .found
                .starts_with("2,048 MiB free of 8,192 MiB; by its settings the service may take 1,024")
        );
    }

    #[test]
    fn a_clock_is_true_and_fast_or_not() {
        let state = |seconds, source| clock_of(seconds, source).state;
        assert_eq!(state(0, "tsc"), State::Bad);
        assert_eq!(state(CLOCK_MIN, "hpet"), State::Warning);
        assert_eq!([state(CLOCK_MIN, "tsc"), state(CLOCK_MIN, "")], [State::Ok; 2]);
    }

    #[test]
    fn open_files_are_compared_with_connections() {
        assert_eq!(open_files_of(1_024, 2_048, 2_176).state, State::Warning);
        let enough = open_files_of(1_024, u64::MAX, 2_176);
        assert_eq!((enough.state, &*enough.found), (State::Ok, "1,024 (at most no limit); the service may want 2,176"));
    }

    #[test]
    fn this_machine_knows_its_answers_and_has_entropy() {
        assert_eq!(known_answers_of_cpu().state, State::Ok);
        assert_eq!(entropy().state, State::Ok);
        assert_ne!(processor().found, "");
    }
}
