//! Who starts the child, watches it, and starts it again.

use std::{
    ffi::OsString,
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            ffi::OsStrExt,
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open},
};

use super::{
    Options, State,
    bell::Bell,
    channel::{Broken, Channel},
    child::{Child, LateLane},
    frame::{ANSWER_BYTES_MAX, Answer, Hello},
    output,
};
use crate::{Deadline, Error, Kind};

/// The pause before the second start in a row that came to nothing; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// A child that lived so long was no start in vain.
const STEADY: Duration = Duration::from_secs(1);
/// One that answered before it ended counts as so many in a row at most: 200 ms later the next is started, so that signing goes on within a second.
const IN_VAIN_ANSWERED_MAX: u32 = 4;
/// How long a child has for its end, where its channels are closed: then it is killed.
const END_MAX: Duration = Duration::from_secs(1);
/// The most channels of a child, whatever it asks for.
const LANES_MAX: usize = 256;

/// What stands between the callers and the child.
enum Phase {
    /// A child is started.
    Starting,
    /// A child answers.
    Running(Arc<Child>),
    /// The next child is started then. Where its device could not be opened, that is the answer until then.
    Pausing { until: Instant, error: Error, was_opened: bool },
    /// No child is started any more.
    Stopped(Error),
}

/// What callers and supervisor share.
pub(super) struct Supervised {
    name: String,
    phase: Mutex<Phase>,
    changed: Condvar,
    state: Mutex<State>,
    bell: Arc<Bell>,
    is_stopping: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Supervised {
    pub(super) fn new(name: &str, bell: Bell) -> Self {
        Self {
            name: name.to_owned(),
            phase: Mutex::new(Phase::Starting),
            changed: Condvar::new(),
            state: Mutex::default(),
            bell: Arc::new(bell),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// The child to ask: the one that runs, or the next where that comes before the deadline.
    pub(super) fn child(&self, deadline: Deadline) -> Result<Arc<Child>, Error> {
        let mut phase = lock(&self.phase);
        loop {
            match &*phase {
                Phase::Running(child) if !child.is_ending() => return Ok(Arc::clone(child)),
                Phase::Pausing { until, error, was_opened } if !was_opened || *until > deadline.at() => return Err(error.clone()),
                Phase::Stopped(error) => return Err(error.clone()),
                Phase::Running(_) | Phase::Starting | Phase::Pausing { .. } => {}
            }
            if deadline.is_over() {
                return Err(Error::new(
                    Kind::Deadline,
                    &self.name,
                    "the process that holds the module was not up again before the deadline",
                ));
            }
            (phase, _) = self.changed.wait_timeout(phase, deadline.left()).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the first child has opened its device, or has not.
    pub(super) fn started(&self) -> Result<(), Error> {
        let phase =
            self.changed.wait_while(lock(&self.phase), |phase| matches!(phase, Phase::Starting)).unwrap_or_else(PoisonError::into_inner);
        match &*phase {
            Phase::Stopped(error) | Phase::Pausing { error, .. } => Err(error.clone()),
            Phase::Starting | Phase::Running(_) => Ok(()),
        }
    }

    pub(super) fn state(&self) -> State {
        lock(&self.state).clone()
    }

    /// Ends the child and its supervision.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.bell.ring();
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    fn enter(&self, phase: Phase) {
        *lock(&self.phase) = phase;
        self.changed.notify_all();
    }

    fn ended(&self, why: &str) -> Error {
        Error::new(Kind::Crashed, &self.name, why)
            .remedy("it is started again; where this goes on, see the log and ask the module's vendor")
    }
}

/// The supervisor: the thread that starts children is their parent, and they die with it.
pub(super) struct Supervisor {
    pub(super) shared: Arc<Supervised>,
    pub(super) hello: Hello,
    pub(super) options: Options,
}

/// A child that runs, and this side of its standard error.
struct Running {
    process: std::process::Child,
    child: Arc<Child>,
    errors: Arc<UnixStream>,
}

impl Supervisor {
    /// Starts children one after another, until the end. The first must open its device: otherwise nothing is watched.
    pub(super) fn run(self) {
        let mut in_vain = 0;
        let mut is_first = true;
        while !self.shared.is_stopping() {
            let (error, was_opened) = match self.start() {
                Ok(running) => {
                    let born = Instant::now();
                    let child = Arc::clone(&running.child);
                    let why = self.watch(running);
                    in_vain = match in_vain + 1 {
                        _ if born.elapsed() >= STEADY => 1,
                        more if child.has_answered() => more.min(IN_VAIN_ANSWERED_MAX),
                        more => more,
                    };
                    (self.shared.ended(&why), true)
                }
                Err(error) => {
                    in_vain += 1;
                    (error, false)
                }
            };
            // A wrong PIN locks a token after a few tries: it is not tried again.
            if self.shared.is_stopping() || !was_opened && (is_first || error.kind == Kind::Pin) {
                return self.shared.enter(Phase::Stopped(error));
            }
            is_first = false;
            self.pause(in_vain, error, was_opened);
        }
        self.shared.enter(Phase::Stopped(self.shared.ended("the service ends")));
    }

    /// Waits before the next start: not at all before the first, and longer each time.
    fn pause(&self, in_vain: u32, error: Error, was_opened: bool) {
        let pause = if in_vain <= 1 { Duration::ZERO } else { (PAUSE_MIN * 2_u32.pow((in_vain - 2).min(16))).min(PAUSE_MAX) };
        let until = Instant::now() + pause;
        tracing::warn!(device = self.shared.name, %error, pause_ms = pause.as_millis(), "the process that holds the module is started again");
        let mut state = lock(&self.shared.state);
        state.restarts += 1;
        state.last_end = Some(error.what.clone());
        drop(state);
        self.shared.enter(Phase::Pausing { until, error, was_opened });
        while Instant::now() < until && !self.shared.is_stopping() {
            self.shared.bell.hush();
            wait(&[self.shared.bell.descriptor()], Some(until));
        }
        if was_opened || pause.is_zero() {
            self.shared.enter(Phase::Starting);
        }
    }

    /// Starts a child and lets it open its device.
    fn start(&self) -> Result<Running, Error> {
        let (ours, theirs) = UnixStream::pair().map_err(|error| self.not_started(&error))?;
        let (errors, their_errors) = UnixStream::pair().map_err(|error| self.not_started(&error))?;
        let mut process = self.spawn(theirs, their_errors)?;
        let errors = Arc::new(errors);
        output::forward(&self.shared.name, Arc::clone(&errors), self.hello.secrets.iter().map(|(_, secret)| secret.clone()).collect());
        let opened = self.open(&process, ours);
        match opened {
            Ok(child) => {
                let child = Arc::new(child);
                lock(&self.shared.state).pid = Some(process.id());
                self.shared.enter(Phase::Running(Arc::clone(&child)));
                Ok(Running { process, child, errors })
            }
            Err(refused) => {
                // It may have ended already.
                let _ = process.kill();
                let status = process.wait();
                let _ = errors.shutdown(Shutdown::Both);
                Err(refused.unwrap_or_else(|| {
                    let what = status.map_or_else(|error| error.to_string(), describe);
                    self.shared.ended(&format!("the process that holds the module did not open it: it {what}"))
                }))
            }
        }
    }

    /// Starts the program. Both sockets are the child's alone then, so that its end is seen as theirs.
    fn spawn(&self, control: UnixStream, errors: UnixStream) -> Result<std::process::Child, Error> {
        let program = self.options.program();
        let mut command = Command::new(&program);
        command
            .arg0(format!("chainbox-hsm-host: {}", self.shared.name))
            .args(&self.options.arguments)
            .stdin(OwnedFd::from(control))
            .stdout(Stdio::null())
            .stderr(OwnedFd::from(errors))
            // Ctrl-C in a terminal goes to the parent alone, which ends its child in order.
            .process_group(0);
        for name in self.secret_variables() {
            command.env_remove(name);
        }
        command.spawn().map_err(|error| self.not_started(&format!("{}: {error}", program.display())))
    }

    /// The environment's variables that hold a secret of the device: the child has it already, and what it starts has no business with it.
    fn secret_variables(&self) -> impl Iterator<Item = OsString> {
        std::env::vars_os()
            .filter(|(_, value)| self.hello.secrets.iter().any(|(_, secret)| value.as_bytes().trim_ascii() == secret.expose()))
            .map(|(name, _)| name)
    }

    fn not_started(&self, error: &dyn std::fmt::Display) -> Error {
        Error::new(Kind::Library, &self.shared.name, format!("the process that holds the module cannot be started: {error}"))
            .remedy("check the program, and the limits of processes and open files")
    }

    /// Says what to open and takes the answer. No error is one that the process's end explains.
    fn open(&self, process: &std::process::Child, control: UnixStream) -> Result<Child, Option<Error>> {
        let failed = |error: &dyn std::fmt::Display| Some(self.not_started(error));
        let until = Deadline::after(Duration::from_millis(self.options.start_ms_max));
        let late = |broken: Broken| match broken {
            Broken::Late => {
                let what = format!("the module was not open after {} ms", self.options.start_ms_max);
                Some(Error::new(Kind::Deadline, &self.shared.name, what).remedy("check whether the device can be reached"))
            }
            Broken::Closed => None,
            Broken::Failed(_) | Broken::Malformed(_) => Some(self.shared.ended(&broken.to_string())),
        };
        let pid = Pid::from_child(process);
        let descriptor = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| failed(&error))?;
        let copy = control.try_clone().map_err(|error| failed(&error))?;
        let mut channel = Channel::new(Arc::new(copy)).map_err(|error| failed(&error))?;
        self.hello.encode(&mut channel.out);
        let sent = channel.send(Some(until));
        channel.tidy(true);
        sent.map_err(late)?;
        let (_, body) = channel.receive(ANSWER_BYTES_MAX, Some(until)).map_err(late)?;
        match Answer::decode(body).map_err(|malformed| late(malformed.into()))? {
            Answer::Welcome(lanes) => Ok(Child::new(descriptor, control, lanes.clamp(1, LANES_MAX), Arc::clone(&self.shared.bell))),
            Answer::Failed(error) => Err(Some(error)),
            _ => Err(Some(self.shared.ended("it did not say whether the device is open"))),
        }
    }

    /// Watches a child until it is dead; why it died.
    fn watch(&self, running: Running) -> String {
        let mut late = Vec::new();
        let mut ends_by: Option<Instant> = None;
        loop {
            late.extend(running.child.take_late());
            let now = Instant::now();
            if late.iter().any(|lane: &LateLane| lane.until <= now) {
                running.child.kill("it hung: a request was not answered long after its deadline");
            }
            if self.shared.is_stopping() {
                running.child.close();
            }
            if ends_by.is_none() && (running.child.is_ending() || self.shared.is_stopping()) {
                ends_by = Some(now + END_MAX);
            }
            if ends_by.is_some_and(|by| by <= now) {
                running.child.kill("it closed a channel and went on");
            }
            let until = late.iter().map(|lane| lane.until).chain(ends_by).min();
            let mut descriptors: Vec<&dyn AsFd> = vec![running.child.process(), self.shared.bell.descriptor()];
            descriptors.extend(late.iter().map(|lane| lane.stream() as &dyn AsFd));
            let ready = wait(&descriptors, until);
            if ready.first() == Some(&true) {
                return self.bury(running);
            }
            self.shared.bell.hush();
            let mut answered = ready.into_iter().skip(2);
            let (settled, left) = late.into_iter().partition(|_| answered.next() == Some(true));
            late = left;
            for lane in Vec::from_iter::<Vec<_>>(settled) {
                running.child.settle(lane);
            }
        }
    }

    /// What is left to do for a dead child.
    fn bury(&self, mut running: Running) -> String {
        running.child.close();
        lock(&self.shared.state).pid = None;
        let status = running.process.wait();
        let _ = running.errors.shutdown(Shutdown::Both);
        let what = status.map_or_else(|error| error.to_string(), describe);
        match running.child.fault() {
            Some(fault) => format!("the process that holds the module was killed: {fault}"),
            None => format!("the process that holds the module ended: it {what}"),
        }
    }
}

/// How a process ended.
fn describe(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => {
            let name = Signal::from_named_raw(signal).map_or_else(|| signal.to_string(), |signal| format!("{signal:?}"));
            format!("was ended by signal {name}")
        }
        None => format!("exited with code {}", status.code().unwrap_or_default()),
    }
}

/// Waits until one of the descriptors can be read, or until then; which can.
fn wait(descriptors: &[&dyn AsFd], until: Option<Instant>) -> Vec<bool> {
    let borrowed: Vec<_> = descriptors.iter().map(|descriptor| descriptor.as_fd()).collect();
    let mut fds: Vec<_> = borrowed.iter().map(|descriptor| PollFd::new(descriptor, PollFlags::IN)).collect();
    let left = until.map(|until| Timespec::try_from(until.saturating_duration_since(Instant::now())).expect("pauses are short"));
    // Interrupted, or nothing can be read: both are looked at again by the caller.
    let _ = poll(&mut fds, left.as_ref());
    fds.iter().map(|fd| !fd.revents().is_empty()).collect()
}
