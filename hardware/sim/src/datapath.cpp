// The datapath of each curve behind three functions of C.

#include <cstdint>

#include "Datapath_p256.h"
#include "Datapath_sm2.h"
#include "verilated.h"

namespace {

// A simulation with a context of its own: models of several threads know nothing of each other.
template <class Model>
struct Simulation {
    VerilatedContext context;
    Model model{&context};
};

// One clock. ports: a, c, d, e, eight digits of 32 bits each, the lowest first; control: left (1 bit), right (3), scale (3), is_negative (1), post (3),
// less_twice_d (1); result: eight digits, and whether it is 0.
template <class Model>
void step(void *handle, const uint32_t *ports, uint32_t control, uint32_t *result) {
    Model &model = static_cast<Simulation<Model> *>(handle)->model;
    for (int digit = 0; digit < 8; digit++) {
        model.a[digit] = ports[digit];
        model.c[digit] = ports[8 + digit];
        model.d[digit] = ports[16 + digit];
        model.e[digit] = ports[24 + digit];
    }
    model.left = control & 1;
    model.right = control >> 1 & 7;
    model.scale = control >> 4 & 7;
    model.is_negative = control >> 7 & 1;
    model.post = control >> 8 & 7;
    model.less_twice_d = control >> 11 & 1;
    model.clk = 0;
    model.eval();
    model.clk = 1;
    model.eval();
    for (int digit = 0; digit < 8; digit++) result[digit] = model.result[digit];
    result[8] = model.is_zero;
}

}  // namespace

#define CURVE(name)                                                                                                      \
    extern "C" void *datapath_##name##_new() { return new Simulation<Datapath_##name>; }                                 \
    extern "C" void datapath_##name##_free(void *handle) { delete static_cast<Simulation<Datapath_##name> *>(handle); } \
    extern "C" void datapath_##name##_step(void *handle, const uint32_t *ports, uint32_t control, uint32_t *result) {   \
        step<Datapath_##name>(handle, ports, control, result);                                                          \
    }

CURVE(sm2)
CURVE(p256)
