//! The run of a call: gate, authorize, attempt, classify, retry.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::decode_error::DecodeError;
use super::session::{Bound, Session};
use crate::api::Scheme;
use crate::credentials::Secret;
use crate::error::{Arrival, Error, ErrorKind, Event, FailedCall, Problem, Result, rounded};
use crate::gate::{Demand, Patience, Refused, earlier};
use crate::log_target::LOG_TARGET;
use crate::retry::Attempts;
use crate::transport::{Attempt, Buffer, Call, Failed};

/// Decodes the body of a success. It decides what is an error, and keeps the result: the loop is compiled once, and not for each
/// model.
pub(crate) type Decoder<'d> = dyn FnMut(&[u8]) -> Result<(), DecodeError> + 'd;

impl Session {
    /// Makes the attempts of a call until one succeeds, or no other may be made. The response may use the buffer of others.
    pub(crate) fn run(&self, body: &mut Buffer, call: Call<'_>, decode: &mut Decoder<'_>) -> Result<()> {
        let (endpoint, mut may_have_acted) = (call.endpoint, false);
        let made = self.make_attempts(body, call, decode, &mut may_have_acted);
        // What becomes of a repeat doesn't tell what became of the attempt before.
        made.map_err(|error| match may_have_acted && endpoint.is_repeatable() {
            true => error.with_unknown_outcome(true),
            false => error,
        })
    }

    /// Makes the attempts. `may_have_acted` becomes true once one of them may have had an effect.
    fn make_attempts(
        &self,
        body: &mut Buffer,
        mut call: Call<'_>,
        decode: &mut Decoder<'_>,
        may_have_acted: &mut bool,
    ) -> Result<()> {
        self.check()?;
        if call.origin.is_none() {
            self.check_credentials_for(call.endpoint, &|| call.subject())?;
        }
        // An earlier deadline is explained by the code that set it.
        let end = self.end().filter(|(end, _)| call.deadline.is_none_or(|deadline| *end < deadline));
        call.deadline = earlier(call.deadline, end.map(|(end, _)| end));
        let mut attempts = Attempts::new(&self.retry);
        let first_began = Instant::now();
        let mut renewed = false;
        let mut last: Option<Error> = None;
        loop {
            if call.left().is_zero() {
                let error = last.unwrap_or_else(|| out_of_time(&call, end.map(|(_, bound)| bound)));
                return Err(error.after_attempts(attempts.made()));
            }
            let patience = Patience {
                longest_pause: self.retry.max_retry_after,
                deadline: call.deadline,
                budget_ends: attempts.budget_ends(),
            };
            let demand = Demand {
                bucket: call.bucket(),
                endpoint: call.origin.is_none().then_some(call.endpoint),
                parameters: call.parameters,
                scheme: self.scheme(),
                pace: call.pace,
            };
            let mut permit = match self.gate.enter(&demand, patience, call.cancel) {
                Ok(permit) => permit,
                Err(refused) => return Err(not_sent(&call, refused, last).after_attempts(attempts.made().max(1))),
            };
            attempts.begin(permit.budget_ends());
            // Another host never receives the credentials.
            let authorization = match call.origin {
                None if !call.endpoint.is_keyless() => self.credentials.authorize(call.deadline)?,
                _ => None,
            };
            let scheme = authorization.as_ref().map(|authorization| authorization.scheme);

            permit.may_have_started(true);
            let began = Instant::now();
            let Attempt { status, limits, outcome, logins } =
                self.http.attempt(&mut call, authorization.as_ref(), body);
            if status.is_some() {
                permit.answered(limits);
                self.was_reached.store(true, Ordering::Relaxed);
            }
            self.log(&call, status, attempts.made(), began);
            let failed = match outcome {
                Ok(()) => match decode(body.as_slice()) {
                    Ok(()) => {
                        if let Some(kept) = &mut call.slot {
                            **kept = permit.slot();
                        }
                        return Ok(());
                    }
                    Err(problem) => Failed::accepted(problem.into_problem(call.endpoint, body.as_slice())),
                },
                Err(failed) => failed,
            };
            let is_local = matches!(failed, Failed::Local(_));
            let error = error_of(&call, scheme, failed, status);
            let token = authorization.as_ref().map(|authorization| &authorization.secret);
            let error = self.redacted_error(error, &call, &logins, token);
            let error = match end {
                Some((end, bound)) => bound.explain(error, end),
                None => error,
            };

            let is_unreachable =
                self.first_contact.is_some() && error.is_unconnected() && !self.was_reached.load(Ordering::Relaxed);
            let error = if is_unreachable { error.concerning_run() } else { error };
            if call.has_progressed() {
                attempts = Attempts::new(&self.retry);
                attempts.begin(attempts.budget_ends());
            }
            permit.may_have_started(error.may_have_effect());
            *may_have_acted |= error.may_have_effect();
            // An exhausted quota isn't a rate limit.
            let is_refusal = status == Some(429) && error.is_transient();
            let (is_repeated, pause) = if is_refusal {
                permit.refused(limits);
                call.pace.inspect(|pace| pace.refused());
                (attempts.may_wait_for_turn(&error), Duration::ZERO)
            } else {
                // A content that is too large for the service can fail with 500 each time.
                let has_one_result = call.endpoint.is_repeatable() && status != Some(500);
                let is_repeatable = !is_local && (call.only_reads() || has_one_result || !error.may_have_effect());
                let left = match self.first_contact {
                    Some(limit) if is_unreachable => call.left().min(limit.saturating_sub(first_began.elapsed())),
                    _ => call.left(),
                };
                let pause = attempts.pause_after(&error, is_repeatable).filter(|pause| *pause < left);
                (pause.is_some(), pause.unwrap_or_default())
            };
            drop(permit);
            if let (Some(payload), false) = (&mut call.payload, error.may_have_effect()) {
                payload.had_no_effect();
            }
            if let (Some(401), Some(refused), false) = (status, &authorization, renewed) {
                let has_new = self.credentials.rejected(refused, call.deadline)?;
                if has_new && call.rewind().is_ok() {
                    renewed = true;
                    attempts.forgive();
                    continue;
                }
            }
            if !is_repeated {
                return Err(error.after_attempts(attempts.made()));
            }
            if let Err(reason) = call.rewind() {
                return Err(error.advise(reason).after_attempts(attempts.made()));
            }
            // After a refusal, the gate delays this call together with all others.
            match call.cancel {
                Some(cancel) => drop(cancel.wait_timeout(pause)),
                None => thread::sleep(pause),
            }
            if let (Some(check), true) = (&mut call.before_repeat, *may_have_acted) {
                if let Err(reason) = check() {
                    return Err(error.advise(reason.to_string()).after_attempts(attempts.made()));
                }
            }
            last = Some(error);
        }
    }

