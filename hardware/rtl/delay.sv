// A word, so many cycles later.
module delay #(
    parameter int WIDTH = 256,
    parameter int CYCLES = 1
) (
    input  logic             clk,
    input  logic [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
    if (CYCLES == 0) begin : none
        assign out = in;
    end else begin : some
        logic [WIDTH-1:0] line [0:CYCLES-1];
        always_ff @(posedge clk) begin
            line[0] <= in;
            for (int step = 1; step < CYCLES; step++) line[step] <= line[step-1];
        end
        // As a process: Icarus 11 passes no word of an array through `assign`.
        always_comb out = line[CYCLES-1];
    end
endmodule
