"""The families of cases, one module for each subject.

The order fixes `tcId`, so a new family goes to the end.
"""

from __future__ import annotations

from collections.abc import Callable

from families.bit_flips import bit_flips
from families.digests import digests, wrong_digest
from families.fault_order import more_faults, two_faults
from families.formulas import wrong_equation
from families.ids_and_messages import identifiers, messages
from families.illegal_keys import identity_key, malformed_keys, unreduced_keys
from families.invalid_curve import invalid_curve
from families.ladders import ladder_final, ladder_inside, ladder_scalars
from families.legal_keys import compressed_keys, key_multiples, special_keys
from families.result_point import point_at_infinity, wrong_modulus, x_of_r
from families.scalars import range_der, range_grid, range_shifted, sum_zero
from families.signature_sizes import der_sizes, raw_lengths
from families.standard import standard_example
from families.strict_der import der_and_ber
from suite import Suite

FAMILIES: tuple[Callable[[Suite], None], ...] = (
    standard_example,
    range_grid,
    range_shifted,
    range_der,
    sum_zero,
    point_at_infinity,
    x_of_r,
    wrong_modulus,
    key_multiples,
    special_keys,
    compressed_keys,
    unreduced_keys,
    malformed_keys,
    identity_key,
    invalid_curve,
    ladder_scalars,
    ladder_final,
    ladder_inside,
    der_and_ber,
    der_sizes,
    raw_lengths,
    identifiers,
    messages,
    digests,
    wrong_digest,
    wrong_equation,
    two_faults,
    more_faults,
    bit_flips,
)
