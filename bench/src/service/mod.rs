//! The service, as a process of its own on the same machine, beside the engine in this one: the same items in the same run.
//!
//! Clients and server share the processors, as a node and the service on its machine do: what a client spends is missing from the server. Requests
//! come in a closed loop (each client asks again once it has its answer) or in an open one (at random times, whether or not the last one is
//! answered; a latency is counted from when its request was to be sent).

mod certificates;
mod load;
mod options;
pub mod report;
pub(crate) mod server;

pub use options::Options;

use std::{path::Path, sync::Arc, thread, time::Duration, time::Instant};

use chainbox_api::client::{Address, Client, Options as ClientOptions, Tls};
use chainbox_engine::{
    backend::{Backend as _, Cpu},
    scheme::Scheme,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

use crate::{Error, machine::Machine, measure::Times, report::percent};
use certificates::Authority;
use load::{Alone, Measured, Pool, closed, closed_in_process, open};
use report::{Report, Row, Section, Spent, Subject, Transport, offer};
use server::{HONEST, Server, hostile};

/// Clients of the honest source, and of requests at random times.
const OPEN_CLIENTS: usize = 16;

/// Items a request of the honest source.
const HONEST_BATCH: usize = 64;

/// Files that this process and the server may want to have open, beside connections.
const FILES_ASIDE: u64 = 512;

/// Measures a section, or every one. `program` is a `chainbox` that serves. Each row is handed to `show` as soon as it is there.
///
/// # Errors
/// [`Error`]; nothing is reported of a run in which anything went wrong.
pub fn run(options: &Options, only: Option<Section>, program: &Path, machine: Machine, show: impl FnMut(&Row)) -> Result<Report, Error> {
    allow_files(options.idle_clients as u64 + FILES_ASIDE)?;
    let runtime = runtime_for_clients()?;
    let engine = Cpu::with_options(&chainbox_engine::backend::CpuOptions { processor: machine.processor, ..Default::default() })?;
    let mut bench = Bench { options, program, runtime, engine, show, results: Vec::new() };
    for section in Section::ALL.into_iter().filter(|section| only.is_none_or(|only| only == *section)) {
        match section {
            Section::Transports => bench.transports()?,
            Section::Batches => bench.batches()?,
            Section::Open => bench.open()?,
            Section::Small => bench.small()?,
            Section::Idle => bench.idle()?,
            Section::Hostile => bench.hostile()?,
        }
    }
    Ok(Report { machine, samples: options.samples, results: bench.results })
}

/// Threads for clients.
fn runtime_for_clients() -> Result<Runtime, Error> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Error::System { place: "threads for clients".to_owned(), error })
}

/// Clients with a connection each.
fn clients_on(runtime: &Runtime, address: &Address, options: &ClientOptions, clients: usize) -> Result<Vec<Client>, Error> {
    (0..clients).map(|_| Ok(runtime.block_on(Client::connect(address, options.clone()))?)).collect()
}

/// Lets this process, and the servers that it starts, have so many files open.
fn allow_files(files: u64) -> Result<(), Error> {
    let system = |error: nix::Error| Error::System { place: format!("{files} open files"), error: error.into() };
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(system)?;
    if soft < files {
        setrlimit(Resource::RLIMIT_NOFILE, files.min(hard), hard).map_err(system)?;
    }
    Ok(())
}

/// A run on the way.
struct Bench<'a, S> {
    options: &'a Options,
    program: &'a Path,
    runtime: Runtime,
    engine: Cpu,
    show: S,
    results: Vec<Row>,
}

