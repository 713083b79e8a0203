// One engine: 32 contexts that take turns on one datapath, each with an item. In cycle 0 of its turn a context's last result is written, in cycle 1 its next line is
// decided, in cycles 2 and 3 the line's registers are read, and from cycle 4 on the datapath has it: 28 steps, so that the result is written in cycle 32.
`include "program.svh"

module engine (
    input  logic         clk,
    input  logic         rst,         // held for 64 cycles at least: what is in the pipelines leaves them
    input  logic         flip,        // the next result is written with wrong parity
    // Packets of items, points of the fixed table, and words: see loader.sv.
    input  logic         in_valid,
    output logic         in_ready,
    input  logic         in_last,
    input  logic [511:0] in_data,
    // Results: outcome, tag.
    output logic         out_valid,
    input  logic         out_ready,
    output logic [39:0]  out_data,
    // What is counted.
    output logic         is_idle,     // no context has an item
    output logic         counts_pass,
    output logic         counts_item,
    output logic         counts_dropped,
    output logic         counts_loaded, // a point or a word
    output logic         counts_parity, // a line, or a command, that was read with wrong parity
    // Where the engine is: a result waits, all contexts have an item, the loader's state (3 bits), a line begins, the line (7).
    output logic [12:0]  observed
);
    logic [4:0] turn;
    always_ff @(posedge clk) turn <= rst ? '0 : turn + 5'd1;

    // What is loaded.
    logic [31:0]  idle;
    logic         load_write, command_write, point_write, start, started;
    logic [6:0]   load_register, start_count;
    logic [255:0] load_data;
    logic [11:0]  command_address;
    logic [15:0]  command_data;
    logic [13:0]  point_address;
    logic [511:0] point_data;
    logic [4:0]   start_context;
    logic [31:0]  start_tag;
    logic         start_key_range, start_scalar_range, start_is_low;
    loader load (
        .clk, .rst, .turn, .is_idle(idle), .in_valid, .in_ready, .in_last, .in_data,
        .write(load_write), .write_register(load_register), .write_data(load_data),
        .command_write, .command_address, .command_data, .point_write, .point_address, .point_data,
        .start, .start_context, .start_tag, .start_count, .start_key_range, .start_scalar_range, .start_is_low, .started,
        .dropped(counts_dropped), .loaded(counts_loaded), .observed(observed[10:8])
    );

    // Which line, and what becomes of items.
    logic                 command_breaks;
    logic                 issue, is_negative, report_is_zero, broken, result_valid, result_ready;
    logic [LINE_BITS-2:0] line;
    logic [2:0]           entry, report;
    logic [13:0]          point;
    logic [4:0]           broken_context;
    logic [39:0]          result_word;
    sequencer sequence_lines (
        .clk, .rst, .turn, .start, .start_context, .start_tag, .start_count, .start_key_range, .start_scalar_range, .start_is_low, .started,
        .is_idle(idle), .command_write, .command_address, .command_data,
        .issue, .issue_line(line), .issue_entry(entry), .issue_is_negative(is_negative), .issue_point(point),
        .report, .report_is_zero, .broken, .broken_context,
        .result_valid, .result_ready, .result(result_word), .breaks(command_breaks), .observed(observed[7:0])
    );
    fifo #(.WIDTH(40), .DEPTH(RESULT_DEPTH)) results (
        .clk, .rst, .in_valid(result_valid), .in_ready(result_ready), .in_data(result_word), .out_valid, .out_ready, .out_data
    );

    // Cycle 2: where the line reads. An entry of the key's table, or a coordinate of a point of the fixed table, is named by the digit.
    function automatic logic [6:0] address(input logic [6:0] of, input logic [2:0] digit);
        if (of < 7'h78) address = of;
        else if (of < 7'h7e) address = REGISTER_T0X + 7'd5 * {4'd0, digit} + {4'd0, of[2:0]};
        else address = '0;
    endfunction
    logic [4:0]  context_2;
    logic [6:0]  a_2, c_2, d_2, e_2;
    logic [13:0] point_2;
    always_ff @(posedge clk) begin
        context_2 <= turn - 5'd1;
        a_2       <= address(line[13:7], entry);
        c_2       <= address(line[20:14], entry);
        d_2       <= address(line[27:21], entry);
        e_2       <= address(line[34:28], entry);
        point_2   <= point;
    end

    // Registers: a copy for each port that reads. Written are results; in a turn without one, what is loaded.
    logic         wrote, write, flips;
    logic [6:0]   to;
    logic [255:0] result, written;
    logic [11:0]  write_address;
    assign write         = wrote | load_write;
    assign write_address = {turn, wrote ? to : load_register};
    assign written       = wrote ? result : load_data;
    // What is loaded and a result never want the write port in one cycle.
    always_ff @(posedge clk) if (!rst) assert (!(wrote && load_write));
    always_ff @(posedge clk) flips <= !rst && (flip || (flips && !wrote));
    logic [255:0] a_4, c_4, d_4, e_4;
    logic         bad_a, bad_c, bad_d, bad_e;
    memory #(.WIDTH(256)) registers_a (
        .clk, .write, .flip(flips & wrote), .write_address, .write_data(written), .read_address({context_2, a_2}), .read_data(a_4), .is_bad(bad_a)
    );
    memory #(.WIDTH(256)) registers_c (
        .clk, .write, .flip(flips & wrote), .write_address, .write_data(written), .read_address({context_2, c_2}), .read_data(c_4), .is_bad(bad_c)
    );
    memory #(.WIDTH(256)) registers_d (
        .clk, .write, .flip(flips & wrote), .write_address, .write_data(written), .read_address({context_2, d_2}), .read_data(d_4), .is_bad(bad_d)
    );
    memory #(.WIDTH(256)) registers_e (
        .clk, .write, .flip(flips & wrote), .write_address, .write_data(written), .read_address({context_2, e_2}), .read_data(e_4), .is_bad(bad_e)
    );

    // The multiples of the generator: only the port of the left factor takes their coordinates.
    logic [511:0] point_4;
    logic         bad_point;
    memory #(.WIDTH(512), .ADDRESS(14), .WORDS(POINTS)) points (
        .clk, .write(point_write), .flip(1'b0), .write_address(point_address), .write_data(point_data),
        .read_address(point_2), .read_data(point_4), .is_bad(bad_point)
    );

    // Cycle 4: the pass begins.
    logic [18:0] control_4;
    logic        issued_4, is_point_4, of_y_4;
    delay #(.WIDTH(19), .CYCLES(3)) delay_control (.clk, .in({issue, line[13:8] == 6'h3f, line[7], is_negative, line[LINE_BITS-2:35]}), .out(control_4));
    assign {issued_4, is_point_4, of_y_4} = control_4[18:16];
    logic left_4, is_negative_4, less_twice_d_4;
    logic [2:0] right_4, scale_4, post_4, unused_report;
    logic is_signed_4;
    assign {is_negative_4, unused_report, less_twice_d_4, post_4, is_signed_4, scale_4, right_4, left_4} = control_4[15:0];
    datapath pass (
        .clk, .a(is_point_4 ? (of_y_4 ? point_4[511:256] : point_4[255:0]) : a_4), .c(c_4), .d(d_4), .e(e_4),
        .left(left_4), .right(right_4), .scale(scale_4), .is_negative(is_negative_4 & is_signed_4), .post(post_4), .less_twice_d(less_twice_d_4),
        .result, .is_zero(report_is_zero)
    );

    // Cycle 5: a line that read a word with wrong parity.
    always_ff @(posedge clk) begin
        broken         <= issued_4 & ((is_point_4 ? bad_point : bad_a) | bad_c | bad_d | bad_e);
        broken_context <= turn - 5'd4;
    end

    // Cycle 32: the result is written.
    logic [10:0] done;
    delay #(.WIDTH(11), .CYCLES(31)) delay_done (.clk, .in({issue & ~rst, issue ? line[LINE_BITS-2 -: 3] : 3'd0, line[6:0]}), .out(done));
    assign {wrote, report, to} = done;

    assign is_idle     = &idle;
    assign counts_pass = issue;
    assign counts_item = started;
    assign counts_parity = broken | (issue & command_breaks);
    assign observed[12:11] = {result_valid & ~result_ready, ~|idle};
endmodule