    fn log(&self, call: &Call<'_>, status: Option<u16>, attempt: u32, began: Instant) {
        if log::log_enabled!(target: LOG_TARGET, log::Level::Debug) {
            let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let subject = self.redacted(&call.subject());
            log::debug!(target: LOG_TARGET, "{subject} -> {status} (attempt {attempt}, {:?})", rounded(began.elapsed()));
        }
    }

    /// Removes the secrets of the call, of the proxy and of the client. `token` is what was sent, which another one may have
    /// replaced since.
    fn redacted_error(&self, error: Error, call: &Call<'_>, logins: &[Secret], token: Option<&Secret>) -> Error {
        error.redact(&|text| {
            let secrets = call.secrets.iter().chain(logins);
            let text = secrets.fold(text.to_owned(), |text, secret| secret.redact_at_any_length(&text));
            let text = token.iter().fold(text, |text, token| token.redact(&text));
            self.redacted(&text)
        })
    }
}

/// The error of an attempt. `status` is that of its response.
fn error_of(call: &Call<'_>, scheme: Option<Scheme>, failed: Failed, status: Option<u16>) -> Error {
    match failed {
        // It may be that of another call, which a callback has made.
        Failed::Local(error) => error.without_effect(),
        Failed::Remote { arrival, problem } => {
            let upload = call.upload_size();
            let failed = FailedCall { endpoint: call.endpoint, arrival, scheme, echoes: call.echoes, upload };
            let error = Error::of_call(&failed, call.subject(), *problem);
            match status {
                Some(status) => error.with_status(status),
                None => error,
            }
        }
    }
}

/// The error of a call that was not sent.
fn unsent(call: &Call<'_>, event: Event, words: String) -> Error {
    let arrival = Arrival::NotSent;
    let upload = call.upload_size();
    let failed = FailedCall { endpoint: call.endpoint, arrival, scheme: None, echoes: call.echoes, upload };
    Error::of_call(&failed, call.subject(), Problem::new(event, words))
}

/// The error of a call that the gate refused. `last` is the error of the attempt before.
fn not_sent(call: &Call<'_>, refused: Refused, last: Option<Error>) -> Error {
    let (event, why) = match (refused, &last) {
        (Refused::Cancelled, _) => (Event::Cancelled, "the call was cancelled"),
        // The service's message says more.
        (Refused::TooLong(wait) | Refused::NoSlot(wait), Some(error)) if error.kind() == ErrorKind::RateLimited => {
            let delay = error.retry_after().filter(|delay| !delay.is_zero());
            return error.clone().with_retry_after(delay.or(Some(wait)));
        }
        (Refused::TooLong(wait), _) => (Event::LimitExhausted(wait), "the rate limit is exhausted"),
        (Refused::NoSlot(wait), _) => (
            Event::LimitExhausted(wait),
            "as many tasks are unfinished as the service accepts; wait for one of them to end",
        ),
    };
    let words = match last {
        None => format!("not sent: {why}"),
        Some(last) => format!("not sent again: {why}; the attempt before {}", last.brief()),
    };
    unsent(call, event, words)
}

/// The error of a call that had no time left.
fn out_of_time(call: &Call<'_>, bound: Option<Bound>) -> Error {
    let what = bound.map_or_else(|| "no time was left".to_owned(), |bound| bound.to_string());
    unsent(call, Event::OutOfTime, format!("not sent: {what}"))
}
