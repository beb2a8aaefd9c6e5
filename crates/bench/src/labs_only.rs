//! What an experiment says of the machine's own engines that only a lab can be measured by.

use clap::Args;

/// The flag `--engines` of such an experiment, so that who asks for the machine's own is told why not.
#[derive(Debug, Args)]
pub struct LabsOnly {
    #[arg(id = "engines", long = "engines", value_name = "WHOSE", hide = true)]
    #[arg(value_parser = labs)]
    _engines: Option<()>,
}

fn labs(whose: &str) -> Result<(), &'static str> {
    match whose {
        "lab" => Ok(()),
        "host" => Err("this experiment is not available on the machine's own engines: it joins \
             namespaces or changes the engines' configuration, which only a lab allows; leave \
             `--engines host` out"),
        _ => Err("there are only a lab's here: leave `--engines` out"),
    }
}
