//! The command line: one definition, from which help, completions and man pages are made.

use clap::{Parser, Subcommand};

#[cfg(feature = "bench")]
use crate::bench;
use crate::{account, check, config, devices, doctor, generate, hsm, node, pages, proof, serve, tx, up, verify};

const ABOUT: &str = "Verifies signatures and transactions: ECDSA on secp256k1 and P-256, SM2 with SM3, Ethereum";

const LONG_ABOUT: &str = "\
Verifies signatures and transactions in files, on its own arithmetic: ECDSA on secp256k1 (SHA-256, Keccak-256) and on P-256 (SHA-256), \
SM2 with SM3, and raw Ethereum transactions with recovery of the sender.

Every item gets a verdict and, where it is invalid, one reason out of a closed list.";

/// Lines of at most 80 characters, so that no terminal wraps them.
const EXAMPLES: &str = "\
Examples:
  chainbox up                              run the service and a chain
  chainbox tx record FILE                  record a document on the chain
  chainbox proof check FILE --genesis FILE check a proof, offline
  chainbox doctor                          whether this machine is fit
  chainbox check                           check verdicts on this machine
  chainbox devices                         GPUs, and why one is not used
  chainbox verify items.jsonl              verify a file of any format
  chainbox verify --json < transactions    a line of JSON an item
  chainbox hsm doctor                      whether the device signs, step by step
  chainbox generate --help                 make signatures, valid and invalid
  chainbox completions bash                completions for a shell

Exit status:
  0  done; for verify, every item is valid or as the file expects it to be
  1  verify found an item that is not; check, devices, doctor or hsm found a fault;
     a transaction was refused, or a proof proves nothing
  2  something could not be read or done; the message says what and where";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "chainbox", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXAMPLES)]
#[command(arg_required_else_help = true, max_term_width = 120)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify a file of signatures, transactions, test vectors or certificates
    #[command(long_about = verify::LONG_ABOUT)]
    Verify(verify::Args),
    /// Make a file of signatures from a seed, valid and invalid
    Generate(generate::Args),
    /// Check this machine, then run the service until Ctrl-C, with nothing to set
    Up(up::Args),
    /// Run the verification service: gRPC, metrics, the status page
    Serve(serve::Args),
    /// Make and run a chain, and show how it is
    Node(node::Args),
    /// Send transactions to the chain, and show them
    Tx(tx::Args),
    /// Make keys for accounts, and show accounts and entries
    Account(account::Args),
    /// Fetch proofs of the chain, and check them offline
    Proof(proof::Args),
    /// Check this machine on known answers and on real signatures of every scheme
    Check(check::Args),
    /// List the devices that can verify, why others cannot be used, and what was learnt of them
    Devices(devices::Args),
    /// Say on one page whether this machine is fit, and how to mend what is not
    Doctor(doctor::Args),
    /// Look after a device that signs: doctor, keys, signatures, figures, the audit log
    Hsm(hsm::Args),
    /// Hold a vendor's module in a process of its own; started by the others
    #[command(name = "hsm-host", hide = true)]
    HsmHost,
    /// Measure the engine beside other libraries, devices beside the engine, the service beside both
    #[cfg(feature = "bench")]
    Bench(bench::Args),
    /// Explain the settings of the service: what is in force, from where, and what is wrong
    Config(config::Args),
    /// Print the completions for a shell
    Completions(pages::CompletionsArgs),
    /// Print the man page, or write one page for each subcommand
    Man(pages::ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
