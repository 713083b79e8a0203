//! Small requests of threads that wait: those do them, where the dispatcher lets them pass the queue.

use std::time::Instant;

use tracing::error;

use super::{Answer, Question, Unanswered, Work, checked::Failure, job, lanes::caught, slots::Submitter};

impl Work {
    /// The answer to a small request while nothing else is under way, by the CPU and on this thread: nothing is copied, and nobody is woken. None where the
    /// request is to be submitted.
    ///
    /// # Errors
    /// [`Unanswered::Fault`] where the CPU gives no answer.
    pub fn answer_at_once(&self, question: Question<'_>) -> Option<Result<Answer, Unanswered>> {
        let shared = &self.0;
        let (task, items) = (question.task(), question.items());
        let pass = {
            let mut state = shared.state();
            let is_closing = state.is_closing;
            (!is_closing).then(|| state.dispatcher.pass(shared.start.elapsed(), task, items, question.bytes())).flatten()?
        };
        let cpu = shared.members.cpu();
        let begin = Instant::now();
        let answer = caught(|| job::ask(cpu, question).map_err(|fault| Failure::Fault(fault.to_string())));
        let busy = begin.elapsed();
        let invalid = answer.as_ref().ok().map(|answer| answer.invalid(0..items));
        let mut state = shared.state();
        state.dispatcher.passed(shared.start.elapsed(), pass, busy, invalid);
        // Others may have come that left something to be done when the CPU is free.
        if state.dispatcher.has_queued() {
            shared.hand_out(&mut state, Submitter::Other);
        }
        drop(state);
        match &answer {
            Ok(_) => shared.metrics.ran(&task, cpu.name(), items, invalid.unwrap_or_default(), busy),
            Err(failure) => {
                error!(backend = cpu.name(), %failure, "a batch got no verdicts");
                shared.metrics.fell_back(cpu.name(), 1);
            }
        }
        Some(answer.map_err(|failure| Unanswered::Fault(failure.to_string())))
    }
}
