//! Runs the scripts of tasks by Luau.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use mlua::{Error, Lua, MultiValue, Table, Value, Variadic, VmState};
use serde_json::{Map, json};

use super::luau_answer::LuauAnswer;
use super::luau_job::Job;

/// The memory that a script can use.
const MOST_MEMORY: usize = 512 * 1024 * 1024;
/// How much a script can log. The sandbox keeps less.
const LARGEST_LOG: usize = 1024 * 1024;
/// How deep a result can be.
const DEEPEST: usize = 64;
const NAP: Duration = Duration::from_millis(10);

/// The log of a script that runs.
#[derive(Default)]
struct Log {
    messages: VecDeque<(&'static str, String)>,
    length: usize,
}

impl Log {
    fn add(&mut self, kind: &'static str, text: String) {
        self.length += text.len();
        self.messages.push_back((kind, text));
        while self.length > LARGEST_LOG {
            let Some((_, oldest)) = self.messages.pop_front() else { break };
            self.length -= oldest.len();
        }
    }
}

pub(super) fn run(job: &Job) -> LuauAnswer {
    let log = Rc::new(RefCell::new(Log::default()));
    let is_late = Rc::new(Cell::new(false));
    let ended = call(job, &log, &is_late);
    let late = || LuauAnswer::failure("DEADLINE_EXCEEDED", format!("The script ran longer than {:?}.", job.timeout));
    let answer = match ended {
        _ if is_late.get() => late(),
        Ok(answer) => answer,
        Err(error) => {
            let message = message(&error);
            log.borrow_mut().add("ERROR", message.clone());
            LuauAnswer::error(message)
        }
    };
    let messages = std::mem::take(&mut log.borrow_mut().messages);
    messages.into_iter().fold(answer, |answer, (kind, text)| answer.log(kind, text))
}

fn call(job: &Job, log: &Rc<RefCell<Log>>, is_late: &Rc<Cell<bool>>) -> Result<LuauAnswer, Error> {
    let lua = Lua::new();
    lua.set_memory_limit(MOST_MEMORY)?;
    for (name, kind) in [("print", "OUTPUT"), ("warn", "WARNING")] {
        let log = Rc::clone(log);
        let write = move |_: &Lua, values: Variadic<Value>| {
            let texts = values.iter().map(Value::to_string).collect::<Result<Vec<_>, _>>()?;
            log.borrow_mut().add(kind, texts.join(" "));
            Ok(())
        };
        lua.globals().set(name, lua.create_function(write)?)?;
    }
    let ends = Instant::now() + job.timeout;
    let task = lua.create_table()?;
    let sleep = move |_: &Lua, seconds: Option<f64>| {
        let wanted = Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default();
        let began = Instant::now();
        while began.elapsed() < wanted && Instant::now() < ends {
            thread::sleep(NAP.min(wanted));
        }
        Ok(began.elapsed().as_secs_f64())
    };
    task.set("wait", lua.create_function(sleep)?)?;
    lua.globals().set("task", task)?;
    // It reads files.
    lua.globals().set("require", Value::Nil)?;
    lua.sandbox(true)?;

    let (is_late, is_abandoned) = (Rc::clone(is_late), job.abandonment());
    lua.set_interrupt(move |_| {
        // A script that catches the error is interrupted again.
        if Instant::now() >= ends {
            is_late.set(true);
            return Err(Error::runtime("the time limit is exceeded"));
        }
        match is_abandoned() {
            true => Err(Error::runtime("the sandbox has ended")),
            false => Ok(VmState::Continue),
        }
    });
    let argument = lua.create_table()?;
    if let Some(input) = &job.input {
        argument.set("BinaryInput", lua.create_buffer(&**input)?)?;
    }
    let script = lua.load(&*job.script).set_name("=TaskScript").into_function()?;
    answer(job, script.call(argument)?)
}

/// Makes an answer of what the script returns.
fn answer(job: &Job, values: MultiValue) -> Result<LuauAnswer, Error> {
    let json = |values: &[Value]| values.iter().map(|value| json_of(value, DEEPEST)).collect::<Vec<_>>();
    let values: Vec<Value> = values.into_iter().collect();
    let (true, [Value::Table(output)]) = (job.has_output, values.as_slice()) else {
        return Ok(LuauAnswer::results(json(&values)));
    };
    let returned: Option<Vec<Value>> = output.get("ReturnValues")?;
    let answer = LuauAnswer::results(json(&returned.unwrap_or_default()));
    Ok(match output.get("BinaryOutput")? {
        Value::Buffer(buffer) => answer.binary_output(buffer.to_vec()),
        _ => answer,
    })
}

/// Returns a value as the service writes it: what JSON can't have is null.
fn json_of(value: &Value, depth: usize) -> serde_json::Value {
    match value {
        Value::Boolean(value) => json!(value),
        Value::Integer(number) => json!(number),
        Value::Number(number) => json!(number),
        Value::String(text) => json!(text.to_string_lossy()),
        Value::Table(table) if depth > 0 => table_of(table, depth - 1),
        _ => serde_json::Value::Null,
    }
}

fn table_of(table: &Table, depth: usize) -> serde_json::Value {
    let pairs: Vec<(Value, Value)> = table.pairs().filter_map(Result::ok).collect();
    let length = table.raw_len();
    if pairs.len() == length {
        let values = (1..=length).map(|index| table.raw_get(index).unwrap_or(Value::Nil));
        return values.map(|value| json_of(&value, depth)).collect();
    }
    let field = |(name, value): &(Value, Value)| Some((name.to_string().ok()?, json_of(value, depth)));
    serde_json::Value::Object(pairs.iter().filter_map(field).collect::<Map<_, _>>())
}

/// Returns the message of an error, without Rust's words and without the stack.
fn message(error: &Error) -> String {
    let text = match error {
        Error::CallbackError { cause, .. } | Error::WithContext { cause, .. } => return message(cause),
        Error::RuntimeError(text) | Error::MemoryError(text) | Error::SyntaxError { message: text, .. } => text.clone(),
        other => other.to_string(),
    };
    match text.split("\nstack traceback:").next().unwrap_or_default() {
        "" | "nil" | "<nil>" => "The script raised an error without a message, or has no memory left.".to_owned(),
        text => text.to_owned(),
    }
}
