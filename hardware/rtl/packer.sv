// Results become beats: eight a beat, eight bytes each (tag, outcome, zeros), and what is left of a beat is 0. A transfer of beats ends after 64 of them, or when its
// first result is `flush` clocks old, so that who reads waits no longer.
module packer (
    input  logic         clk,
    input  logic         rst,
    input  logic [31:0]  flush,
    input  logic         in_valid,
    output logic         in_ready,
    input  logic [39:0]  in_data,
    output logic         out_valid,
    input  logic         out_ready,
    output logic         out_last,
    output logic [511:0] out_data
);
    logic [511:0] slots;
    logic [3:0]   filled;
    logic [5:0]   beats;    // of the transfer
    logic [31:0]  age;      // clocks since its first result

    logic is_open, is_due, is_full, is_free, emits, takes;
    assign is_open  = filled != '0 || beats != '0;
    assign is_due   = is_open && age >= flush;
    assign is_full  = filled == 4'd8;
    assign is_free  = !out_valid || out_ready;
    assign emits    = is_free && (is_full || is_due);
    assign in_ready = !rst && !is_full && !emits;
    assign takes    = in_valid && in_ready;

    logic ends;
    assign ends = is_due || beats == 6'd63;
    always_ff @(posedge clk) begin
        if (emits && !rst) begin
            out_data <= slots;
            out_last <= ends;
            slots    <= '0;
        end else if (takes) begin
            slots[64*filled[2:0] +: 64] <= {24'b0, in_data};
        end
        if (rst) begin
            // What is offered already stays: a stream takes nothing back.
            if (out_ready) out_valid <= 1'b0;
            slots  <= '0;
            filled <= '0;
            beats  <= '0;
            age    <= '0;
        end else begin
            if (is_free) out_valid <= emits;
            if (emits) filled <= '0;
            else if (takes) filled <= filled + 4'd1;
            if (emits) beats <= ends ? '0 : beats + 6'd1;
            if (!is_open || (emits && ends)) age <= '0;
            else if (age < flush) age <= age + 32'd1;
        end
    end
    initial out_valid = 1'b0;

`ifdef FORMAL
    // A beat that is offered stays as it is until it is taken, through a reset too; a result that is taken stands in its slot until its beat is offered; and slots behind
    // the last are 0: what is no result says nothing. hardware/sim/tests/rtl/formal.rs proves it by induction.
    logic         was_reset = 1'b0;
    logic         stays, emitted, took, rested;
    logic [512:0] offered;
    logic [511:0] before;
    logic [3:0]   place;
    logic [39:0]  word;
    always_ff @(posedge clk) begin
        was_reset <= was_reset | rst;
        stays     <= out_valid && !out_ready;
        emitted   <= !rst && emits;
        took      <= !rst && takes;
        rested    <= !rst && !emits && !takes;
        offered   <= {out_last, out_data};
        before    <= slots;
        place     <= filled;
        word      <= in_data;
        if (was_reset) begin
            assert (filled <= 4'd8);
            for (int slot = 0; slot < 8; slot++) if (slot >= filled) assert (slots[64*slot +: 64] == '0);
            if (stays) assert (out_valid && {out_last, out_data} == offered);
            if (emitted) assert (out_valid && out_data == before && filled == '0);
            if (took) assert (filled == place + 4'd1 && slots == (before | ({472'b0, word} << (64 * place))));
            if (rested) assert (filled == place && slots == before);
        end
    end
`endif
endmodule
