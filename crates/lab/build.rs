//! Builds the two static programs that the lab carries inside itself: the sandbox's, which runs before
//! it has a root, and the probe, which runs in containers that hold no library.

fn main() {
    standalone::build(&["probe", "sandbox"]);
}
