//! The `midwatch` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Whichever way it fails, it was installed before: then there is nothing to do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    midwatch::cli::run()
}
