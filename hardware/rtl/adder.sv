// A sum of two words in pieces, one piece a cycle: no carry chain is longer than CHUNK.
// LATENCY = ceil(WIDTH / CHUNK) cycles.
module adder #(
    parameter int WIDTH = 264,
    parameter int CHUNK = 132
) (
    input  logic             clk,
    input  logic [WIDTH-1:0] x,
    input  logic [WIDTH-1:0] y,
    input  logic             carry_in,
    output logic [WIDTH-1:0] sum,
    output logic             carry_out
);
    localparam int PIECES = (WIDTH + CHUNK - 1) / CHUNK;

    // Before each step and behind the last: what is summed already, what is not yet, and the carry between them.
    wire [WIDTH-1:0] done [0:PIECES];
    wire [WIDTH-1:0] left_x [0:PIECES];
    wire [WIDTH-1:0] left_y [0:PIECES];
    wire             carry [0:PIECES];

    assign done[0]   = '0;
    assign left_x[0] = x;
    assign left_y[0] = y;
    assign carry[0]  = carry_in;

    for (genvar piece = 0; piece < PIECES; piece++) begin : pieces
        localparam int LOW  = piece * CHUNK;
        localparam int SIZE = (LOW + CHUNK > WIDTH) ? WIDTH - LOW : CHUNK;
        logic [SIZE:0]    partial;
        logic [WIDTH-1:0] next_done, next_x, next_y;
        logic             next_carry;
        assign partial = {1'b0, left_x[piece][LOW +: SIZE]} + {1'b0, left_y[piece][LOW +: SIZE]} + {{SIZE{1'b0}}, carry[piece]};
        always_ff @(posedge clk) begin
            next_done              <= done[piece];
            next_done[LOW +: SIZE] <= partial[SIZE-1:0];
            next_x                 <= left_x[piece];
            next_y                 <= left_y[piece];
            next_carry             <= partial[SIZE];
        end
        assign done[piece+1]   = next_done;
        assign left_x[piece+1] = next_x;
        assign left_y[piece+1] = next_y;
        assign carry[piece+1]  = next_carry;
    end

    assign sum       = done[PIECES];
    assign carry_out = carry[PIECES];
endmodule
