//! What examples show to people: bars, and how far a long run is.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is printed where nobody sees a bar.
pub const INTERVAL: Duration = Duration::from_secs(10);

/// A bar of 20 characters, as full as `part` is of `whole`. What isn't zero shows.
pub fn bar(part: u64, whole: u64) -> String {
    const WIDTH: u64 = 20;
    let full = (u128::from(part) * u128::from(WIDTH)).div_ceil(u128::from(whole.max(1)));
    let full = usize::try_from(full.min(u128::from(WIDTH))).unwrap_or_default();
    "█".repeat(full) + &"░".repeat(WIDTH as usize - full)
}

/// What a long run is doing: a line that changes on a terminal, and one every ten seconds elsewhere. It goes to the standard
/// error, so that the output can be redirected.
pub struct Status {
    spinner: ProgressBar,
    printed_at: Instant,
}

impl Status {
    pub fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let spinner = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg}")?);
        Ok(Self { spinner, printed_at: Instant::now() })
    }

    pub fn show(&mut self, line: String) {
        if self.spinner.is_hidden() && self.printed_at.elapsed() >= INTERVAL {
            eprintln!("{line}");
            self.printed_at = Instant::now();
        }
        self.spinner.set_message(line);
        self.spinner.tick();
    }

    /// Prints a line of the output.
    pub fn print(&self, line: &str) {
        self.spinner.suspend(|| println!("{line}"));
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}

/// How many things a long run has done. See [`Status`].
pub struct Counter {
    status: Status,
    things: &'static str,
    count: u64,
}

impl Counter {
    pub fn new(things: &'static str) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self { status: Status::new()?, things, count: 0 })
    }

    pub fn add(&mut self, count: usize) {
        self.count += count as u64;
        self.status.show(format!("{} {} so far", self.count, self.things));
    }

    /// Prints a line of the output.
    pub fn print(&self, line: &str) {
        self.status.print(line);
    }
}