impl<S: FnMut(&Row)> Bench<'_, S> {
    /// Each way to the service beside the engine, interleaved, at full speed.
    fn transports(&mut self) -> Result<(), Error> {
        let authority = Authority::new()?;
        let plain = self.server(None)?;
        let secured = self.server(Some(&authority))?;
        let tls = authority.client(HONEST)?;
        for &scheme in self.options.schemes {
            let clients = self.options.clients;
            let ways = [
                (Transport::Socket, &plain, self.clients(&plain.socket, None, clients)?),
                (Transport::Tcp, &plain, self.clients(&plain.tcp, None, clients)?),
                (Transport::TcpTls, &secured, self.clients(&secured.tcp, Some(&tls), clients)?),
            ];
            self.compare(Section::Transports, scheme, self.options.batch, &ways, "closed loop")?;
        }
        Ok(())
    }

    /// Requests of other sizes beside the engine, interleaved, at full speed.
    fn batches(&mut self) -> Result<(), Error> {
        let server = self.server(None)?;
        for &(batch, clients) in self.options.batches {
            let ways = [(Transport::Socket, &server, self.clients(&server.socket, None, clients)?)];
            self.compare(Section::Batches, self.scheme(), batch, &ways, "closed loop")?;
        }
        Ok(())
    }

    /// Rows of the engine and of each way, from samples that were taken in turn.
    fn compare(
        &mut self,
        section: Section,
        scheme: Scheme,
        batch: usize,
        ways: &[(Transport, &Server, Vec<Client>)],
        what: &str,
    ) -> Result<(), Error> {
        let pool = self.pool(scheme, batch, 0.0)?;
        let clients = ways[0].2.len();
        let Options { sample_time, warm_time, samples, .. } = *self.options;
        closed_in_process(&self.engine, &pool, clients, warm_time)?;
        for (_, _, clients) in ways {
            closed(self.runtime.handle(), clients, &pool, warm_time, false)?;
        }
        let mut engines = Vec::new();
        let mut servers: Vec<(Vec<Measured>, f64)> = ways.iter().map(|_| (Vec::new(), 0.0)).collect();
        for _ in 0..samples {
            engines.push(closed_in_process(&self.engine, &pool, clients, sample_time)?);
            for ((_, server, clients), (samples, cpu_s)) in ways.iter().zip(&mut servers) {
                let before = server.cpu_time()?;
                samples.push(closed(self.runtime.handle(), clients, &pool, sample_time, false)?);
                *cpu_s += server.cpu_time()?.saturating_sub(before).as_secs_f64();
            }
        }
        let subject = |transport| Subject { section, scheme, transport, what: what.to_owned(), batch, clients, offered_items_per_s: None };
        let engine = Row::new(subject(Transport::InProcess), &engines, None);
        let rate = engine.items_per_s;
        self.keep(engine);
        for ((transport, server, _), (samples, cpu_s)) in ways.iter().zip(servers) {
            let spent = Spent { cpu_s, memory_max: server.memory_max()? };
            self.keep(Row::new(subject(*transport), &samples, Some(spent)).compared_with(rate));
        }
        Ok(())
    }

    /// Requests at random times, at shares of the rate of the closed loop.
    fn open(&mut self) -> Result<(), Error> {
        let server = self.server(None)?;
        for &(batch, _) in self.options.batches {
            let clients = self.clients(&server.socket, None, OPEN_CLIENTS)?;
            let pool = self.pool(self.scheme(), batch, 0.0)?;
            let time = self.options.warm_time;
            closed(self.runtime.handle(), &clients, &pool, time, false)?;
            let highest = closed(self.runtime.handle(), &clients, &pool, time, false)?.items_per_s();
            drop(clients);
            let alone = Self::alone(&server.socket, None)?;
            let plain_us = self.plain_us(&pool)?;
            for &share in self.options.loads {
                let requests_per_s = share * highest / batch as f64;
                let time = self.options.sample_time * self.options.samples as u32;
                let subject = self.subject(Section::Open, Transport::Socket, &pool, OPEN_CLIENTS);
                let row =
                    self.open_row(&server, &alone, &pool, requests_per_s, time, Subject { what: offer(share, requests_per_s), ..subject })?;
                self.keep(Row { plain_us: Some(plain_us), ..row });
            }
        }
        Ok(())
    }

    /// Single items at a small share of the rate that the engine has for them: nobody should wait for others.
    fn small(&mut self) -> Result<(), Error> {
        let authority = Authority::new()?;
        let plain = self.server(None)?;
        let secured = self.server(Some(&authority))?;
        let tls = authority.client(HONEST)?;
        let pool = self.pool(self.scheme(), 1, 0.0)?;
        let warm_time = self.options.warm_time;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let rate = closed_in_process(&self.engine, &pool, cores, warm_time)?.items_per_s();
        for (transport, server, address, tls) in [
            (Transport::Socket, &plain, &plain.socket, None),
            (Transport::Tcp, &plain, &plain.tcp, None),
            (Transport::TcpTls, &secured, &secured.tcp, Some(&tls)),
        ] {
            closed(self.runtime.handle(), &self.clients(address, tls, OPEN_CLIENTS)?, &pool, warm_time, false)?;
            let alone = Self::alone(address, tls)?;
            let plain_us = self.plain_us(&pool)?;
            let requests_per_s = self.options.small_load * rate;
            let what = offer(self.options.small_load, requests_per_s);
            let subject = Subject { what, ..self.subject(Section::Small, transport, &pool, OPEN_CLIENTS) };
            let row = self.open_row(server, &alone, &pool, requests_per_s, self.options.small_time, subject)?;
            self.keep(Row { plain_us: Some(plain_us), ..row });
        }
        Ok(())
    }

    /// What clients cost the server that are connected and do nothing, beside a server without any.
    fn idle(&mut self) -> Result<(), Error> {
        let server = self.server(None)?;
        for idle_clients in [0, self.options.idle_clients] {
            let clients = self.clients(&server.socket, None, idle_clients)?;
            // What connecting has left to do.
            thread::sleep(Duration::from_secs(1));
            let time = self.options.idle_time;
            let before = server.cpu_time()?;
            thread::sleep(time);
            let cpu_s = server.cpu_time()?.saturating_sub(before).as_secs_f64();
            let spent = Spent { cpu_s, memory_max: server.memory_max()? };
            let what = format!("{} of a core", percent(cpu_s / time.as_secs_f64()));
            let subject = Subject {
                section: Section::Idle,
                scheme: self.scheme(),
                transport: Transport::Socket,
                what,
                batch: 0,
                clients: idle_clients,
                offered_items_per_s: None,
            };
            self.keep(Row::new(subject, &[Measured { time, ..Measured::new() }], Some(spent)));
            drop(clients);
        }
        Ok(())
    }

    /// An honest source at a share of the machine's rate: alone, and beside hostile ones that send forged items as fast as they can.
    fn hostile(&mut self) -> Result<(), Error> {
        let (sources, clients_each) = self.options.hostile;
        let authority = Authority::new()?;
        let server = self.server(Some(&authority))?;
        let handle = self.runtime.handle().clone();
        let honest_pool = self.pool(self.scheme(), HONEST_BATCH, 0.0)?;
        let hostile_pool = self.pool(self.scheme(), self.options.batch, self.options.forged)?;
        let tls = authority.client(HONEST)?;
        let clients = self.clients(&server.tcp, Some(&tls), OPEN_CLIENTS)?;
        closed(&handle, &clients, &honest_pool, self.options.warm_time, false)?;
        let highest = closed(&handle, &clients, &honest_pool, self.options.warm_time, false)?.items_per_s();
        drop(clients);
        let honest = Self::alone(&server.tcp, Some(&tls))?;
        let requests_per_s = self.options.honest_load * highest / HONEST_BATCH as f64;
        let time = self.options.hostile_time;

        let subject = |what: &str| {
            let what = format!("{what}, {}", offer(self.options.honest_load, requests_per_s));
            Subject { what, ..self.subject(Section::Hostile, Transport::TcpTls, &honest_pool, OPEN_CLIENTS) }
        };
        let subjects = ["alone", "beside"].map(subject);
        let [alone, beside] = subjects;
        let alone = self.open_row(&server, &honest, &honest_pool, requests_per_s, time, alone)?;
        let alone_rate = alone.items_per_s;
        self.keep(alone);

        // On threads of their own: an honest client must not wait for a hostile one before anything is sent.
        let crowd_runtime = runtime_for_clients()?;
        let mut crowd = Vec::new();
        for source in 0..sources {
            let tls = authority.client(&hostile(source))?;
            // One that takes no hint: it never waits.
            crowd.extend(clients_on(&crowd_runtime, &server.tcp, &impatient(&tls), clients_each)?);
        }
        let (beside, attack) = thread::scope(|scope| {
            // They begin before the honest source is measured, and end after it.
            let attack = scope.spawn(|| closed(crowd_runtime.handle(), &crowd, &hostile_pool, time + Duration::from_secs(2), true));
            thread::sleep(Duration::from_secs(1));
            let beside = self.open_row(&server, &honest, &honest_pool, requests_per_s, time, beside);
            let attack = attack.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, Error>((beside?, attack?))
        })?;
        self.keep(beside.compared_with(alone_rate));
        // What was answered and what was refused, which came again at once.
        let offered = (attack.requests + attack.failed) as f64 * hostile_pool.batch() as f64 / attack.time.as_secs_f64();
        let subject = Subject {
            offered_items_per_s: Some(offered),
            what: format!("{sources} hostile, {} forged", percent(self.options.forged)),
            ..self.subject(Section::Hostile, Transport::TcpTls, &hostile_pool, crowd.len())
        };
        self.keep(Row::new(subject, &[attack], None));
        Ok(())
    }

    fn open_row(
        &self,
        server: &Server,
        clients: &[Alone],
        pool: &Arc<Pool>,
        requests_per_s: f64,
        time: Duration,
        subject: Subject,
    ) -> Result<Row, Error> {
        let before = server.cpu_time()?;
        let measured = open(clients, pool, requests_per_s, time)?;
        let spent = Spent { cpu_s: server.cpu_time()?.saturating_sub(before).as_secs_f64(), memory_max: server.memory_max()? };
        let offered_items_per_s = Some(requests_per_s * pool.batch() as f64);
        Ok(Row::new(Subject { offered_items_per_s, ..subject }, &[measured], Some(spent)))
    }

    /// The median time of a request in this process, with the machine to itself.
    fn plain_us(&self, pool: &Pool) -> Result<f64, Error> {
        /// Requests that are not timed, and those that are.
        const REQUESTS: [usize; 2] = [50, 500];
        let mut times = Vec::new();
        for turn in 0..REQUESTS[0] + REQUESTS[1] {
            let start = Instant::now();
            let verdicts = self.engine.verify(pool.request(turn))?;
            let time = start.elapsed();
            pool.check(turn, &verdicts, "the engine")?;
            if turn >= REQUESTS[0] {
                times.push(time);
            }
        }
        Ok(Times::new(times).median().as_secs_f64() * 1e6)
    }

    fn subject(&self, section: Section, transport: Transport, pool: &Pool, clients: usize) -> Subject {
        Subject { section, scheme: pool.scheme, transport, what: String::new(), batch: pool.batch(), clients, offered_items_per_s: None }
    }

    /// The scheme of all but the transports.
    fn scheme(&self) -> Scheme {
        self.options.schemes[0]
    }

    fn pool(&self, scheme: Scheme, batch: usize, forged: f64) -> Result<Arc<Pool>, Error> {
        Ok(Arc::new(Pool::new(scheme, self.options.signers, batch, self.options.items, forged)?))
    }

    fn server(&self, authority: Option<&Authority>) -> Result<Server, Error> {
        Server::start(self.program, authority, self.options.hostile.0)
    }

    fn clients(&self, address: &Address, tls: Option<&Tls>, clients: usize) -> Result<Vec<Client>, Error> {
        clients_on(&self.runtime, address, &ClientOptions { tls: tls.cloned(), ..ClientOptions::default() }, clients)
    }

    /// Clients for requests at random times.
    fn alone(address: &Address, tls: Option<&Tls>) -> Result<Vec<Alone>, Error> {
        let options = ClientOptions { tls: tls.cloned(), ..ClientOptions::default() };
        (0..OPEN_CLIENTS).map(|_| Alone::connect(address, options.clone())).collect()
    }

    fn keep(&mut self, row: Row) {
        (self.show)(&row);
        self.results.push(row);
    }
}

/// A client that tries once.
fn impatient(tls: &Tls) -> ClientOptions {
    let once = chainbox_api::client::Retries { tries_max: 1, ..Default::default() };
    ClientOptions { tls: Some(tls.clone()), retries: once, ..ClientOptions::default() }
}
