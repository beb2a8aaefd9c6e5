//! Takes away what a run has made with engines that are not its own: `reap RUN FOLDER CLIENT…`.
//!
//! Whatever a run makes there has the label [`RUN`] with the run's name as value, and only what has it is
//! taken away: containers with their volumes, networks, volumes. An image that the run has pulled can have
//! no label of the run's: a volume stands for it, with the image's name in the label [`PULLED`].
//!
//! It waits for the end of its standard input, the lifeline of the run's owner, and prints what it could
//! not take away.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::setsid;
use sandbox::{PULLED, RUN, remove_tree};

use crate::sys;

/// How long one command of an engine may take.
const COMMAND_DEADLINE: Duration = Duration::from_secs(60);

/// How long all of it may take.
const DEADLINE: Duration = Duration::from_secs(180);

/// Between two looks. What a client was about to make when its owner died is there by then.
const PACE: Duration = Duration::from_millis(300);

/// How many looks in a row must find nothing.
const LOOKS: u32 = 2;

/// How often an image is asked for that something uses: a container that just ends does.
const TRIES: u32 = 5;

pub(crate) fn main(args: impl Iterator<Item = String>) -> ExitCode {
    // What ends the owner is none of this one's business but by the lifeline.
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE] {
        sys::ignore(signal);
    }
    let _ = setsid();
    let args: Vec<String> = args.collect();
    let [run, folder, clients @ ..] = &args[..] else {
        complain!("sandbox: reap: RUN FOLDER CLIENT… expected");
        return ExitCode::from(2);
    };
    let mut lifeline = io::stdin().lock();
    let mut buffer = [0_u8; 64];
    while matches!(lifeline.read(&mut buffer), Ok(n) if n > 0) {}
    let end = Instant::now() + DEADLINE;
    let mut left: Vec<String> = clients
        .iter()
        .flat_map(|client| Client { program: client, run, complaints: Vec::new() }.clear(end))
        .collect();
    if let Err(why) = remove_tree(Path::new(folder)) {
        left.push(format!("{folder}: {why}"));
    }
    for line in &left {
        let _ = writeln!(io::stdout(), "{}", line.replace('\n', " | "));
    }
    if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// An engine by its client.
struct Client<'a> {
    program: &'a str,
    run: &'a str,
    complaints: Vec<String>,
}

impl Client<'_> {
    /// Takes everything of the run away; what stays, and why.
    fn clear(mut self, end: Instant) -> Vec<String> {
        let (mut empty, mut looks) = (0, 0);
        while empty < LOOKS {
            looks += 1;
            match self.look(looks) {
                Ok(true) => empty += 1,
                Err(why) if Instant::now() > end => {
                    self.complaints.push(format!("{}: {why}", self.program));
                    break;
                }
                Ok(false) | Err(_) => empty = 0,
            }
            if empty < LOOKS {
                std::thread::sleep(PACE);
            }
        }
        self.complaints
    }

    /// Takes away what there is; whether there was nothing.
    fn look(&mut self, looks: u32) -> Result<bool, String> {
        let of_run = format!("label={RUN}={}", self.run);
        let containers =
            self.names(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &of_run])?;
        let containers = self.own(containers)?;
        let force = ["rm", "--force", "--volumes"];
        // Podman would wait for what is to be killed.
        let at_once = (self.program == "podman").then_some("--time=0");
        let mut done = self.each(force.into_iter().chain(at_once), &containers);
        let networks = self.names(&["network", "ls", "--quiet", "--filter", &of_run])?;
        done = done.and(self.each(["network", "rm"], &networks));
        let volumes = self.names(&["volume", "ls", "--quiet", "--filter", &of_run])?;
        for volume in &volumes {
            let format = format!("{{{{index .Labels \"{PULLED}\"}}}}");
            let image = self.say(&["volume", "inspect", "--format", &format, volume])?;
            let image = image.trim();
            if !image.is_empty() && image != "<no value>" {
                done = done.and(self.remove_image(image, looks));
            }
            if done.is_ok() {
                done = self.each(["volume", "rm"], std::slice::from_ref(volume));
            }
        }
        done?;
        Ok(containers.is_empty() && networks.is_empty() && volumes.is_empty())
    }

    /// Those of these containers that the run has made. What somebody commits from one of them hands its
    /// labels on to his containers.
    fn own(&self, containers: Vec<String>) -> Result<Vec<String>, String> {
        let format = format!("{{{{index .Config.Labels \"{RUN}\"}}}}");
        let mut own = Vec::new();
        for container in containers {
            let image =
                self.say(&["container", "inspect", "--format", "{{.Image}}", &container])?;
            let handed_on = self.say(&["image", "inspect", "--format", &format, image.trim()])?;
            if handed_on.trim() != self.run {
                own.push(container);
            }
        }
        Ok(own)
    }

    /// One that others use meanwhile is theirs.
    fn remove_image(&mut self, image: &str, looks: u32) -> Result<(), String> {
        match self.say(&["image", "rm", image]) {
            Ok(_) => Ok(()),
            Err(why) if ["No such image", "not known"].iter().any(|gone| why.contains(gone)) => {
                Ok(())
            }
            Err(why) if looks < TRIES => Err(why),
            Err(why) => {
                self.complaints.push(format!("{}: the image {image} stays: {why}", self.program));
                Ok(())
            }
        }
    }

    /// Does something with things of these names, if there are any.
    fn each<'a>(
        &self,
        command: impl IntoIterator<Item = &'a str>,
        names: &'a [String],
    ) -> Result<(), String> {
        if names.is_empty() {
            return Ok(());
        }
        let line = command.into_iter().chain(names.iter().map(String::as_str));
        self.say(&line.collect::<Vec<_>>()).map(drop)
    }

    fn names(&self, command: &[&str]) -> Result<Vec<String>, String> {
        Ok(self.say(command)?.split_whitespace().map(str::to_owned).collect())
    }

    /// What the client prints; of one that fails or hangs, its words.
    fn say(&self, args: &[&str]) -> Result<String, String> {
        let Output { status, stdout, stderr } = self.output(args).map_err(|why| why.to_string())?;
        if status.success() {
            return Ok(String::from_utf8_lossy(&stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&stderr).trim().to_owned();
        Err(if said.is_empty() { format!("{} {status}", args.join(" ")) } else { said })
    }

    fn output(&self, args: &[&str]) -> io::Result<Output> {
        let mut child = Command::new(self.program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let end = Instant::now() + COMMAND_DEADLINE;
        while child.try_wait()?.is_none() {
            if Instant::now() > end {
                let _ = child.kill();
                let _ = child.wait();
                return Err(io::Error::other(format!("`{}` has no end", args.join(" "))));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.wait_with_output()
    }
}
