//! Builds the static programs that the lab carries inside itself: the sandbox's, which runs before it has a
//! root, the probe, which runs in containers that hold no library, and the registry.

fn main() {
    standalone::build(&["probe", "registry", "sandbox"]);
}
