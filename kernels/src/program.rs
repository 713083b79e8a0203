//! Programs: which kernels are compiled together, for which curve and hash, and from which files.

use chainbox_engine::{hash::Hash, scheme::Scheme};

/// A curve with its scheme and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// ECDSA on secp256k1 with Keccak-256, and recovery.
    Secp256k1,
    /// ECDSA on P-256 with SHA-256.
    P256,
    /// SM2 with SM3.
    Sm2,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Secp256k1, Self::P256, Self::Sm2];

    /// The name in files: `secp256k1`, `p256`, `sm2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secp256k1 => "secp256k1",
            Self::P256 => "p256",
            Self::Sm2 => "sm2",
        }
    }

    /// The hash that the curve's programs have.
    #[must_use]
    pub const fn hash(self) -> Hash {
        match self {
            Self::Secp256k1 => Hash::Keccak256,
            Self::P256 => Hash::Sha256,
            Self::Sm2 => Hash::Sm3,
        }
    }

    /// The curve of a scheme.
    #[must_use]
    pub const fn of(scheme: Scheme) -> Self {
        match scheme {
            Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => Self::Secp256k1,
            Scheme::EcdsaP256Sha256 => Self::P256,
            Scheme::Sm2Sm3 => Self::Sm2,
        }
    }
}

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The kernels of verification.
    Verify(Curve),
    /// `hash_inputs` with another hash than the curve's own.
    HashInputs(Curve, Hash),
    /// The kernels of recovery, on secp256k1.
    Recover,
    /// `digest_messages`.
    Digest(Hash),
    /// The kernels of known keys.
    KnownKeys(Curve),
    /// The kernels that test functions, and the one that measures the device.
    Harness(Curve, &'static [&'static str]),
}

impl Purpose {
    /// All that a back end needs, and the kernel that measures a device.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let of_curves = Curve::ALL.into_iter().flat_map(|curve| [Self::Verify(curve), Self::KnownKeys(curve)]);
        let others =
            [Self::Recover, Self::HashInputs(Curve::Secp256k1, Hash::Sha256), Self::Harness(Curve::Secp256k1, &["multiply_add_rate"])];
        of_curves.chain(others).chain(Hash::ALL.map(Self::Digest)).collect()
    }
}

/// The kernels of [`Purpose::Verify`].
pub const VERIFY_KERNELS: [&str; 6] = ["parse_items", "hash_inputs", "scalars", "key_multiples", "double_product", "decide"];
/// The kernels of [`Purpose::Recover`].
pub const RECOVER_KERNELS: [&str; 6] =
    ["parse_recoveries", "hash_inputs", "recovery_scalars", "key_multiples", "double_product", "write_keys"];
/// The kernels of [`Purpose::KnownKeys`].
pub const KNOWN_KERNELS: [&str; 2] = ["key_tables", "known_product"];

/// What is compiled together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The name, for messages, caches and files of PTX: `verify_p256`, `digest_sm3`.
    pub name: String,
    /// OpenCL C: all files, one after the other.
    pub opencl: String,
    /// The entry points, in the order in which launches count them.
    pub kernels: Vec<&'static str>,
    /// The curve and the hash whose constants and arithmetic it has. With the name of a kernel they say all of what that does: two programs that have the
    /// three in common have the same kernel.
    pub of: (Curve, Hash),
    wgsl: [String; 2],
}

impl Program {
    /// The program for a purpose.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        let (name, kernels): (String, Vec<&'static str>) = match purpose {
            Purpose::Verify(curve) => (format!("verify_{}", curve.name()), VERIFY_KERNELS.to_vec()),
            Purpose::HashInputs(curve, hash) => (format!("hash_inputs_{}_{}", curve.name(), hash.name()), vec!["hash_inputs"]),
            Purpose::Recover => ("recover".to_owned(), RECOVER_KERNELS.to_vec()),
            Purpose::Digest(hash) => (format!("digest_{}", hash.name()), vec!["digest_messages"]),
            Purpose::KnownKeys(curve) => (format!("known_{}", curve.name()), KNOWN_KERNELS.to_vec()),
            Purpose::Harness(curve, kernels) => (format!("harness_{}_{}", curve.name(), kernels[0]), kernels.to_vec()),
        };
        // A driver compiles every kernel that it sees, so it sees those of the program alone.
        let named: String = kernels.iter().map(|kernel| format!("#define KERNEL_{kernel} 1\n")).collect();
        let opencl = named + OPENCL_PRELUDE + &OPENCL.source(purpose, "");
        let wgsl = ["words32", "words64"].map(|product| WGSL.source(purpose, product));
        Self { name, opencl, kernels, of: purpose.curve_and_hash(), wgsl }
    }

    /// CUDA C++: the files of OpenCL C after another prelude.
    #[must_use]
    pub fn cuda(purpose: Purpose) -> String {
        let program = Self::new(purpose);
        // The prelude needs this one sooner than the other constants come.
        let prelude = format!("#define PARAM_WORDS {}u\n{CUDA_PRELUDE}", crate::layout::PARAM_WORDS);
        program.opencl.replacen(OPENCL_PRELUDE, &prelude, 1)
    }

    /// WGSL: all files, one after the other; with 64-bit integers, or without.
    #[must_use]
    pub fn wgsl(&self, has_int64: bool) -> &str {
        &self.wgsl[usize::from(has_int64)]
    }

    /// The number of a kernel.
    ///
    /// # Panics
    /// Where the program does not have it.
    #[must_use]
    pub fn kernel(&self, name: &str) -> usize {
        self.kernels.iter().position(|kernel| *kernel == name).unwrap_or_else(|| panic!("{} has no kernel {name}", self.name))
    }
}

