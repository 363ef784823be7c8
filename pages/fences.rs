//! The blocks of a page. The build script and the tests include this file.

/// A block between fences.
#[derive(Debug)]
pub struct Block {
    /// The page, such as `README` or `first_program`.
    pub page: String,
    /// The line of its opening fence, starting at 1.
    pub line: usize,
    /// The words after the opening fence, such as `rust,no_run`.
    pub language: String,
    /// What is shown, and the lines that rustdoc hides.
    pub text: String,
}

impl Block {
    pub fn is_rust(&self) -> bool {
        self.language.split(',').next() == Some("rust")
    }

    /// Returns whether it can be pasted as a whole file.
    pub fn is_program(&self) -> bool {
        self.text.lines().any(|line| line.starts_with("fn main()"))
    }

    /// A name for a module and a file, such as `first_program_12`.
    pub fn name(&self) -> String {
        format!("{}_{}", self.page.to_lowercase(), self.line)
    }

    /// Returns the lines that rustdoc hides: those that begin with `# `, and those that are `#`.
    pub fn hidden(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| hidden(line).is_some())
    }

    /// Returns the program that rustdoc compiles: the hidden lines are a part of it.
    pub fn program(&self) -> String {
        self.text.lines().map(|line| hidden(line).unwrap_or(line).to_owned() + "\n").collect()
    }
}

fn hidden(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("# ").or_else(|| (line == "#").then_some(""))
}

/// Returns the blocks of a page.
pub fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| !line.trim_start().starts_with("```"));
        let text = inside.map(|line| line.to_owned() + "\n").collect();
        found.push(Block { page: page.to_owned(), line: index + 1, language: language.trim().to_owned(), text });
    }
    found
}

/// Returns the pages, each with its text: the README, and the Markdown files of the guide in order of their names.
pub fn pages() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository");
    let guide = std::fs::read_dir(root.join("src/guide")).expect("the guide is there");
    let files = guide.map(|entry| entry.expect("the entry is there").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    files.push(root.join("README.md"));
    files.sort();
    let page = |path: std::path::PathBuf| {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("the name is text").to_owned();
        (name, std::fs::read_to_string(&path).expect("the page is UTF-8"))
    };
    files.into_iter().map(page).collect()
}
