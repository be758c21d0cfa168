//! The command line `lab`.

fn main() {}
