//! The registry of a lab: `registry FOLDER [FOLDER…] -- ADDRESS…`. Of two folders with the same name and
//! tag the first one's is served.

/// Says something on standard error. Whether anybody reads it ends nothing: engines ask this program.
macro_rules! complain {
    ($($text:tt)+) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)+);
    }};
}

mod serve;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code of wrong usage, as of all programs of this project.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut halves = args.split(|arg| arg == "--");
    let (folders, addresses) = (halves.next(), halves.next());
    let (Some(folders @ [_, ..]), Some(addresses @ [_, ..])) = (folders, addresses) else {
        complain!("usage: registry FOLDER [FOLDER…] -- ADDRESS…");
        return ExitCode::from(USAGE);
    };
    let store = match store::Store::open(folders.iter().map(PathBuf::from).collect()) {
        Ok(store) => store,
        Err(why) => {
            complain!("registry: {why}");
            return ExitCode::FAILURE;
        }
    };
    match serve::serve(store, addresses) {
        Ok(never) => match never {},
        Err(why) => {
            complain!("registry: {why}");
            ExitCode::FAILURE
        }
    }
}
