// One pass: scale * left * right with the digit's sign, + a multiple of e, - 2 d, reduced below p. A pass begins each cycle, its result is there 28 cycles later.
// curve.svh, which the model generates, says what the curve is: PRIME, and how digits from 2^256 on fold (fold, fold_low, fold_high).
`include "curve.svh"

module datapath (
    input  logic         clk,
    input  logic [255:0] a,
    input  logic [255:0] c,
    input  logic [255:0] d,
    input  logic [255:0] e,
    input  logic         left,         // 0: a, 1: a - d
    input  logic [2:0]   right,        // 0: c, 1: c + d, 2: c - d, 3: 2 c - d, 4: 4 c - d
    input  logic [2:0]   scale,        // 0 to 4: 1, 2, 3, 4, 8
    input  logic         is_negative,  // the product counts negative
    input  logic [2:0]   post,         // 0: nothing, 1: + e, 2: - e, 3: - 2 e, 4: - 8 e
    input  logic         less_twice_d,
    output logic [255:0] result,
    output logic         is_zero
);
    // 1: sums and differences of the factors without carries; p makes differences positive.
    logic [259:0] left_x, left_y, right_x, right_y;
    logic         left_in, right_in;
    logic [259:0] lx, ly, lz, rx, ry, rz;
    always_comb begin
        lx = {4'b0, a};
        ly = left ? {4'b0, PRIME} : '0;
        lz = left ? ~{4'b0, d} : '0;
        case (right)
            3'd3:    rx = {3'b0, c, 1'b0};
            3'd4:    rx = {2'b0, c, 2'b0};
            default: rx = {4'b0, c};
        endcase
        ry = (right == 3'd0) ? '0 : (right == 3'd1) ? {4'b0, d} : {4'b0, PRIME};
        rz = (right >= 3'd2) ? ~{4'b0, d} : '0;
    end
    always_ff @(posedge clk) begin
        left_x   <= lx ^ ly ^ lz;
        left_y   <= ((lx & ly) | (lx & lz) | (ly & lz)) << 1;
        left_in  <= left;
        right_x  <= rx ^ ry ^ rz;
        right_y  <= ((rx & ry) | (rx & rz) | (ry & rz)) << 1;
        right_in <= right >= 3'd2;
    end

    // 2, 3: their carries.
    logic [259:0] left_sum, right_sum;
    logic         unused_left, unused_right;
    adder #(.WIDTH(260), .CHUNK(130)) add_left (
        .clk, .x(left_x), .y(left_y), .carry_in(left_in), .sum(left_sum), .carry_out(unused_left)
    );
    adder #(.WIDTH(260), .CHUNK(130)) add_right (
        .clk, .x(right_x), .y(right_y), .carry_in(right_in), .sum(right_sum), .carry_out(unused_right)
    );

    // 4, 5: the left factor is scaled.
    logic [2:0]   scale_4;
    logic [259:0] scaled_x, scaled_y, scaled, right_5;
    logic         unused_scaled;
    delay #(.WIDTH(3), .CYCLES(3)) delay_scale (.clk, .in(scale), .out(scale_4));
    always_comb begin
        case (scale_4)
            3'd1, 3'd2: scaled_x = left_sum << 1;
            3'd3:       scaled_x = left_sum << 2;
            3'd4:       scaled_x = left_sum << 3;
            default:    scaled_x = left_sum;
        endcase
        scaled_y = (scale_4 == 3'd2) ? left_sum : '0;
    end
    adder #(.WIDTH(260), .CHUNK(130)) add_scaled (
        .clk, .x(scaled_x), .y(scaled_y), .carry_in(1'b0), .sum(scaled), .carry_out(unused_scaled)
    );
    delay #(.WIDTH(260), .CYCLES(2)) delay_right (.clk, .in(right_sum), .out(right_5));

    // 6 to 16: the product.
    logic [531:0] product;
    multiplier multiply (.clk, .left(scaled), .right({12'b0, right_5}), .product);

    // 17, 18: digits from 2^256 on are folded, column by column; then the sign.
    logic         is_negative_18;
    logic signed [43:0] low [0:7], high [0:7], column [0:7];
    delay #(.WIDTH(1), .CYCLES(17)) delay_sign (.clk, .in(is_negative), .out(is_negative_18));
    always_ff @(posedge clk) begin
        for (int j = 0; j < 8; j++) begin
            low[j]    <= fold_low(j, product);
            high[j]   <= fold_high(j, product);
            column[j] <= is_negative_18 ? -(low[j] + high[j]) : low[j] + high[j];
        end
    end

    // 19: what is added to the product.
    logic [255:0] d_19, e_19;
    logic [2:0]   post_19;
    logic         less_twice_d_19;
    logic signed [43:0] of_d [0:7], of_e [0:7], term [0:7], total [0:7];
    delay #(.WIDTH(516), .CYCLES(18)) delay_terms (
        .clk, .in({less_twice_d, post, d, e}), .out({less_twice_d_19, post_19, d_19, e_19})
    );
    always_comb begin
        for (int j = 0; j < 8; j++) begin
            of_d[j] = {12'b0, d_19[32*j +: 32]};
            of_e[j] = {12'b0, e_19[32*j +: 32]};
            case (post_19)
                3'd1:    term[j] = of_e[j];
                3'd2:    term[j] = -of_e[j];
                3'd3:    term[j] = -(of_e[j] <<< 1);
                3'd4:    term[j] = -(of_e[j] <<< 3);
                default: term[j] = '0;
            endcase
        end
    end
    always_ff @(posedge clk) begin
        for (int j = 0; j < 8; j++) total[j] <= column[j] + term[j] - (less_twice_d_19 ? of_d[j] <<< 1 : 44'sd0);
    end

    // 20 to 23: carries, two columns a cycle. What is above 2^256 is the quotient, about.
    logic signed [43:0] waiting [0:3][0:7];
    wire [255:0]        digits [0:4];
    wire signed [15:0]  carry [0:4];
    assign digits[0] = '0;
    assign carry[0]  = '0;
    for (genvar pair = 0; pair < 4; pair++) begin : pairs
        logic signed [79:0] value;
        logic signed [43:0] even, odd;
        logic [255:0]       next_digits;
        logic signed [15:0] next_carry;
        if (pair == 0) begin : first
            always_comb even = total[0];
            always_comb odd  = total[1];
        end else begin : behind
            always_comb even = waiting[pair-1][2*pair];
            always_comb odd  = waiting[pair-1][2*pair+1];
        end
        assign value = 80'(carry[pair]) + 80'(even) + (80'(odd) <<< 32);
        always_ff @(posedge clk) begin
            next_digits                 <= digits[pair];
            next_digits[64*pair +: 64]  <= value[63:0];
            next_carry                  <= value[79:64];
            for (int j = 0; j < 8; j++) waiting[pair][j] <= (pair == 0) ? total[j] : waiting[pair-1][j];
        end
        assign digits[pair+1] = next_digits;
        assign carry[pair+1]  = next_carry;
    end

    // 24: so many times what 2^256 is more than p, the positive digits and the negative ones.
    logic [257:0]       base, plus, minus;
    logic signed [15:0] times [0:7];
    always_comb begin
        for (int j = 0; j < 8; j++) times[j] = (fold(j) == 0) ? 16'sd0 : (fold(j) > 0) ? carry[4] : -carry[4];
    end
    always_ff @(posedge clk) begin
        base  <= {2'b0, digits[4]};
        plus  <= '0;
        minus <= '0;
        for (int j = 0; j < 8; j++) begin
            plus[32*j +: 32]  <= (times[j] > 0) ? {16'b0, times[j]} : '0;
            minus[32*j +: 32] <= (times[j] < 0) ? {16'b0, -times[j]} : '0;
        end
    end

    // 25: three candidates, one of which is the residue: the sum, p less, p more.
    logic [257:0] cx, cy, x [0:2], y [0:2];
    assign cx = base ^ plus ^ ~minus;
    assign cy = ((base & plus) | (base & ~minus) | (plus & ~minus)) << 1;
    always_ff @(posedge clk) begin
        x[0] <= cx;
        y[0] <= cy;
        x[1] <= cx ^ cy ^ ~{2'b0, PRIME};
        y[1] <= (((cx & cy) | (cx & ~{2'b0, PRIME}) | (cy & ~{2'b0, PRIME})) << 1) | 258'd1;
        x[2] <= cx ^ cy ^ {2'b0, PRIME};
        y[2] <= ((cx & cy) | (cx & {2'b0, PRIME}) | (cy & {2'b0, PRIME})) << 1;
    end

    // 26, 27: their carries; that of what is subtracted in 24 comes in here.
    logic [257:0] candidate [0:2];
    for (genvar k = 0; k < 3; k++) begin : candidates
        logic unused;
        adder #(.WIDTH(258), .CHUNK(129)) add (.clk, .x(x[k]), .y(y[k]), .carry_in(1'b1), .sum(candidate[k]), .carry_out(unused));
    end

    // 28: the one from 0 to p.
    logic [255:0] chosen;
    assign chosen = candidate[0][257] ? candidate[2][255:0] : candidate[1][257] ? candidate[0][255:0] : candidate[1][255:0];
    always_ff @(posedge clk) begin
        result  <= chosen;
        is_zero <= chosen == '0;
    end
endmodule
