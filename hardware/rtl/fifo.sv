// A queue of up to 2^DEPTH words. The word in front stands at the output as soon as it is there.
module fifo #(
    parameter int WIDTH = 64,
    parameter int DEPTH = 4
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             in_valid,
    output logic             in_ready,
    input  logic [WIDTH-1:0] in_data,
    output logic             out_valid,
    input  logic             out_ready,
    output logic [WIDTH-1:0] out_data
);
    logic [WIDTH-1:0] words [0:(1<<DEPTH)-1];
    logic [DEPTH:0]   written, taken;

    assign in_ready  = (written ^ taken) != {1'b1, {DEPTH{1'b0}}};
    assign out_valid = written != taken;
    assign out_data  = words[taken[DEPTH-1:0]];
    always_ff @(posedge clk) begin
        if (in_valid && in_ready) words[written[DEPTH-1:0]] <= in_data;
        if (rst) begin
            written <= '0;
            taken   <= '0;
        end else begin
            if (in_valid && in_ready) written <= written + 1'b1;
            if (out_valid && out_ready) taken <= taken + 1'b1;
        end
    end

`ifdef FORMAL
    // Of any word that is taken: it stands in the queue until it is given, in its turn and as it was. `which` is an arbitrary number: the place of a word in the
    // order of all, modulo twice the depth. hardware/sim/tests/rtl/formal.rs proves it by induction, for any use after a reset.
    (* anyconst *) logic [DEPTH:0] which;
    logic [DEPTH:0]   level, before;
    logic [WIDTH-1:0] word;
    logic             is_in, was_reset = 1'b0;
    assign level  = written - taken;
    assign before = which - taken;
    always_ff @(posedge clk) begin
        was_reset <= was_reset | rst;
        if (rst) begin
            is_in <= 1'b0;
        end else if (in_valid && in_ready && written == which) begin
            is_in <= 1'b1;
            word  <= in_data;
        end else if (out_valid && out_ready && taken == which) begin
            is_in <= 1'b0;
        end
        if (was_reset) begin
            assert (level <= (1 << DEPTH));
            assert (out_valid == (level != 0));
            assert (in_ready == (level != (1 << DEPTH)));
            assert (is_in == (before < level));
            if (is_in) assert (words[which[DEPTH-1:0]] == word);
            if (out_valid && taken == which) assert (is_in && out_data == word);
        end
    end
`endif
endmodule
