//! Folders to publish.

use std::fs;
use std::path::PathBuf;

use rblxopencloud::publish::{Plan, PublishProblem, Published, Publisher, Report};
use rblxopencloud::{RetryPolicy, User, UserInfo};
use rblxopencloud_sandbox::Sandbox;

use super::TempDir;

pub const USER: u64 = 156;
pub const IMAGE: &[u8] = include_bytes!("../../examples/assets/crate.png");

pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    sandbox
}

pub fn user(sandbox: &Sandbox) -> User {
    sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("the settings are good").user(USER)
}

/// A unique image. Data after the end of a PNG is ignored.
pub fn image(number: usize) -> Vec<u8> {
    [IMAGE, number.to_string().as_bytes()].concat()
}

/// A folder with files.
pub struct Folder(pub TempDir);

impl Folder {
    pub fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let folder = Self(TempDir::new());
        fs::create_dir(folder.assets()).expect("a folder");
        files.iter().for_each(|(name, content)| folder.write(name, content));
        folder
    }

    pub fn of_images(count: usize) -> Self {
        let folder = Self::new(&[]);
        (0..count).for_each(|number| folder.write(&format!("image{number:03}.png"), &image(number)));
        folder
    }

    pub fn assets(&self) -> PathBuf {
        self.0.path().join("assets")
    }

    pub fn lock(&self) -> PathBuf {
        self.0.path().join("assets.lock")
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.assets().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, content).expect("it can be written");
    }

    pub fn publisher(&self, sandbox: &Sandbox) -> Publisher {
        Publisher::new(&user(sandbox)).lock_file(self.lock()).folder(self.assets())
    }

    pub fn run(&self, sandbox: &Sandbox) -> Report {
        self.publisher(sandbox).run().expect("there is a report")
    }
}

pub fn uploads(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.method == "POST").count()
}

pub fn how(report: &Report) -> Vec<(&str, &Published)> {
    report.files.iter().map(|file| (file.path.as_str(), &file.how)).collect()
}

#[track_caller]
pub fn complete(report: &Report) {
    assert!(report.is_complete() && report.exit_code() == 0, "{report}: {:#?}", report.problems);
}

pub fn paths(report: &Report) -> Vec<&str> {
    report.files.iter().map(|file| file.path.as_str()).collect()
}

pub fn problems(problems: &[PublishProblem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

pub fn plan_of(publisher: &Publisher) -> Plan {
    publisher.plan().expect("there is a plan")
}
