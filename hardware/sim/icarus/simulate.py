"""Compiles each module with Icarus and runs its bench in it: simulate.py FOLDER [MODULE...], where FOLDER has the headers of each curve."""

import sys
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

# A module, its parameters, and the curves for which it is another one.
UNITS = {
    "adder": ({"WIDTH": 100, "CHUNK": 33}, ["sm2"]),
    "multiplier": ({}, ["sm2"]),
    "datapath": ({}, ["sm2", "p256"]),
    "fifo": ({"WIDTH": 64, "DEPTH": 3}, ["sm2"]),
    "memory": ({"WIDTH": 64, "PART": 16, "ADDRESS": 4}, ["sm2"]),
    "framer": ({}, ["sm2"]),
    "packer": ({}, ["sm2"]),
    "distributor": ({"ENGINES": 3}, ["sm2"]),
    "registers": ({"ENGINES": 3}, ["sm2", "p256"]),
}


def main() -> int:
    folder, wanted = Path(sys.argv[1]), sys.argv[2:] or list(UNITS)
    unknown = [module for module in wanted if module not in UNITS]
    if unknown:
        print(f"there is no bench of {', '.join(unknown)}: {', '.join(UNITS)}", file=sys.stderr)
        return 2
    here = Path(__file__).resolve().parent
    sources = sorted((here / "../../rtl").resolve().glob("*.sv"))
    tests = failures = 0
    for module in wanted:
        parameters, curves = UNITS[module]
        for curve in curves:
            build = folder / "build" / f"{module}-{curve}"
            runner = get_runner("icarus")
            runner.build(
                sources=sources,
                includes=[folder / curve],
                hdl_toplevel=module,
                parameters=parameters,
                build_dir=build,
                build_args=["-g2012"],
                timescale=("1ns", "1ps"),
                log_file=build / "build.log",
            )
            results = runner.test(
                test_module="benches",
                test_filter=f"^benches\\.{module}_",
                hdl_toplevel=module,
                build_dir=build,
                test_dir=here,
                extra_env={"CURVE": curve, "PYTHONPATH": str(here)},
                log_file=build / "test.log",
                results_xml=str(build / "results.xml"),
            )
            ran, failed = get_results(results)
            if failed or not ran:
                print((build / "test.log").read_text())
            print(f"{module} ({curve}): {ran} benches, {failed} failed")
            tests, failures = tests + ran, failures + failed + (ran == 0)
    print(f"{tests} benches in Icarus, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
