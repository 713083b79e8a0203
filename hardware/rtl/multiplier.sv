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

    // Layers of full adders, in which three words become two: 32, 22, 15, 10, 7, 5, 4, 3, 2 are left. Registers stand behind every second one.
    localparam int LAYERS = 8;
    function automatic int words(input int layers);
        words = 32;
        for (int layer = 0; layer < layers; layer++) words = words - words / 3;
    endfunction
    logic [531:0] row [0:31];
    always_comb begin
        for (int j = 0; j < 16; j++) begin
            row[2*j]   = '0;
            row[2*j+1] = '0;
            for (int i = 0; i < 10; i += 2) begin
                row[2*j][26*i + 17*j +: 43]       = held[j][i];
                row[2*j+1][26*(i+1) + 17*j +: 43] = held[j][i+1];
            end
        end
    end
    logic [531:0] last_x, last_y;
    for (genvar layer = 0; layer < LAYERS; layer++) begin : layers
        localparam int WORDS  = words(layer);
        localparam int ADDERS = WORDS / 3;
        localparam int LEFT   = WORDS - ADDERS;
        logic [531:0] word [0:WORDS-1], sum [0:LEFT-1], kept [0:LEFT-1];
        for (genvar k = 0; k < WORDS; k++) begin : from
            if (layer == 0) assign word[k] = row[k];
            else assign word[k] = layers[layer-1].kept[k];
        end
        always_comb begin
            for (int k = 0; k < ADDERS; k++) begin
                sum[2*k]   = word[3*k] ^ word[3*k+1] ^ word[3*k+2];
                sum[2*k+1] = ((word[3*k] & word[3*k+1]) | (word[3*k] & word[3*k+2]) | (word[3*k+1] & word[3*k+2])) << 1;
            end
            for (int k = 3 * ADDERS; k < WORDS; k++) sum[k-ADDERS] = word[k];
        end
        if (layer % 2 == 1) begin : behind
            always_ff @(posedge clk) for (int k = 0; k < LEFT; k++) kept[k] <= sum[k];
        end else begin : between
            always_comb for (int k = 0; k < LEFT; k++) kept[k] = sum[k];
        end
        if (layer == LAYERS - 1) begin : ends
            always_comb begin
                last_x = kept[0];
                last_y = kept[1];
            end
        end
    end

    logic unused;
    adder #(.WIDTH(532), .CHUNK(133)) last (
        .clk, .x(last_x), .y(last_y), .carry_in(1'b0), .sum(product), .carry_out(unused)
    );
endmodule
