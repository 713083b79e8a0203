// The card of each curve behind five functions of C.

#include <cstdint>

#include "Card_p256.h"
#include "Card_sm2.h"
#include "verilated.h"

namespace {

constexpr int LINES = 128, LOADER_STATES = 8, THROTTLES = 8, OBSERVED_BITS = 13;

// What was seen since the beginning, in clocks (of all engines): the fields of ffi.rs, in their order.
struct Coverage {
    uint64_t lines[LINES];
    uint64_t loader_states[LOADER_STATES];
    uint64_t throttles[THROTTLES];
};

// What a clock, or several, came to.
struct Stepped {
    uint64_t clocks;    // that passed
    uint32_t is_taken;  // the beat was taken
    uint32_t has_beat;  // one came
    uint32_t beat[16];
};

// A simulation with a context of its own: models of several threads know nothing of each other.
template <class Model>
struct Simulation {
    VerilatedContext context;
    Model model{&context};
    Coverage coverage{};

    Simulation() {
        model.rst_n = 0;
        for (int clock = 0; clock < 4; clock++) rise_after_settling();
        model.rst_n = 1;
    }

    void rise_after_settling() {
        settle();
        rise();
    }

    void settle() {
        model.clk = 0;
        model.eval();
    }

    void rise() {
        watch();
        model.clk = 1;
        model.eval();
    }

    // What each engine does (engine.sv: observed), and what waits for what.
    void watch() {
        constexpr int engines = Model::ENGINES;
        bool is_full = true, keeps = false;
        for (int engine = 0; engine < engines; engine++) {
            uint32_t seen = model.observed >> (OBSERVED_BITS * engine);
            if (seen >> 7 & 1) coverage.lines[seen & 127]++;
            coverage.loader_states[seen >> 8 & 7]++;
            is_full &= seen >> 11 & 1;
            keeps |= seen >> 12 & 1;
        }
        const bool waits[THROTTLES] = {
            model.s_axis_tvalid && model.s_axis_tready,
            model.s_axis_tvalid && !model.s_axis_tready && !is_full,
            model.s_axis_tvalid && !model.s_axis_tready && is_full,
            !model.s_axis_tvalid && !is_full,
            !model.s_axis_tvalid && is_full,
            keeps,
            model.m_axis_tvalid && !model.m_axis_tready,
            model.m_axis_tvalid && model.m_axis_tready,
        };
        for (int state = 0; state < THROTTLES; state++) coverage.throttles[state] += waits[state];
    }
};

struct Sm2 : Card_sm2 {
    using Card_sm2::Card_sm2;
    static constexpr int ENGINES = ENGINES_sm2;
};

struct P256 : Card_p256 {
    using Card_p256::Card_p256;
    static constexpr int ENGINES = ENGINES_p256;
};

// Up to `clocks` clocks, until the beat is taken or one comes. beat: 16 words of 32 bits, or null; control: last (1 bit), takes results (1).
template <class Model>
void step(void *handle, const uint32_t *beat, uint32_t control, uint64_t clocks, Stepped *stepped) {
    auto &simulation = *static_cast<Simulation<Model> *>(handle);
    auto &model = simulation.model;
    *stepped = {};
    model.s_axis_tvalid = beat != nullptr;
    for (int word = 0; beat != nullptr && word < 16; word++) model.s_axis_tdata[word] = beat[word];
    model.s_axis_tlast = control & 1;
    model.m_axis_tready = control >> 1 & 1;
    while (stepped->clocks < clocks && !stepped->is_taken && !stepped->has_beat) {
        simulation.settle();
        stepped->clocks++;
        stepped->is_taken = model.s_axis_tvalid && model.s_axis_tready;
        stepped->has_beat = model.m_axis_tvalid && model.m_axis_tready;
        if (stepped->has_beat)
            for (int word = 0; word < 16; word++) stepped->beat[word] = model.m_axis_tdata[word];
        simulation.rise();
    }
    model.s_axis_tvalid = 0;
    model.m_axis_tready = 0;
}

// A register, read or written; how many clocks that took. The streams wait.
template <class Model>
uint32_t access(void *handle, uint32_t is_write, uint32_t address, uint32_t *word) {
    auto &simulation = *static_cast<Simulation<Model> *>(handle);
    auto &model = simulation.model;
    uint32_t clocks = 0;
    const auto until = [&](const CData &is_done) {
        bool done = false;
        while (!done) {
            simulation.settle();
            clocks++;
            done = is_done;
            if (done && !is_write) *word = model.s_axil_rdata;
            simulation.rise();
        }
    };
    if (is_write) {
        model.s_axil_awaddr = address;
        model.s_axil_wdata = *word;
        model.s_axil_awvalid = model.s_axil_wvalid = model.s_axil_bready = 1;
        until(model.s_axil_awready);
        model.s_axil_awvalid = model.s_axil_wvalid = 0;
        until(model.s_axil_bvalid);
        model.s_axil_bready = 0;
    } else {
        model.s_axil_araddr = address;
        model.s_axil_arvalid = model.s_axil_rready = 1;
        until(model.s_axil_arready);
        model.s_axil_arvalid = 0;
        until(model.s_axil_rvalid);
        model.s_axil_rready = 0;
    }
    return clocks;
}

}  // namespace

#define CARD(name, Model)                                                                                                           \
    extern "C" void *card_##name##_new() { return new Simulation<Model>; }                                                          \
    extern "C" void card_##name##_free(void *handle) { delete static_cast<Simulation<Model> *>(handle); }                           \
    extern "C" void card_##name##_step(void *handle, const uint32_t *beat, uint32_t control, uint64_t clocks, Stepped *stepped) {   \
        step<Model>(handle, beat, control, clocks, stepped);                                                                        \
    }                                                                                                                               \
    extern "C" uint32_t card_##name##_access(void *handle, uint32_t is_write, uint32_t address, uint32_t *word) {                   \
        return access<Model>(handle, is_write, address, word);                                                                      \
    }                                                                                                                               \
    extern "C" void card_##name##_coverage(void *handle, Coverage *coverage) {                                                      \
        *coverage = static_cast<Simulation<Model> *>(handle)->coverage;                                                             \
    }

CARD(sm2, Sm2)
CARD(p256, P256)
