// A memory with one port to write and one to read. What is read is there LATENCY cycles after its address, with whether its parity is wrong.
module memory #(
    parameter int WIDTH   = 256,
    parameter int PART    = 32,   // bits that share a bit of parity
    parameter int ADDRESS = 12,
    parameter int WORDS   = 1 << ADDRESS,
    parameter int LATENCY = 2     // 1 or 2
) (
    input  logic               clk,
    input  logic               write,
    input  logic               flip,  // stores wrong parity: a test of what follows from it
    input  logic [ADDRESS-1:0] write_address,
    input  logic [WIDTH-1:0]   write_data,
    input  logic [ADDRESS-1:0] read_address,
    output logic [WIDTH-1:0]   read_data,
    output logic               is_bad
);
    localparam int PARTS = WIDTH / PART;
    logic [WIDTH+PARTS-1:0] words [0:WORDS-1];
    logic [WIDTH+PARTS-1:0] latched, out;
    logic [PARTS-1:0]       parity, wrong;

    always_comb for (int part = 0; part < PARTS; part++) parity[part] = (^write_data[PART*part +: PART]) ^ flip;
    always_ff @(posedge clk) begin
        if (write) words[write_address] <= {parity, write_data};
        latched <= words[read_address];
    end
    if (LATENCY == 2) begin : behind
        always_ff @(posedge clk) out <= latched;
    end else begin : at_once
        assign out = latched;
    end
    always_comb for (int part = 0; part < PARTS; part++) wrong[part] = (^out[PART*part +: PART]) ^ out[WIDTH+part];
    assign read_data = out[WIDTH-1:0];
    assign is_bad    = |wrong;
endmodule
