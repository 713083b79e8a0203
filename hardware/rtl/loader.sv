// Takes packets of 64-byte beats (model/src/wire.rs): an item goes into a context that is idle, through the turns in which that one writes nothing; a point into the
// fixed table; a word into a register of every context. A packet of another length or kind is dropped whole.
`include "curve.svh"
`include "program.svh"

module loader (
    input  logic         clk,
    input  logic         rst,
    input  logic [4:0]   turn,
    input  logic [31:0]  is_idle,
    input  logic         in_valid,
    output logic         in_ready,
    input  logic         in_last,
    input  logic [511:0] in_data,
    // Registers: a word into that one of the context in its turn.
    output logic         write,
    output logic [6:0]   write_register,
    output logic [255:0] write_data,
    // Commands.
    output logic         command_write,
    output logic [11:0]  command_address,
    output logic [15:0]  command_data,
    // The fixed table.
    output logic         point_write,
    output logic [13:0]  point_address,
    output logic [511:0] point_data,
    // An item that is loaded.
    output logic         start,
    output logic [4:0]   start_context,
    output logic [31:0]  start_tag,
    output logic [6:0]   start_count,
    output logic         start_key_range,
    output logic         start_scalar_range,
    output logic         start_is_low,
    input  logic         started,
    // A packet was dropped.
    output logic         dropped,
    // A point was written, or a word into all contexts.
    output logic         loaded,
    output logic [2:0]   observed       // the state
);
    localparam logic [2:0] HEAD = 3'd0, BODY = 3'd1, FILL = 3'd2, START = 3'd3, POINT = 3'd4, SPREAD = 3'd5, DROP = 3'd6;
    logic [2:0]   state;
    logic [7:0]   kind;
    logic [6:0]   count;
    logic [13:0]  place;
    logic [31:0]  tag;
    logic [255:0] c;
    logic [511:0] body;         // the key, or a point
    logic [511:0] commands;     // those of a beat that are not written yet
    logic [5:0]   waiting;      // how many
    logic [6:0]   position;     // commands written
    logic [1:0]   beats;        // of commands
    logic [5:0]   words;        // written
    logic [4:0]   target;
    logic         has_begin;    // the first command begins at an entry of the table
    logic [4:0]   checked;
    logic [3:0]   is_above;     // qx and qy: p or more; c: n or more; c: p - n or more

    // Ranges, one after the other: a word less its bound has a carry where it is not below.
    logic [255:0] checked_word, bound, unused_sum;
    logic         carry;
    always_comb begin
        case (checked[3:2])
            2'd0:    begin checked_word = body[255:0];   bound = PRIME; end
            2'd1:    begin checked_word = body[511:256]; bound = PRIME; end
            2'd2:    begin checked_word = c;             bound = ORDER; end
            default: begin checked_word = c;             bound = GAP; end
        endcase
    end
    adder #(.WIDTH(256), .CHUNK(128)) compare (
        .clk, .x(checked_word), .y(~bound), .carry_in(1'b1), .sum(unused_sum), .carry_out(carry)
    );

    // The next word goes into the first context that is idle, the others after it into the same.
    logic has_target, is_turn;
    assign has_target = words != '0;
    assign is_turn    = has_target ? turn == target : is_idle[turn];
    always_comb begin
        write          = 1'b0;
        write_register = REGISTER_QX;
        write_data     = body[255:0];
        if (state == FILL && words < 6'd3) begin
            write = is_turn;
            if (words == 6'd1) begin
                write_register = REGISTER_QY;
                write_data     = body[511:256];
            end else if (words == 6'd2) begin
                write_register = REGISTER_C;
                write_data     = c;
            end
        end else if (state == SPREAD) begin
            write          = (&is_idle) | has_target;
            write_register = place[6:0];
            write_data     = c;
        end
    end

    assign in_ready = state == HEAD || state == BODY || state == DROP || (state == FILL && has_target && waiting == '0 && beats != 2'd3);
    assign command_write   = state == FILL && waiting != '0;
    assign command_address = {target, position};
    assign command_data    = commands[15:0];
    assign point_write     = state == POINT;
    assign point_address   = place;
    assign point_data      = body;
    assign start              = state == START;
    assign start_context      = target;
    assign start_tag          = tag;
    assign start_count        = count;
    assign start_key_range    = is_above[0] | is_above[1];
    assign start_scalar_range = is_above[2] | ~has_begin;
    assign start_is_low       = ~is_above[3];

    logic takes, is_item, is_right_length, spread;
    assign takes   = in_valid & in_ready;
    assign is_item = kind == KIND_ITEM;
    always_comb begin
        case (state)
            HEAD:    is_right_length = (in_data[7:0] == KIND_ITEM && in_data[15:8] <= COMMANDS_MAX && !in_last)
                                       || (in_data[7:0] == KIND_POINT && !in_last) || (in_data[7:0] == KIND_WORD && in_last);
            BODY:    is_right_length = in_last != is_item;
            FILL:    is_right_length = in_last == (beats == 2'd2);
            default: is_right_length = 1'b1;
        endcase
    end
    assign dropped  = takes & ~is_right_length;
    assign spread   = state == SPREAD && write && words == 6'd31;
    assign loaded   = spread || state == POINT;
    assign observed = state;

    always_ff @(posedge clk) begin
        if (takes) begin
            case (state)
                HEAD: begin
                    kind  <= in_data[7:0];
                    count <= in_data[14:8];
                    place <= in_data[29:16];
                    tag   <= in_data[63:32];
                    c     <= in_data[511:256];
                end
                BODY: body <= in_data;
                FILL: commands <= in_data;
                default: ;
            endcase
        end else if (command_write) begin
            commands <= commands >> 16;
        end
        if (command_write && position == '0) has_begin <= commands[15:4] == 12'h001;

        if (state == HEAD) begin
            waiting  <= '0;
            position <= '0;
            beats    <= '0;
            words    <= '0;
            checked  <= '0;
        end
        if (state == FILL) begin
            if (takes) begin
                waiting <= 6'd32;
                beats   <= beats + 2'd1;
            end else if (command_write) begin
                waiting  <= waiting - 6'd1;
                position <= position + 7'd1;
            end
            if (write) begin
                words <= words + 6'd1;
                if (!has_target) target <= turn;
            end
            if (checked != 5'd16) checked <= checked + 5'd1;
            if (checked[1:0] == 2'd3) is_above[checked[3:2]] <= carry;
        end
        if (state == SPREAD && write) words <= words + 6'd1;

        if (rst) state <= HEAD;
        else if (dropped) state <= in_last ? HEAD : DROP;
        else case (state)
            HEAD:    if (takes) state <= (in_data[7:0] == KIND_WORD) ? SPREAD : BODY;
            BODY:    if (takes) state <= is_item ? FILL : POINT;
            FILL:    if (words == 6'd3 && beats == 2'd3 && waiting == '0 && checked == 5'd16) state <= START;
            START:   if (started) state <= HEAD;
            POINT:   state <= HEAD;
            SPREAD:  if (spread) state <= HEAD;
            DROP:    if (takes && in_last) state <= HEAD;
            default: state <= HEAD;
        endcase
    end
endmodule
