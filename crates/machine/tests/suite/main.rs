//! Machines that are booted.

fn main() -> std::process::ExitCode {
    lab_test::main()
}
