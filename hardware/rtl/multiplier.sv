// 260 by 272 bits, a product a cycle: 10 by 16 tiles of 26 by 17 bits, the size of a DSP48E2 without signs.
// Rows of tiles are two words each, the even tiles and the odd ones, which do not overlap; 32 words are brought to two without carries, then summed.
module multiplier (
    input  logic         clk,
    input  logic [259:0] left,
    input  logic [271:0] right,
    output logic [531:0] product
);
    // The product is there 11 cycles after the factors: two in a tile, one behind it, four of sums without carries, four of the sum.

    logic [25:0] l [0:9];
    logic [16:0] r [0:15];
    logic [42:0] tile [0:15][0:9];
    logic [42:0] held [0:15][0:9];
    always_ff @(posedge clk) begin
        for (int i = 0; i < 10; i++) l[i] <= left[26*i +: 26];
        for (int j = 0; j < 16; j++) begin
            r[j] <= right[17*j +: 17];
            for (int i = 0; i < 10; i++) begin
                tile[j][i] <= l[i] * r[j];
                held[j][i] <= tile[j][i];
            end
        end
    end

    logic [531:0] w0 [0:31];
    always_comb begin
        for (int j = 0; j < 16; j++) begin
            w0[2*j]   = '0;
            w0[2*j+1] = '0;
            for (int i = 0; i < 10; i += 2) begin
                w0[2*j][26*i + 17*j +: 43]          = held[j][i];
                w0[2*j+1][26*(i+1) + 17*j +: 43]    = held[j][i+1];
            end
        end
    end

    // Full adders: three words become two.
    function automatic logic [531:0] bits(input logic [531:0] x, input logic [531:0] y, input logic [531:0] z);
        return x ^ y ^ z;
    endfunction
    function automatic logic [531:0] carries(input logic [531:0] x, input logic [531:0] y, input logic [531:0] z);
        return ((x & y) | (x & z) | (y & z)) << 1;
    endfunction

    // 32 - 22 - 15 | 10 - 7 | 5 - 4 | 3 - 2
    logic [531:0] w1 [0:21], w2 [0:14], w2r [0:14];
    always_comb begin
        for (int k = 0; k < 10; k++) begin
            w1[2*k]   = bits(w0[3*k], w0[3*k+1], w0[3*k+2]);
            w1[2*k+1] = carries(w0[3*k], w0[3*k+1], w0[3*k+2]);
        end
        w1[20] = w0[30];
        w1[21] = w0[31];
        for (int k = 0; k < 7; k++) begin
            w2[2*k]   = bits(w1[3*k], w1[3*k+1], w1[3*k+2]);
            w2[2*k+1] = carries(w1[3*k], w1[3*k+1], w1[3*k+2]);
        end
        w2[14] = w1[21];
    end
    logic [531:0] w3 [0:9], w4 [0:6], w4r [0:6];
    always_comb begin
        for (int k = 0; k < 5; k++) begin
            w3[2*k]   = bits(w2r[3*k], w2r[3*k+1], w2r[3*k+2]);
            w3[2*k+1] = carries(w2r[3*k], w2r[3*k+1], w2r[3*k+2]);
        end
        for (int k = 0; k < 3; k++) begin
            w4[2*k]   = bits(w3[3*k], w3[3*k+1], w3[3*k+2]);
            w4[2*k+1] = carries(w3[3*k], w3[3*k+1], w3[3*k+2]);
        end
        w4[6] = w3[9];
    end
    logic [531:0] w5 [0:4], w6 [0:3], w6r [0:3];
    always_comb begin
        for (int k = 0; k < 2; k++) begin
            w5[2*k]   = bits(w4r[3*k], w4r[3*k+1], w4r[3*k+2]);
            w5[2*k+1] = carries(w4r[3*k], w4r[3*k+1], w4r[3*k+2]);
        end
        w5[4] = w4r[6];
        w6[0] = bits(w5[0], w5[1], w5[2]);
        w6[1] = carries(w5[0], w5[1], w5[2]);
        w6[2] = w5[3];
        w6[3] = w5[4];
    end
    logic [531:0] w7 [0:2], w8 [0:1], w8r [0:1];
    always_comb begin
        w7[0] = bits(w6r[0], w6r[1], w6r[2]);
        w7[1] = carries(w6r[0], w6r[1], w6r[2]);
        w7[2] = w6r[3];
        w8[0] = bits(w7[0], w7[1], w7[2]);
        w8[1] = carries(w7[0], w7[1], w7[2]);
    end
    always_ff @(posedge clk) begin
        for (int k = 0; k < 15; k++) w2r[k] <= w2[k];
        for (int k = 0; k < 7; k++)  w4r[k] <= w4[k];
        for (int k = 0; k < 4; k++)  w6r[k] <= w6[k];
        for (int k = 0; k < 2; k++)  w8r[k] <= w8[k];
    end

    logic unused;
    adder #(.WIDTH(532), .CHUNK(133)) last (
        .clk, .x(w8r[0]), .y(w8r[1]), .carry_in(1'b0), .sum(product), .carry_out(unused)
    );
endmodule
