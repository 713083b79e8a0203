// What each context does in its turn: which line of the microprogram, and what becomes of its item.
//
// An item is a list of commands (model/src/wire.rs), each of which doubles so many times and then runs a routine. Cycle 0 of a turn reads the context's state, cycle 1
// decides: so the reports of the line before, which come in cycle 0, are known.
`include "program.svh"

module sequencer (
    input  logic        clk,
    input  logic        rst,
    input  logic [4:0]  turn,           // the context in cycle 0
    // An item that is loaded: taken in the turn of its context.
    input  logic        start,
    input  logic [4:0]  start_context,
    input  logic [31:0] start_tag,
    input  logic [6:0]  start_count,    // commands
    input  logic        start_key_range,
    input  logic        start_scalar_range,
    input  logic        start_is_low,   // c + n is below p
    output logic        started,
    output logic [31:0] is_idle,
    // Its commands.
    input  logic        command_write,
    input  logic [11:0] command_address,
    input  logic [15:0] command_data,
    // The line of cycle 1, with its digit.
    output logic        issue,
    output logic [LINE_BITS-2:0] issue_line,
    output logic [2:0]  issue_entry,
    output logic        issue_is_negative,
    output logic [13:0] issue_point,
    // What is told of the line before, in cycle 0; and of the parity of what a line read, whenever.
    input  logic [2:0]  report,
    input  logic        report_is_zero,
    input  logic        broken,
    input  logic [4:0]  broken_context,
    // What became of items.
    output logic        result_valid,
    input  logic        result_ready,
    output logic [39:0] result,
    output logic        breaks,         // the next command, which the line of cycle 1 reads, has wrong parity
    output logic [7:0]  observed        // a line begins, the line
);
    // The state of each context. `left`: doublings to do, this one among them; 0 in any other routine.
    logic [31:0] is_active, is_finishing;
    logic [31:0] key_range, scalar_range, is_low, off_curve, equal, is_c, is_c_plus_n, is_broken, is_malformed;
    logic [6:0]  pc [0:31], index [0:31], count [0:31];
    logic [8:0]  left [0:31];
    logic [15:0] command [0:31];
    logic [31:0] tag [0:31];

    // Cycle 1.
    logic [4:0]  context_1;
    logic [6:0]  pc_1, index_1, count_1;
    logic [8:0]  left_1;
    logic [15:0] command_1, next_1;
    logic        next_is_bad;
    logic [LINE_BITS-1:0] line_1;
    memory #(.WIDTH(16), .PART(16), .ADDRESS(12), .LATENCY(1)) commands (
        .clk, .write(command_write), .flip(1'b0), .write_address(command_address), .write_data(command_data),
        .read_address({turn, index[turn]}), .read_data(next_1), .is_bad(next_is_bad)
    );
    always_ff @(posedge clk) begin
        context_1 <= turn;
        pc_1      <= pc[turn];
        index_1   <= index[turn];
        count_1   <= count[turn];
        left_1    <= left[turn];
        command_1 <= command[turn];
        line_1    <= rom_line(pc[turn]);
    end

    // The routine of a command, by its bits 15, 5 and 4.
    function automatic logic [6:0] routine(input logic is_point, input logic [1:0] then);
        if (is_point) routine = ADD_FIXED;
        else case (then)
            2'd1:    routine = BEGIN;
            2'd2:    routine = ADD;
            default: routine = COMPARE;
        endcase
    endfunction

    logic is_bad, is_done;
    assign is_bad = key_range[context_1] | scalar_range[context_1] | off_curve[context_1] | equal[context_1] | is_broken[context_1]
                    | is_malformed[context_1];
    assign is_done           = is_active[context_1] & (is_finishing[context_1] | is_bad);
    assign issue             = is_active[context_1] & ~is_done;
    assign issue_line        = line_1[LINE_BITS-2:0];
    assign issue_entry       = command_1[2:0];
    assign issue_is_negative = command_1[15] ? command_1[9] : command_1[3];
    assign issue_point       = {command_1[14:10], command_1[8:0]};

    // The line after this one.
    logic [6:0]  pc_next, index_next;
    logic [8:0]  left_next;
    logic [15:0] command_next;
    logic        finishes, malformed;
    always_comb begin
        pc_next      = pc_1 + 7'd1;
        index_next   = index_1;
        left_next    = left_1;
        command_next = command_1;
        finishes     = 1'b0;
        breaks       = 1'b0;
        malformed    = 1'b0;
        if (line_1[LINE_BITS-1]) begin
            if (left_1 > 9'd1) begin
                pc_next   = DOUBLE;
                left_next = left_1 - 9'd1;
            end else if (left_1 == 9'd1 && (command_1[15] || command_1[5:4] != 2'd0)) begin
                pc_next   = routine(command_1[15], command_1[5:4]);
                left_next = '0;
            end else if (left_1 == '0 && !command_1[15] && command_1[5:4] == 2'd3) begin
                finishes = 1'b1;
            end else begin
                command_next = next_1;
                index_next   = index_1 + 7'd1;
                left_next    = next_1[15] ? '0 : next_1[14:6];
                pc_next      = (left_next != '0) ? DOUBLE : routine(next_1[15], next_1[5:4]);
                breaks       = next_is_bad;
                malformed    = index_1 == count_1 || (!next_1[15] && next_1[14:4] == '0);
            end
        end
    end

    // What is known of an item that is done.
    logic [7:0] outcome;
    always_comb begin
        if (is_broken[context_1])         outcome = BROKEN;
        else if (is_malformed[context_1]) outcome = MALFORMED;
        else if (key_range[context_1])    outcome = KEY_RANGE;
        else if (scalar_range[context_1]) outcome = SCALAR_RANGE;
        else if (off_curve[context_1])    outcome = OFF_CURVE;
        else if (equal[context_1])        outcome = UNDECIDED;
        else outcome = (is_c[context_1] | (is_c_plus_n[context_1] & is_low[context_1])) ? VALID : MISMATCH;
    end
    assign observed     = {issue, pc_1};
    assign result_valid = is_done;
    assign result       = {outcome, tag[context_1]};

    // The loader fills idle contexts only, so that nobody's item is written over.
    always_ff @(posedge clk) if (!rst && started) assert (!is_active[context_1]);

    assign started = start && start_context == context_1;
    assign is_idle = ~is_active;
    always_ff @(posedge clk) begin
        if (started) begin
            pc[context_1]      <= '0;
            index[context_1]   <= '0;
            count[context_1]   <= start_count;
            left[context_1]    <= '0;
            command[context_1] <= '0;
            tag[context_1]     <= start_tag;
        end else if (issue) begin
            pc[context_1]      <= pc_next;
            index[context_1]   <= index_next;
            left[context_1]    <= left_next;
            command[context_1] <= command_next;
        end
        case (report)
            R_OFF_CURVE:   off_curve[turn] <= !report_is_zero;
            R_EQUAL:       equal[turn] <= equal[turn] | report_is_zero;
            R_IS_C:        is_c[turn] <= report_is_zero;
            R_IS_C_PLUS_N: is_c_plus_n[turn] <= report_is_zero;
            default: ;
        endcase
        if (started) begin
            is_finishing[context_1] <= 1'b0;
            key_range[context_1]    <= start_key_range;
            scalar_range[context_1] <= start_scalar_range;
            is_low[context_1]       <= start_is_low;
            off_curve[context_1]    <= 1'b0;
            equal[context_1]        <= 1'b0;
            is_c[context_1]         <= 1'b0;
            is_c_plus_n[context_1]  <= 1'b0;
            is_broken[context_1]    <= 1'b0;
            is_malformed[context_1] <= 1'b0;
        end else if (issue) begin
            is_finishing[context_1] <= finishes;
            is_broken[context_1]    <= is_broken[context_1] | breaks;
            is_malformed[context_1] <= malformed;
        end
        if (broken) is_broken[broken_context] <= 1'b1;
        if (rst) is_active <= '0;
        else if (started) is_active[context_1] <= 1'b1;
        else if (is_done && result_ready) is_active[context_1] <= 1'b0;
    end
endmodule
