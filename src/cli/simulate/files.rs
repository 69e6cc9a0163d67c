//! The files of an input: single files, folders and standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::cli::CommandError;
use crate::cli::manifests::{Text, is_no_manifest, unread};

/// The texts of the files, and the files of folders that hold no manifest.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) texts: Vec<Text>,
    /// The files of folders that were left out, by name.
    pub(super) left_out: Vec<String>,
}

impl Texts {
    /// Reads the files. A folder stands for the manifests in it, in the order of their names.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Self, CommandError> {
        let mut read = Self::default();
        for path in paths {
            if path.as_os_str() == "-" {
                read.texts.push(standard_input()?);
            } else if path.is_dir() {
                read.add_folder(path)?;
            } else {
                read.texts.push(Text::from_file(path)?);
            }
        }
        Ok(read)
    }

    /// The names of the files.
    pub(super) fn names(&self) -> String {
        self.texts.iter().map(Text::file).collect::<Vec<&str>>().join(", ")
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), CommandError> {
        for file in manifests_in(folder)? {
            let text = Text::from_file(&file)?;
            if is_no_manifest(&text) {
                self.left_out.push(text.file().to_owned());
            } else {
                self.texts.push(text);
            }
        }
        Ok(())
    }
}

fn standard_input() -> Result<Text, CommandError> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| CommandError::input(format!("standard input: {}", unread(&error))))?;
    Text::from_bytes("standard input", bytes)
}

fn manifests_in(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let failed = |error: std::io::Error| CommandError::input(format!("{}: {}", folder.display(), unread(&error)));
    let is_manifest = |path: &PathBuf| {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        !hidden && path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|one| extension == *one))
    };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>, _>>().map_err(failed)?;
    paths.retain(is_manifest);
    paths.sort_unstable();
    if paths.is_empty() {
        return Err(CommandError::input(format!(
            "{}: the folder holds no .yaml, .yml or .json file; name a folder with manifests",
            folder.display()
        )));
    }
    Ok(paths)
}
