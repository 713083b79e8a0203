//! The library before a service.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::Stdio,
    sync::Arc,
};

use chainbox_engine::backend::Cpu;
use chainbox_service::{Backends, Service, settings::Settings};
use tokio::runtime::Runtime;

use super::{
    host::{Build, Host, library, succeeded},
    items,
};

/// A service in the host's folder, and the line of settings that names it.
fn start(host: &Host, runtime: &Runtime) -> (Service, String) {
    let mut settings = Settings::with_data(host.path("data"));
    settings.grpc.listen = None;
    settings.http.listen = None;
    let backends = Backends::cpu_alone(Arc::new(Cpu::new()));
    let service = runtime.block_on(Service::start(settings, backends, None)).expect("a service");
    let line = format!("service = \"{}\"\n", service.addresses().socket.clone().expect("a socket"));
    (service, line)
}

#[test]
fn a_services_verdicts_are_the_engines_and_libcryptos() {
    let (host, runtime) = (Host::without_keys(), Runtime::new().expect("a runtime"));
    let (service, line) = start(&host, &runtime);
    host.settings(&format!("{line}fallback = false\n"));
    let path = items::write(&host, &items::items(300));
    let log = succeeded(&host.run("node.c", &[path.to_str().expect("a path of ASCII"), "50"]));
    assert!(log.contains("by the service, 0 by this process's CPU"), "{log}");
    runtime.block_on(service.shutdown()).expect("it ends");
}

#[test]
fn without_its_service_nothing_is_valid_and_nothing_is_invalid() {
    let (host, runtime) = (Host::without_keys(), Runtime::new().expect("a runtime"));
    let (service, line) = start(&host, &runtime);
    host.settings(&format!("{line}fallback = false\n"));
    let program = host.compile("fault.c", Build::Plain).expect("a compiler compiles");
    let mut command = host.command(program);
    command.arg(library()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("it says something");
    runtime.block_on(service.shutdown()).expect("it ends");
    // Where it ended early, what it printed says why.
    let _ = child.stdin.take().expect("it is piped").write_all(b"\n");
    said.read_to_string(&mut line).expect("text");
    let log = succeeded(&child.wait_with_output().expect("it ends"));
    assert!(log.contains("nothing is verified meanwhile"), "{log}");
}
