//! The `midwatch` binary: hooks first, then the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Either fails only where it was done before, and then there is nothing left to do.
    let _ = color_eyre::install();
    let _ = rustls::crypto::ring::default_provider().install_default();
    midwatch::cli::run()
}
