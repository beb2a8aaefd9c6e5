//! Which pattern for containers in a Kubernetes pod: what does each hand over, what does it isolate,
//! what does it cost?

mod plugin;

fn main() {}
