// The verifier: some engines behind one stream of packets, and one stream of results.
module verifier #(
    parameter int ENGINES = 1
) (
    input  logic               clk,
    input  logic               rst,           // held for 64 cycles at least
    input  logic               flip,          // the next result of each engine's datapath is written with wrong parity
    input  logic               in_valid,
    output logic               in_ready,
    input  logic               in_last,
    input  logic [511:0]       in_data,
    output logic               out_valid,
    input  logic               out_ready,
    output logic [39:0]        out_data,      // outcome, tag
    output logic               is_idle,       // no engine has an item
    output logic [ENGINES-1:0] counts_pass,
    output logic [ENGINES-1:0] counts_item,
    output logic [ENGINES-1:0] counts_dropped,
    output logic [ENGINES-1:0] counts_loaded,
    output logic [ENGINES-1:0] counts_parity,
    output logic [13*ENGINES-1:0] observed
);
    logic [ENGINES-1:0]    engine_valid, engine_ready, result_valid, result_ready, idle;
    assign is_idle = &idle;
    logic [40*ENGINES-1:0] result_data;
    distributor #(.ENGINES(ENGINES)) distribute (
        .clk, .rst, .in_valid, .in_ready, .in_last, .in_kind(in_data[7:0]), .engine_valid, .engine_ready,
        .result_valid, .result_ready, .result_data, .out_valid, .out_ready, .out_data
    );
    for (genvar number = 0; number < ENGINES; number++) begin : engines
        engine work (
            .clk, .rst, .flip, .in_valid(engine_valid[number]), .in_ready(engine_ready[number]), .in_last, .in_data,
            .out_valid(result_valid[number]), .out_ready(result_ready[number]), .out_data(result_data[40*number +: 40]),
            .is_idle(idle[number]), .counts_pass(counts_pass[number]), .counts_item(counts_item[number]),
            .counts_dropped(counts_dropped[number]), .counts_loaded(counts_loaded[number]),
            .counts_parity(counts_parity[number]), .observed(observed[13*number +: 13])
        );
    end
endmodule
