// Cuts what comes into packets: a transfer holds any number of them, one after the other, and ends with one. How many beats a packet has is said by its kind, in its
// first beat. What begins as no packet is dropped to the end of its transfer; a transfer that ends within a packet cuts it short, and the loader drops that.
`include "program.svh"

module framer (
    input  logic       clk,
    input  logic       rst,
    input  logic       in_valid,
    output logic       in_ready,
    input  logic       in_last,     // of the transfer
    input  logic [7:0] in_kind,     // of the packet, with its first beat
    output logic       out_valid,
    input  logic       out_ready,
    output logic       out_last,    // of the packet
    output logic       dropped
);
    logic [2:0] left;               // beats of the packet under way that are still to come; 0 between packets
    logic       drops, is_open;     // the transfer under way is dropped; there is one

    logic [2:0] more;
    logic       is_head, is_packet;
    assign is_head = left == '0;
    always_comb begin
        is_packet = 1'b1;
        case (in_kind)
            KIND_ITEM:  more = 3'd4;
            KIND_POINT: more = 3'd1;
            KIND_WORD:  more = 3'd0;
            default: begin
                more      = 3'd0;
                is_packet = 1'b0;
            end
        endcase
    end

    logic is_dropped, takes;
    assign is_dropped = drops || (is_head && !is_packet);
    assign out_valid  = in_valid && !is_dropped && !rst;
    assign out_last   = in_last || (is_head ? more == '0 : left == 3'd1);
    assign in_ready   = !rst && (is_dropped || out_ready);
    assign takes      = in_valid && in_ready;
    assign dropped    = takes && is_dropped && !drops;

    always_ff @(posedge clk) begin
        if (rst) begin
            left  <= '0;
            // What is left of a transfer that a reset cuts in two is no packet.
            drops <= is_open;
        end else if (takes) begin
            drops   <= is_dropped && !in_last;
            is_open <= !in_last;
            if (is_dropped || in_last) left <= '0;
            else left <= is_head ? more : left - 3'd1;
        end
    end
    initial is_open = 1'b0;
endmodule
