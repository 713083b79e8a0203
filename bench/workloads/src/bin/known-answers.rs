//! Writes the engine's known answers to standard output.

fn main() {
    print!("{}", chainbox_workloads::known_answers::text());
}
