// The verifier of each curve behind three functions of C.

#include <cstdint>

#include "Verifier_p256.h"
#include "Verifier_sm2.h"
#include "verilated.h"

namespace {

// A simulation with a context of its own: models of several threads know nothing of each other.
template <class Model>
struct Simulation {
    VerilatedContext context;
    Model model{&context};
};

// What a clock, or several, came to.
struct Stepped {
    uint64_t clocks;   // that passed
    uint64_t passes;   // that began in them
    uint32_t items;    // that began
    uint32_t dropped;  // packets
    uint32_t is_taken; // the beat was taken
    uint32_t is_idle;  // no engine has an item
    uint32_t outcome;  // of a result that came; 0 where none did
    uint32_t tag;      // its tag
};

// Up to `clocks` clocks, until the beat is taken or a result comes. beat: 16 words of 32 bits, or null; control: last (1 bit), takes results (1), rst (1), flip (1).
template <class Model>
void step(void *handle, const uint32_t *beat, uint32_t control, uint64_t clocks, Stepped *stepped) {
    Model &model = static_cast<Simulation<Model> *>(handle)->model;
    *stepped = {};
    model.in_valid = beat != nullptr;
    for (int word = 0; beat != nullptr && word < 16; word++) model.in_data[word] = beat[word];
    model.in_last = control & 1;
    model.out_ready = control >> 1 & 1;
    model.rst = control >> 2 & 1;
    model.flip = control >> 3 & 1;
    while (stepped->clocks < clocks && stepped->is_taken == 0 && stepped->outcome == 0) {
        model.clk = 0;
        model.eval();
        stepped->clocks++;
        stepped->passes += __builtin_popcount(model.counts_pass);
        stepped->items += __builtin_popcount(model.counts_item);
        stepped->dropped += __builtin_popcount(model.counts_dropped);
        stepped->is_taken = model.in_valid && model.in_ready;
        if (model.out_valid && model.out_ready) {
            stepped->tag = static_cast<uint32_t>(model.out_data);
            stepped->outcome = static_cast<uint32_t>(model.out_data >> 32);
        }
        model.clk = 1;
        model.eval();
        model.flip = 0;
    }
    stepped->is_idle = model.is_idle;
}

}  // namespace

#define CURVE(name)                                                                                                                    \
    extern "C" void *verifier_##name##_new() { return new Simulation<Verifier_##name>; }                                              \
    extern "C" void verifier_##name##_free(void *handle) { delete static_cast<Simulation<Verifier_##name> *>(handle); }               \
    extern "C" void verifier_##name##_step(void *handle, const uint32_t *beat, uint32_t control, uint64_t clocks, Stepped *stepped) { \
        step<Verifier_##name>(handle, beat, control, clocks, stepped);                                                                \
    }

CURVE(sm2)
CURVE(p256)
