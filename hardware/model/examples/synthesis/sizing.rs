//! boards/sizing.md, from a report of `synthesis` and what boards have.

use std::fmt::Write;

use serde_json::Value;

/// What an engine or a board has of each resource.
#[derive(Clone, Copy)]
pub struct Resources {
    /// Look-up tables of six inputs.
    pub luts: u64,
    /// Flip-flops.
    pub registers: u64,
    /// DSP48E2.
    pub dsps: u64,
    /// Block RAM of 36 Kib, in halves.
    pub half_brams: u64,
    /// UltraRAM of 288 Kib.
    pub urams: u64,
}

/// A board: its name, its device, what that has (AMD's data sheets DS890, DS962, DS965), and what it is connected by.
struct Board {
    name: &'static str,
    device: &'static str,
    has: Resources,
}

const VU9P: Resources = Resources { luts: 1_182_240, registers: 2_364_480, dsps: 6_840, half_brams: 4_320, urams: 960 };

const BOARDS: [Board; 4] = [
    Board { name: "VCU1525", device: "XCVU9P", has: VU9P },
    Board { name: "Alveo U200", device: "XCU200, the silicon of XCVU9P", has: VU9P },
    Board {
        name: "Alveo U250",
        device: "XCU250, the silicon of XCVU13P",
        has: Resources { luts: 1_728_000, registers: 3_456_000, dsps: 12_288, half_brams: 5_376, urams: 1_280 },
    },
    Board {
        name: "Alveo U50",
        device: "XCU50, the silicon of XCVU35P",
        has: Resources { luts: 870_016, registers: 1_740_032, dsps: 5_952, half_brams: 2_688, urams: 640 },
    },
];

/// Of each resource, in hundredths: what engines may take. The rest is the shell's, and room for routing.
const SHARE: u64 = 60;

/// The published card: measured verifications a second, and DSP.
const ACCELOR: (f64, f64) = (90_000.0, 942.0);

