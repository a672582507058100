//! Which files a pattern means.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::model::Pattern;

impl Pattern {
    /// The files it means now, sorted: one file, those in a folder and below it that end in `.extension`, or those a glob
    /// matches. Fails where a folder cannot be read; none is not a failure.
    pub fn files(&self, extension: &str) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for path in matches(&self.glob)? {
            if path.is_dir() {
                files.extend(below(&path, extension)?);
            } else {
                files.push(path);
            }
        }
        files.sort();
        files.dedup();
        Ok(files)
    }
}

fn below(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?;
    matches(&format!("{}/**/*.{extension}", glob::Pattern::escape(&folder.to_string_lossy())))
}

fn matches(pattern: &str) -> io::Result<Vec<PathBuf>> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let paths = glob::glob_with(pattern, options).map_err(io::Error::other)?;
    paths.map(|path| path.map_err(io::Error::from)).collect()
}
