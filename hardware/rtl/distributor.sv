// Packets go whole to one of the engines, whichever has room; those that are no items, to every engine at once. Results come in any order.
`include "program.svh"

module distributor #(
    parameter int ENGINES = 2
) (
    input  logic               clk,
    input  logic               rst,
    input  logic               in_valid,
    output logic               in_ready,
    input  logic               in_last,
    input  logic [7:0]         in_kind,     // of the packet, with its first beat
    output logic [ENGINES-1:0] engine_valid,
    input  logic [ENGINES-1:0] engine_ready,
    input  logic [ENGINES-1:0]    result_valid,
    output logic [ENGINES-1:0]    result_ready,
    input  logic [40*ENGINES-1:0] result_data,
    output logic               out_valid,
    input  logic               out_ready,
    output logic [39:0]        out_data
);
    // Whom the packet under way is for; none between packets.
    logic [ENGINES-1:0] chosen, candidates, taker;
    logic               is_under_way;
    assign candidates = engine_ready & (~engine_ready + 1'b1);
    always_comb begin
        if (is_under_way) taker = chosen;
        else if (in_kind == KIND_ITEM) taker = candidates;
        else taker = '1;
    end
    assign in_ready     = taker != '0 && (taker & engine_ready) == taker;
    assign engine_valid = (in_valid && in_ready) ? taker : '0;
    always_ff @(posedge clk) begin
        if (rst) is_under_way <= 1'b0;
        else if (in_valid && in_ready) is_under_way <= !in_last;
        if (in_valid && in_ready) chosen <= taker;
    end

    // One engine after the other.
    localparam int BITS = ENGINES > 1 ? $clog2(ENGINES) : 1;
    logic [BITS-1:0] front;
    always_comb begin
        result_ready        = '0;
        result_ready[front] = out_ready;
    end
    assign out_valid = result_valid[front];
    assign out_data  = result_data[40*front +: 40];
    always_ff @(posedge clk) begin
        if (rst) front <= '0;
        else if (!out_valid || out_ready) front <= (front == BITS'(ENGINES - 1)) ? '0 : front + 1'b1;
    end

`ifdef FORMAL
    // Nobody is given a beat without having said that there is room; a packet stays with whoever has its first beat, an item with one engine; a result leaves one
    // engine when it is taken, and no other. hardware/sim/tests/rtl/formal.rs proves it by induction.
    logic is_item, was_reset = 1'b0;
    always_ff @(posedge clk) begin
        was_reset <= was_reset | rst;
        if (in_valid && in_ready && !is_under_way) is_item <= in_kind == KIND_ITEM;
        if (was_reset) begin
            assert ((engine_valid & ~engine_ready) == '0);
            assert ((in_valid && in_ready) == (engine_valid != '0));
            if (engine_valid != '0) assert (engine_valid == taker);
            if (is_under_way) begin
                assert (taker == chosen && chosen != '0);
                if (is_item) assert ((chosen & (chosen - 1'b1)) == '0);
                else assert (&chosen);
            end
            assert (front < ENGINES);
            assert ((result_valid & result_ready) == ((out_valid && out_ready) ? ({{(ENGINES-1){1'b0}}, 1'b1} << front) : '0));
        end
    end
`endif
endmodule