fn resources(cells: &Value) -> Resources {
    let count = |name: &str| cells[name].as_u64().unwrap_or_default();
    let sum = |names: &[&str]| names.iter().map(|name| count(name)).sum::<u64>();
    Resources {
        // An inverter is a table with one input, if nothing takes it in; a RAM32M16 is the eight tables of a slice.
        luts: sum(&["LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "INV", "SRL16E", "SRLC32E"])
            + 8 * count("RAM32M16")
            + 4 * count("RAM64M"),
        registers: sum(&["FDRE", "FDSE", "FDCE", "FDPE"]),
        dsps: count("DSP48E2"),
        half_brams: 2 * count("RAMB36E2") + count("RAMB18E2"),
        urams: count("URAM288"),
    }
}

/// A number with commas.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).expect("digits")).collect();
    parts.join(",")
}

/// What an engine of a curve takes.
pub fn engine(report: &Value, curve: &str) -> Resources {
    resources(&report["curves"][curve]["engine"])
}

impl Resources {
    fn row(&self) -> String {
        let Self { luts, registers, dsps, half_brams, urams } = self;
        let [luts, registers, dsps, urams] = [luts, registers, dsps, urams].map(|number| grouped(*number));
        format!("{luts} | {registers} | {dsps} | {} | {urams} |", *half_brams as f64 / 2.0)
    }

    fn less(&self, other: &Self) -> Self {
        Self {
            luts: self.luts.saturating_sub(other.luts),
            registers: self.registers.saturating_sub(other.registers),
            dsps: self.dsps.saturating_sub(other.dsps),
            half_brams: self.half_brams.saturating_sub(other.half_brams),
            urams: self.urams.saturating_sub(other.urams),
        }
    }

    fn named(&self) -> [(&'static str, u64); 5] {
        let Self { luts, registers, dsps, half_brams, urams } = *self;
        [("LUT", luts), ("registers", registers), ("DSP", dsps), ("block RAM", half_brams), ("UltraRAM", urams)]
    }
}

/// The document, from the report of `synthesis` and that of the simulation's `figures`.
pub fn document(report: &Value, simulated: &Value) -> String {
    let number = |name: &str| simulated[name].as_f64().unwrap_or_default();
    let (clock, clocks_an_item) = (number("assumed_clock_hz"), number("clocks_an_item"));
    let rate = clock / clocks_an_item;
    let mut text = format!(
        "# Sizing\n\nGenerated from [bench/results/fpga-synthesis.json](../../bench/results/fpga-synthesis.json) and [fpga-sim.json](../../bench/results/fpga-sim.json). Again, in some minutes:\n\n    {}\n    {} > bench/results/fpga-sim.json\n    CHAINBOX_WRITE_GENERATED=1 cargo test -p chainbox-fpga-model --test generated\n\n",
        report["command"].as_str().unwrap_or_default(),
        simulated["command"].as_str().unwrap_or_default()
    );
    let _ = writeln!(
        text,
        "**All of this is an estimate.** {}, `{}`, mapped the RTL to cells; nothing was placed, routed or timed. Yosys maps to the carry chains of an older family, merges less than a vendor's tool, and takes a DSP for some products with constants.\n",
        report["tool"].as_str().unwrap_or_default(),
        report["script"].as_str().unwrap_or_default()
    );
    text += "| | LUT | registers | DSP48E2 | block RAM (36 Kib) | UltraRAM |\n|---|---|---|---|---|---|\n";
    for (curve, name) in [("sm2", "SM2"), ("p256", "P-256")] {
        let (card, engine) = (resources(&report["curves"][curve]["card"]), engine(report, curve));
        let _ = writeln!(text, "| one engine, {name} | {}", engine.row());
        let _ = writeln!(text, "| the rest of the card: registers, framer, packer, distributor | {}", card.less(&engine).row());
    }
    let engine = engine(report, "sm2");
    let dsps = engine.dsps as f64;
    let (accelor_rate, accelor_dsps) = ACCELOR;
    let _ = writeln!(
        text,
        "\nAt {:.0} MHz, which is an assumption, an SM2 engine does {} items a second (projection: {clocks_an_item:.1} clocks an item, counted in simulation): {:.0} a second for each DSP. Accelor's card has {:.0} by its measured figure ({} a second with {accelor_dsps:.0} DSP).\n",
        clock / 1e6,
        grouped(rate.round() as u64),
        rate / dsps,
        accelor_rate / accelor_dsps,
        grouped(accelor_rate as u64)
    );
    let _ = writeln!(
        text,
        "Engines may take {SHARE} of 100 of each resource here; the shell has the rest, and routing. What ends first bounds them.\n"
    );
    text += "| board | device | LUT | registers | DSP | block RAM | UltraRAM | SM2 engines (estimate) | bound by | items a second (projection) |\n|---|---|---|---|---|---|---|---|---|---|\n";
    for Board { name, device, has } in BOARDS {
        let fits = |(of_board, of_engine): (&(&'static str, u64), &(&'static str, u64))| {
            let room = of_board.1 * SHARE / 100;
            (of_engine.1 > 0).then(|| (room / of_engine.1, of_board.0))
        };
        let (has_named, engine_named) = (has.named(), engine.named());
        let (engines, by) = has_named.iter().zip(&engine_named).filter_map(fits).min().expect("an engine takes something");
        let _ = writeln!(text, "| {name} | {device} | {} {engines} | {by} | {:.2} million |", has.row(), engines as f64 * rate / 1e6);
    }
    text += "\nEach engine has its own copy of the fixed table here, 13,312 points of 528 bits, and that is most of its UltraRAM. Engines that share one would be bounded by the next resource; each reads it in fewer than a tenth of its passes.\n\n";
    text += "Beyond the card: an item is 320 bytes to it and 8 from it, so a link of 16 lanes of the third generation carries tens of millions a second; and the host, which reads signatures, hashes, inverts and makes digits, is likely to end before the engines of a large card do.\n";
    text
}
