//! Builds the authorization plugin as a static program, for the engine's image.

fn main() {
    standalone::build(&["authz"]);
}
