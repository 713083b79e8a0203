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
endmodule