/// The files of a language, by their names, and those of every program in their order; then come those of its purpose. A name stands for a file of this name,
/// or for the one that has the curve's name or the hash's after it.
struct Sources {
    files: &'static [(&'static str, &'static str)],
    base: &'static [&'static str],
}

macro_rules! sources {
    ($folder:literal, $extension:literal, $base:expr, $($name:literal)*) => {
        Sources { files: &[$(($name, include_str!(concat!("../", $folder, "/", $name, ".", $extension)))),*], base: $base }
    };
}

/// What OpenCL C and CUDA call differently, for OpenCL C.
const OPENCL_PRELUDE: &str = include_str!("../opencl/prelude_opencl.cl");

/// The same for CUDA C++.
const CUDA_PRELUDE: &str = include_str!("../opencl/prelude_cuda.cu");

const OPENCL: Sources = sources!("opencl", "cl", &OPENCL_BASE,
    "constants_layout" "constants_secp256k1" "constants_p256" "constants_sm2" "constants_keccak256" "constants_sha256" "constants_sm3"
    "words" "limbs" "field" "scalar" "point" "digits" "wire" "hash" "group" "verify" "recover" "digest" "known" "harness"
);

const WGSL: Sources = sources!("wgsl", "wgsl", &WGSL_BASE,
    "constants_layout" "constants_secp256k1" "constants_p256" "constants_sm2" "constants_keccak256" "constants_sha256" "constants_sm3"
    "buffers" "words" "words32" "words64" "limbs" "curve_secp256k1" "curve_p256" "curve_sm2" "field" "scalar" "point" "digits" "wire"
    "rounds_keccak256" "rounds_sha256" "rounds_sm3" "hash" "group" "verify" "recover" "digest" "known" "harness"
);

const OPENCL_BASE: [&str; 12] =
    ["constants_layout", "constants", "constants_of_hash", "words", "limbs", "field", "scalar", "point", "digits", "wire", "hash", "group"];

/// WGSL has no preprocessor: what a curve or a hash has of its own, and the product of words, stand in files of their own, and so do the buffers.
const WGSL_BASE: [&str; 16] = [
    "constants_layout",
    "constants",
    "constants_of_hash",
    "buffers",
    "words",
    "product_of_words",
    "limbs",
    "curve",
    "field",
    "scalar",
    "point",
    "digits",
    "wire",
    "rounds",
    "hash",
    "group",
];

impl Purpose {
    /// The curve whose constants and arithmetic the program has, and its hash. A digest needs no curve, and has the one that goes with it.
    fn curve_and_hash(self) -> (Curve, Hash) {
        match self {
            Self::Verify(curve) | Self::KnownKeys(curve) | Self::Harness(curve, _) => (curve, curve.hash()),
            Self::HashInputs(curve, hash) => (curve, hash),
            Self::Recover => (Curve::Secp256k1, Hash::Keccak256),
            Self::Digest(hash) => {
                let of_hash = Curve::ALL.into_iter().find(|curve| curve.hash() == hash);
                (of_hash.unwrap_or(Curve::Secp256k1), hash)
            }
        }
    }

    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Verify(_) | Self::HashInputs(..) => &["verify"],
            Self::Recover => &["verify", "recover"],
            Self::Digest(_) => &["digest"],
            Self::KnownKeys(_) => &["verify", "known"],
            Self::Harness(..) => &["harness"],
        }
    }
}

impl Sources {
    /// The text of a program. `product` names the file that stands for `product_of_words`.
    fn source(&self, purpose: Purpose, product: &str) -> String {
        let (curve, hash) = purpose.curve_and_hash();
        let mut text = String::new();
        for name in self.base.iter().chain(purpose.files()) {
            text.push_str(match *name {
                "product_of_words" => self.file(&[product.to_owned()]),
                "constants_of_hash" => self.file(&[format!("constants_{}", hash.name())]),
                name => self.file(&[name.to_owned(), format!("{name}_{}", curve.name()), format!("{name}_{}", hash.name())]),
            });
        }
        text
    }

    /// The first of these files that there is.
    fn file(&self, names: &[String]) -> &'static str {
        let found = names.iter().find_map(|name| self.files.iter().find(|(file, _)| file == name));
        found.unwrap_or_else(|| panic!("the kernels lack the file {names:?}")).1
    }
}
