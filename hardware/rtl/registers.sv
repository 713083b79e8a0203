// The registers behind AXI4-Lite: what the card is, what it counted, and its reset. Their addresses, bits and constants are those of model/registers.txt.
// A word is written whole; what no register is reads 0, and writing it does nothing.
`include "registers.svh"
`include "build.svh"

module registers #(
    parameter int ENGINES = 1
) (
    input  logic        clk,
    input  logic        rst_n,
    // AXI4-Lite.
    input  logic        aw_valid,
    output logic        aw_ready,
    /* verilator lint_off UNUSEDSIGNAL */
    input  logic [11:0] aw_addr,        // in bytes, as below: the last two bits say nothing
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic        w_valid,
    output logic        w_ready,
    input  logic [31:0] w_data,
    output logic        b_valid,
    input  logic        b_ready,
    input  logic        ar_valid,
    output logic        ar_ready,
    /* verilator lint_off UNUSEDSIGNAL */
    input  logic [11:0] ar_addr,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic        r_valid,
    input  logic        r_ready,
    output logic [31:0] r_data,
    // What it does: resets the verifier, stores a word with wrong parity.
    output logic        rst,
    output logic        flip,
    output logic [31:0] flush,
    // What it sees. `counts`: what is added to each counter in this clock, a byte each.
    input  logic        is_idle,
    input  logic [8*COUNTERS-1:0] counts
);
    // A write: its address and its word come in any order, and are taken together.
    logic        writes;
    logic [11:0] address;
    assign writes   = aw_valid && w_valid && !b_valid;
    assign aw_ready = writes;
    assign w_ready  = writes;
    assign address  = {aw_addr[11:2], 2'b0};
    always_ff @(posedge clk) begin
        if (!rst_n) b_valid <= 1'b0;
        else if (writes) b_valid <= 1'b1;
        else if (b_ready) b_valid <= 1'b0;
    end

    // Control: a bit reads 1 until what it asks for is done.
    localparam logic [7:0] RESET_CLOCKS = 8'd100;
    logic [7:0] held;
    logic       snaps, clears, flips;
    logic [3:0] asked;
    assign asked = (writes && address == A_CONTROL) ? w_data[3:0] : '0;
    assign rst   = held != '0;
    assign flip  = flips;
    always_ff @(posedge clk) begin
        if (!rst_n || asked[CONTROL_RESET]) held <= RESET_CLOCKS;
        else if (rst) held <= held - 8'd1;
        snaps  <= asked[CONTROL_SNAPSHOT];
        clears <= asked[CONTROL_CLEAR];
        flips  <= asked[CONTROL_FLIP];
        if (!rst_n) flush <= FLUSH_AT_RESET;
        else if (writes && address == A_FLUSH) flush <= w_data;
    end

    // Counters, and what they were when somebody asked: a read of many words is of one moment.
    logic [64*COUNTERS-1:0] counters, snapshot;
    for (genvar counter = 0; counter < COUNTERS; counter++) begin : counting
        always_ff @(posedge clk) begin
            if (!rst_n) counters[64*counter +: 64] <= '0;
            else counters[64*counter +: 64] <= counters[64*counter +: 64] + {56'b0, counts[8*counter +: 8]};
        end
    end
    always_ff @(posedge clk) if (snaps) snapshot <= counters;

    // Errors stand until they are cleared.
    logic [31:0] errors, seen;
    always_comb begin
        seen                  = '0;
        seen[ERRORS_DROPPED]   = counts[8*C_DROPPED +: 8] != '0;
        seen[ERRORS_PARITY]    = counts[8*C_PARITY +: 8] != '0;
        seen[ERRORS_MALFORMED] = counts[8*C_MALFORMED +: 8] != '0;
    end
    always_ff @(posedge clk) errors <= (!rst_n || clears) ? seen & {32{rst_n}} : errors | seen;

    // A read.
    logic [31:0] word;
    logic [9:0]  place;     // among the words of counters
    assign place = ar_addr[11:2] - A_COUNTERS[11:2];
    always_comb begin
        word = '0;
        case ({ar_addr[11:2], 2'b0})
            A_IDENTITY:   word = IDENTITY;
            A_VERSION:    word = VERSION;
            A_BUILD_LOW:  word = BUILD[31:0];
            A_BUILD_HIGH: word = BUILD[63:32];
            A_CURVE:      word = CURVE;
            A_ENGINES:    word = ENGINES;
            A_CREDITS:    word = CREDITS_AN_ENGINE * ENGINES;
            A_FLUSH:      word = flush;
            A_CONTROL: begin
                word[CONTROL_RESET]    = rst;
                word[CONTROL_SNAPSHOT] = snaps;
                word[CONTROL_CLEAR]    = clears;
                word[CONTROL_FLIP]     = flips;
            end
            A_STATUS: begin
                word[STATUS_IDLE]      = is_idle;
                word[STATUS_RESETTING] = rst;
            end
            A_ERRORS:     word = errors;
            default:      if (place < 10'(2 * COUNTERS)) word = snapshot[32*place +: 32];
        endcase
    end
    assign ar_ready = !r_valid;
    always_ff @(posedge clk) begin
        if (!rst_n) r_valid <= 1'b0;
        else if (ar_valid && ar_ready) r_valid <= 1'b1;
        else if (r_ready) r_valid <= 1'b0;
        if (ar_valid && ar_ready) r_data <= word;
    end
endmodule
