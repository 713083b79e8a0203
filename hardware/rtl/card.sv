// What a shell puts on a card: AXI-Stream in and out, 512 bits each, and registers behind AXI4-Lite, all of one clock. boards/README.md says what it must give.
`include "program.svh"
`include "registers.svh"

module card #(
    parameter int ENGINES = 1
) (
    input  logic         clk,
    input  logic         rst_n,
    // Transfers of packets: model/src/wire.rs. They are of whole beats.
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic         s_axis_tlast,
    input  logic [511:0] s_axis_tdata,
    // Transfers of results.
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic         m_axis_tlast,
    output logic [63:0]  m_axis_tkeep,
    output logic [511:0] m_axis_tdata,
    // Registers.
    input  logic         s_axil_awvalid,
    output logic         s_axil_awready,
    input  logic [11:0]  s_axil_awaddr,
    input  logic         s_axil_wvalid,
    output logic         s_axil_wready,
    input  logic [31:0]  s_axil_wdata,
    output logic         s_axil_bvalid,
    input  logic         s_axil_bready,
    output logic [1:0]   s_axil_bresp,
    input  logic         s_axil_arvalid,
    output logic         s_axil_arready,
    input  logic [11:0]  s_axil_araddr,
    output logic         s_axil_rvalid,
    input  logic         s_axil_rready,
    output logic [1:0]   s_axil_rresp,
    output logic [31:0]  s_axil_rdata,
    // For coverage and probes: where each engine is (engine.sv). A shell leaves it open.
    output logic [13*ENGINES-1:0] observed
);
    logic                   rst, flip, is_idle, cut;
    logic [31:0]            flush;
    logic [8*COUNTERS-1:0]  counts;
    registers #(.ENGINES(ENGINES)) control (
        .clk, .rst_n, .aw_valid(s_axil_awvalid), .aw_ready(s_axil_awready), .aw_addr(s_axil_awaddr), .w_valid(s_axil_wvalid),
        .w_ready(s_axil_wready), .w_data(s_axil_wdata), .b_valid(s_axil_bvalid), .b_ready(s_axil_bready), .ar_valid(s_axil_arvalid),
        .ar_ready(s_axil_arready), .ar_addr(s_axil_araddr), .r_valid(s_axil_rvalid), .r_ready(s_axil_rready), .r_data(s_axil_rdata),
        .rst, .flip, .flush, .is_idle, .counts
    );
    assign s_axil_bresp = 2'b00;
    assign s_axil_rresp = 2'b00;

    logic packet_valid, packet_ready, packet_last;
    framer frame (
        .clk, .rst, .in_valid(s_axis_tvalid), .in_ready(s_axis_tready), .in_last(s_axis_tlast), .in_kind(s_axis_tdata[7:0]),
        .out_valid(packet_valid), .out_ready(packet_ready), .out_last(packet_last), .dropped(cut)
    );

    logic               result_valid, result_ready;
    logic [39:0]        result;
    logic [ENGINES-1:0] counts_pass, counts_item, counts_dropped, counts_loaded, counts_parity;
    verifier #(.ENGINES(ENGINES)) verify (
        .clk, .rst, .flip, .in_valid(packet_valid), .in_ready(packet_ready), .in_last(packet_last), .in_data(s_axis_tdata),
        .out_valid(result_valid), .out_ready(result_ready), .out_data(result), .is_idle, .counts_pass, .counts_item, .counts_dropped,
        .counts_loaded, .counts_parity, .observed
    );

    packer pack (
        .clk, .rst, .flush, .in_valid(result_valid), .in_ready(result_ready), .in_data(result),
        .out_valid(m_axis_tvalid), .out_ready(m_axis_tready), .out_last(m_axis_tlast), .out_data(m_axis_tdata)
    );
    assign m_axis_tkeep = '1;

    // What is counted.
    function automatic logic [7:0] ones(input logic [ENGINES-1:0] of);
        ones = '0;
        for (int engine = 0; engine < ENGINES; engine++) ones = ones + {7'b0, of[engine]};
    endfunction
    logic is_result;
    assign is_result = result_valid && result_ready;
    always_comb begin
        counts = '0;
        counts[8*C_CLOCKS +: 8]        = 8'd1;
        counts[8*C_PASSES +: 8]        = ones(counts_pass);
        counts[8*C_ITEMS +: 8]         = ones(counts_item);
        counts[8*C_RESULTS +: 8]       = {7'b0, is_result};
        counts[8*C_UNDECIDED +: 8]     = {7'b0, is_result && result[39:32] == UNDECIDED};
        counts[8*C_BROKEN +: 8]        = {7'b0, is_result && result[39:32] == BROKEN};
        counts[8*C_MALFORMED +: 8]     = {7'b0, is_result && result[39:32] == MALFORMED};
        counts[8*C_DROPPED +: 8]       = ones(counts_dropped) + {7'b0, cut};
        counts[8*C_LOADED +: 8]        = ones(counts_loaded);
        counts[8*C_PARITY +: 8]        = ones(counts_parity);
        counts[8*C_INPUT_WAITED +: 8]  = {7'b0, s_axis_tvalid && !s_axis_tready};
        counts[8*C_OUTPUT_WAITED +: 8] = {7'b0, m_axis_tvalid && !m_axis_tready};
    end
endmodule
