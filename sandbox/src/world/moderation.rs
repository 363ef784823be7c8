//! Moderation.

use crate::http::Answer;

/// The moderated words, and whether the account is moderated.
#[derive(Debug, Default)]
pub(crate) struct Moderation {
    /// In lower case.
    words: Vec<String>,
    pub(crate) is_account_moderated: bool,
}

impl Moderation {
    pub(crate) fn set_words(&mut self, words: impl IntoIterator<Item = String>) {
        self.words = words.into_iter().map(|word| word.to_lowercase()).filter(|word| !word.is_empty()).collect();
    }

    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    pub(crate) fn check_account(&self) -> Result<(), Answer> {
        if self.is_account_moderated { Err(refusal("User is moderated")) } else { Ok(()) }
    }

    pub(crate) fn check_name(&self, name: &str) -> Result<(), Answer> {
        if self.refuses(name) { Err(refusal("AssetName is moderated.")) } else { Ok(()) }
    }

    pub(crate) fn check_description(&self, description: &str) -> Result<(), Answer> {
        if self.refuses(description) { Err(refusal("AssetDescription is moderated.")) } else { Ok(()) }
    }

    fn refuses(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.words.iter().any(|word| text.contains(word.as_str()))
    }
}

fn refusal(message: &str) -> Answer {
    Answer::v1(400, "INVALID_ARGUMENT", message)
}
