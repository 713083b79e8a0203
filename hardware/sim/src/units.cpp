// Units alone, each behind three functions of C: new, free, and a clock. A clock takes up to 32 words and a control word, and gives up to 18 words.

#include <cstdint>

#include "Adder_sm2.h"
#include "Datapath_p256.h"
#include "Datapath_sm2.h"
#include "Fifo_sm2.h"
#include "Multiplier_sm2.h"
#include "Sequencer_sm2.h"
#include "verilated.h"

namespace {

// A simulation with a context of its own: models of several threads know nothing of each other.
template <class Model>
struct Simulation {
    VerilatedContext context;
    Model model{&context};
};

template <class Model>
void rise(Model &model) {
    model.clk = 1;
    model.eval();
}

template <class Model>
void settle(Model &model) {
    model.clk = 0;
    model.eval();
}

// a, c, d, e, eight digits each; control: left (1 bit), right (3), scale (3), is_negative (1), post (3), less_twice_d (1). Eight digits, and whether they are 0.
template <class Model>
void clock_datapath(Model &model, const uint32_t *in, uint32_t control, uint32_t *out) {
    for (int digit = 0; digit < 8; digit++) {
        model.a[digit] = in[digit];
        model.c[digit] = in[8 + digit];
        model.d[digit] = in[16 + digit];
        model.e[digit] = in[24 + digit];
    }
    model.left = control & 1;
    model.right = control >> 1 & 7;
    model.scale = control >> 4 & 7;
    model.is_negative = control >> 7 & 1;
    model.post = control >> 8 & 7;
    model.less_twice_d = control >> 11 & 1;
    settle(model);
    rise(model);
    for (int digit = 0; digit < 8; digit++) out[digit] = model.result[digit];
    out[8] = model.is_zero;
}

void clock(Datapath_sm2 &model, const uint32_t *in, uint32_t control, uint32_t *out) { clock_datapath(model, in, control, out); }
void clock(Datapath_p256 &model, const uint32_t *in, uint32_t control, uint32_t *out) { clock_datapath(model, in, control, out); }

// Nine words each of two factors; the product's 17.
void clock(Multiplier_sm2 &model, const uint32_t *in, uint32_t, uint32_t *out) {
    for (int word = 0; word < 9; word++) {
        model.left[word] = in[word];
        model.right[word] = in[9 + word];
    }
    settle(model);
    rise(model);
    for (int word = 0; word < 17; word++) out[word] = model.product[word];
}

// Nine words each of two summands; control: the carry. The sum's nine, and its carry.
void clock(Adder_sm2 &model, const uint32_t *in, uint32_t control, uint32_t *out) {
    for (int word = 0; word < 9; word++) {
        model.x[word] = in[word];
        model.y[word] = in[9 + word];
    }
    model.carry_in = control & 1;
    settle(model);
    rise(model);
    for (int word = 0; word < 9; word++) out[word] = model.sum[word];
    out[9] = model.carry_out;
}

// A word of 64 bits; control: offered, taken, reset. What stands in front, whether it does, and whether there is room: before the clock.
void clock(Fifo_sm2 &model, const uint32_t *in, uint32_t control, uint32_t *out) {
    model.in_data = in[0] | static_cast<uint64_t>(in[1]) << 32;
    model.in_valid = control & 1;
    model.out_ready = control >> 1 & 1;
    model.rst = control >> 2 & 1;
    settle(model);
    out[0] = static_cast<uint32_t>(model.out_data);
    out[1] = static_cast<uint32_t>(model.out_data >> 32);
    out[2] = model.out_valid;
    out[3] = model.in_ready;
    rise(model);
}

// Turn, start's context, tag and count, a command's address and word, a report, a broken context; control: start, command_write, report_is_zero, broken,
// result_ready, rst. What stands there before the clock: started, issue, line (two words), entry, is_negative, point, result_valid, result (two words), is_idle.
void clock(Sequencer_sm2 &model, const uint32_t *in, uint32_t control, uint32_t *out) {
    model.turn = in[0];
    model.start_context = in[1];
    model.start_tag = in[2];
    model.start_count = in[3];
    model.command_address = in[4];
    model.command_data = in[5];
    model.report = in[6];
    model.broken_context = in[7];
    model.start = control & 1;
    model.command_write = control >> 1 & 1;
    model.report_is_zero = control >> 2 & 1;
    model.broken = control >> 3 & 1;
    model.result_ready = control >> 4 & 1;
    model.rst = control >> 5 & 1;
    settle(model);
    out[0] = model.started;
    out[1] = model.issue;
    out[2] = static_cast<uint32_t>(model.issue_line);
    out[3] = static_cast<uint32_t>(model.issue_line >> 32);
    out[4] = model.issue_entry;
    out[5] = model.issue_is_negative;
    out[6] = model.issue_point;
    out[7] = model.result_valid;
    out[8] = static_cast<uint32_t>(model.result);
    out[9] = static_cast<uint32_t>(model.result >> 32);
    out[10] = model.is_idle;
    rise(model);
}

}  // namespace

#define UNIT(name, Model)                                                                                               \
    extern "C" void *name##_new() { return new Simulation<Model>; }                                                     \
    extern "C" void name##_free(void *handle) { delete static_cast<Simulation<Model> *>(handle); }                      \
    extern "C" void name##_clock(void *handle, const uint32_t *in, uint32_t control, uint32_t *out) {                   \
        clock(static_cast<Simulation<Model> *>(handle)->model, in, control, out);                                       \
    }

UNIT(datapath_sm2, Datapath_sm2)
UNIT(datapath_p256, Datapath_p256)
UNIT(multiplier, Multiplier_sm2)
UNIT(adder, Adder_sm2)
UNIT(fifo, Fifo_sm2)
UNIT(sequencer, Sequencer_sm2)
