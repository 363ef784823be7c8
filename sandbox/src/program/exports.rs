//! What the program prints at its start.

use std::fmt::Write;

use rblxopencloud_sandbox::Sandbox;
use serde_json::Value;

/// Says where the sandbox listens, and how a program is pointed at it from each shell.
pub(crate) fn greeting(sandbox: &Sandbox) -> String {
    let mut variables =
        vec![("ROBLOX_OPEN_CLOUD_URL", sandbox.url().to_owned()), ("ROBLOX_API_KEY", sandbox.api_key().to_owned())];
    if let Some(user) = first_user(&sandbox.dump_world()) {
        variables.push(("ROBLOX_USER_ID", user));
    }
    let mut text = format!("The sandbox listens at {0} until Ctrl-C. Its page is {0}/sandbox\n", sandbox.url());
    text.push_str("To point a program at it, paste the lines for your shell where the program will run.\n");
    // What stands before a name, between it and its value, and after that.
    for (shell, [before, between, after]) in
        [("sh, bash, zsh", ["export ", "=", ""]), ("PowerShell", ["$env:", " = \"", "\""]), ("cmd", ["set ", "=", ""])]
    {
        // Writing to memory can't fail.
        let _ = writeln!(text, "\n# {shell}");
        for (name, value) in &variables {
            let _ = writeln!(text, "{before}{name}{between}{value}{after}");
        }
    }
    text
}

/// Returns the id of the first user with a profile.
fn first_user(world: &str) -> Option<String> {
    let world: Value = serde_json::from_str(world).ok()?;
    let mut users = world["users"].as_array()?.iter();
    let user = users.find(|user| user.get("name").is_some())?;
    user["id"].as_str().map(str::to_owned)
}
