"""Benches of units under random stimulus and back-pressure. References are Python's own numbers and queues, and know nothing of the RTL or of the Rust model."""

import os
import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

PRIMES = {
    "sm2": 2**256 - 2**224 - 2**96 + 2**64 - 1,
    "p256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
}
CURVE = os.environ["CURVE"]

# Kinds of packets and their beats (model/src/wire.rs).
BEATS = {1: 5, 2: 2, 3: 1}


async def start(dut, seed, **inputs):
    """Starts the clock; the numbers of a bench come from its seed."""
    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    await step(dut, **inputs)
    return random.Random(seed)


async def step(dut, **inputs):
    """Goes into the next clock, sets inputs, and waits until outputs stand: what is read then is what the clock's end takes."""
    await FallingEdge(dut.clk)
    for name, value in inputs.items():
        getattr(dut, name).value = int(value)
    await ReadOnly()


def word(rng, bits):
    """A number of so many bits, often one with long runs of ones or zeros."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.choice([0, 1, 2**bits - 1, 2 ** (bits - 1)])
    if kind == 1:
        return (2**bits - 1) ^ (1 << rng.randrange(bits))
    return rng.getrandbits(bits)


@cocotb.test()
async def adder_sums(dut):
    rng = await start(dut, 1)
    expected = deque()
    # 100 bits in pieces of 33: four clocks.
    for _ in range(2_000):
        x, y, carry = word(rng, 100), word(rng, 100), rng.randrange(2)
        await step(dut, x=x, y=y, carry_in=carry)
        if len(expected) == 4:
            total = expected.popleft()
            assert int(dut.sum.value) == total % 2**100
            assert int(dut.carry_out.value) == total >> 100
        expected.append(x + y + carry)


@cocotb.test()
async def multiplier_multiplies(dut):
    rng = await start(dut, 2)
    expected = deque()
    for _ in range(400):
        left, right = word(rng, 260), word(rng, 272)
        await step(dut, left=left, right=right)
        if len(expected) == 11:
            assert int(dut.product.value) == expected.popleft()
        expected.append(left * right)


@cocotb.test()
async def datapath_passes(dut):
    rng = await start(dut, 3)
    p = PRIMES[CURVE]
    expected = deque()

    def element():
        return rng.choice([0, 1, p - 1, rng.randrange(p), rng.randrange(p), rng.randrange(p)])

    for _ in range(250):
        a, c, d, e = element(), element(), element(), element()
        left, right, post = rng.randrange(2), rng.randrange(5), rng.randrange(5)
        scale = rng.randrange(3 if left else 5)
        negative, less = rng.randrange(2), rng.randrange(2)
        await step(
            dut, a=a, c=c, d=d, e=e, left=left, right=right, scale=scale, is_negative=negative, post=post, less_twice_d=less
        )
        if len(expected) == 28:
            residue = expected.popleft()
            assert int(dut.result.value) == residue
            assert int(dut.is_zero.value) == (residue == 0)
        factor = [c, c + d, c - d, 2 * c - d, 4 * c - d][right]
        product = [1, 2, 3, 4, 8][scale] * (a - d if left else a) * factor
        added = [0, 1, -1, -2, -8][post] * e
        expected.append(((-product if negative else product) + added - 2 * d * less) % p)


@cocotb.test()
async def fifo_keeps_order(dut):
    rng = await start(dut, 4, rst=1, in_valid=0, out_ready=0, in_data=0)
    await step(dut, rst=0)
    queue, offers, takes = deque(), 1, 1
    fills = set()
    for clock in range(4_000):
        if clock % 50 == 0:
            offers, takes = rng.random(), rng.random()
        valid, ready, data = rng.random() < offers, rng.random() < takes, rng.getrandbits(64)
        await step(dut, in_valid=valid, out_ready=ready, in_data=data)
        has_room = len(queue) < 8
        assert int(dut.in_ready.value) == has_room
        assert int(dut.out_valid.value) == bool(queue)
        if queue:
            assert int(dut.out_data.value) == queue[0]
            if ready:
                queue.popleft()
        if valid and has_room:
            queue.append(data)
        fills.add(len(queue))
    assert fills == set(range(9))


@cocotb.test()
async def memory_marks_wrong_parity(dut):
    rng = await start(dut, 5, write=0, flip=0, write_address=0, write_data=0, read_address=0)
    words, reads = {}, deque()
    for address in range(16):
        words[address] = (rng.getrandbits(64), False)
        await step(dut, write=1, flip=0, write_address=address, write_data=words[address][0])
    bad = 0
    for _ in range(3_000):
        write, flip = rng.randrange(2), rng.random() < 0.1
        written, read, data = rng.randrange(16), rng.randrange(16), rng.getrandbits(64)
        await step(dut, write=write, flip=flip, write_address=written, write_data=data, read_address=read)
        if len(reads) == 2:
            value, is_bad = reads.popleft()
            assert (int(dut.read_data.value), int(dut.is_bad.value)) == (value, is_bad)
            bad += is_bad
        # What is read is what stood there before this clock.
        reads.append(words[read])
        if write:
            words[written] = (data, flip)
    assert bad > 50


@cocotb.test()
async def framer_cuts_transfers(dut):
    rng = await start(dut, 6, rst=1, in_valid=0, in_last=0, in_kind=0, out_ready=0)
    await step(dut, rst=0)
    beats, expected, dropped = [], [], 0
    for _ in range(300):
        transfer = []
        for _ in range(rng.randrange(1, 5)):
            kind = rng.choice([1, 1, 2, 3])
            packet = [(kind, True)] + [(rng.randrange(256), False)] * (BEATS[kind] - 1)
            transfer += [(value, place + 1 == len(packet)) for place, (value, _) in enumerate(packet)]
        end = rng.randrange(6)
        if end == 0:
            # The transfer ends within its last packet, or with it.
            transfer = transfer[: rng.randrange(1, len(transfer) + 1)]
            transfer[-1] = (transfer[-1][0], True)
        expected += transfer
        beats += [(value, False) for value, _ in transfer]
        if end == 1:
            # What is no packet is dropped with what is behind it.
            beats += [(rng.choice([0, 4, 255]), False)] + [(rng.randrange(256), False)] * rng.randrange(4)
            dropped += 1
        beats[-1] = (beats[-1][0], True)
    given, drops, waiting = [], 0, deque(beats)
    clocks = 0
    while waiting:
        clocks += 1
        assert clocks < 40_000
        valid, ready = rng.random() < 0.7, rng.random() < 0.7
        value, last = waiting[0]
        await step(dut, in_valid=valid, in_kind=value, in_last=last, out_ready=ready)
        if int(dut.out_valid.value) and ready:
            given.append((value, bool(int(dut.out_last.value))))
        drops += int(dut.dropped.value)
        if valid and int(dut.in_ready.value):
            waiting.popleft()
    assert given == expected
    assert drops == dropped
    # A reset within a transfer: the rest of it is dropped, the next one is not.
    await step(dut, in_valid=1, in_kind=1, in_last=0, out_ready=1)
    await step(dut, rst=1, in_valid=0)
    await step(dut, rst=0)
    await step(dut, in_valid=1, in_kind=3, in_last=1)
    assert not int(dut.out_valid.value) and int(dut.in_ready.value)
    await step(dut, in_valid=1, in_kind=3, in_last=1)
    assert int(dut.out_valid.value) and int(dut.out_last.value)


@cocotb.test()
async def packer_loses_nothing(dut):
    rng = await start(dut, 7, rst=1, flush=0, in_valid=0, in_data=0, out_ready=0)
    sent, got, transfer, longest = [], [], 0, 0
    for flush in [0, 1, 20, 500]:
        # A reset of the bench: what is under way was taken before.
        await step(dut, rst=1, flush=flush, in_valid=0, out_ready=1)
        await step(dut, rst=0)
        offers, takes = 1, 1
        oldest = None
        for clock in range(3_000):
            if clock % 100 == 0:
                offers, takes = rng.choice([0.01, 0.2, 1]), rng.choice([0.1, 0.8, 1])
            is_end = clock > 2_300
            valid, ready = not is_end and rng.random() < offers, is_end or rng.random() < takes
            data = rng.randrange(1, 9) << 32 | rng.getrandbits(32)
            await step(dut, in_valid=valid, in_data=data, out_ready=ready)
            if int(dut.out_valid.value) and ready:
                beat = int(dut.out_data.value)
                results = [beat >> (64 * slot) & (2**64 - 1) for slot in range(8)]
                full = [result for result in results if result]
                assert results[: len(full)] == full, "there are no holes"
                got += full
                transfer += 1
                assert transfer <= 64
                if int(dut.out_last.value):
                    longest, transfer, oldest = max(longest, transfer), 0, None
                else:
                    assert len(full) == 8, "a beat that is not full ends its transfer"
            if valid and int(dut.in_ready.value):
                sent.append(data)
                oldest = clock if oldest is None else oldest
            assert not is_end or oldest is None or clock - max(oldest, 2_300) < flush + 20, "a result waits longer than it may"
        assert got == sent and transfer == 0
    assert len(sent) > 2_000 and longest > 8


@cocotb.test()
async def distributor_gives_each_packet_once(dut):
    rng = await start(dut, 8, rst=1, in_valid=0, in_last=0, in_kind=0, engine_ready=0, result_valid=0, result_data=0, out_ready=0)
    await step(dut, rst=0)
    number = 0
    packet, owners = None, [0, 0, 0]
    waiting = [deque(), deque(), deque()]
    sent = got = 0
    for _ in range(6_000):
        if packet is None:
            kind = rng.choice([1, 1, 1, 2, 3])
            packet = [kind, BEATS[kind], None]
        kind, left, owner = packet
        valid, last = rng.random() < 0.8, left == 1
        ready = sum((rng.random() < 0.6) << engine for engine in range(3))
        for queue in waiting:
            if rng.random() < 0.2 and len(queue) < 4:
                number += 1
                queue.append(number)
        data = sum((queue[0] if queue else 0) << (40 * engine) for engine, queue in enumerate(waiting))
        offered = sum(bool(queue) << engine for engine, queue in enumerate(waiting))
        takes = rng.random() < 0.7
        await step(
            dut,
            in_valid=valid,
            in_last=last,
            in_kind=kind if owner is None else rng.randrange(256),
            engine_ready=ready,
            result_valid=offered,
            result_data=data,
            out_ready=takes,
        )
        given = int(dut.engine_valid.value)
        assert given & ~ready == 0, "nobody is given a beat without room"
        if valid and int(dut.in_ready.value):
            assert given == owner if owner is not None else given in ([1, 2, 4] if kind == 1 else [7])
            packet = None if last else [kind, left - 1, given]
            owners = [count + (given >> engine & 1) for engine, count in enumerate(owners)]
            sent += 1
        else:
            assert given == 0
        taken = int(dut.result_ready.value) & offered
        if int(dut.out_valid.value) and takes:
            engine = {1: 0, 2: 1, 4: 2}[taken]
            assert int(dut.out_data.value) == waiting[engine].popleft()
            got += 1
        else:
            assert taken == 0
    assert sent > 1_000 and got > 1_000 and min(owners) > 300, (sent, got, owners)


async def write(dut, rng, address, data):
    """Writes a register: the address and the word come when they come, and so does who takes the answer."""
    left = {"aw_valid": rng.randrange(4), "w_valid": rng.randrange(4)}
    inputs = {"aw_addr": address | rng.randrange(4), "w_data": data, "b_ready": 0}
    while left:
        left = {name: delay - 1 for name, delay in left.items()}
        valid = {name: name in left and left[name] < 0 for name in ["aw_valid", "w_valid"]}
        await step(dut, **valid, **inputs)
        for name, ready in [("aw_valid", dut.aw_ready), ("w_valid", dut.w_ready)]:
            if valid[name] and int(ready.value):
                del left[name]
    await step(dut, aw_valid=0, w_valid=0)
    for _ in range(rng.randrange(3)):
        assert int(dut.b_valid.value), "the answer stays"
        await step(dut)
    await step(dut, b_ready=1)
    assert int(dut.b_valid.value)
    await step(dut, b_ready=0)
    assert not int(dut.b_valid.value)


async def read(dut, rng, address):
    """Reads a register."""
    await step(dut, ar_valid=1, ar_addr=address | rng.randrange(4), r_ready=0)
    assert int(dut.ar_ready.value)
    await step(dut, ar_valid=0)
    for _ in range(rng.randrange(3)):
        assert int(dut.r_valid.value), "the answer stays"
        await step(dut)
    await step(dut, r_ready=1)
    data = int(dut.r_data.value)
    await step(dut, r_ready=0)
    return data


@cocotb.test()
async def registers_hold_and_count(dut):
    counters = len(dut.counts) // 8
    idle = dict(aw_valid=0, w_valid=0, b_ready=0, ar_valid=0, r_ready=0, aw_addr=0, w_data=0, ar_addr=0, counts=0, is_idle=1)
    rng = await start(dut, 9, rst_n=0, **idle)
    await step(dut)
    await step(dut, rst_n=1)
    # Addresses as registers.md has them.
    identity, curve, engines, credits, flush, control, status, errors, first = 0, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x40
    assert await read(dut, rng, identity) == int.from_bytes(b"CBFV", "big")
    assert await read(dut, rng, curve) == {"sm2": 1, "p256": 2}[CURVE]
    assert (await read(dut, rng, engines), await read(dut, rng, credits)) == (3, 3 * 48)
    assert await read(dut, rng, flush) == 25_000
    assert await read(dut, rng, status) == 3, "idle, and the reset of the shell is under way"
    for _ in range(120):
        await step(dut)
    assert await read(dut, rng, status) == 1
    for _ in range(10):
        value = rng.getrandbits(32)
        await write(dut, rng, flush, value)
        assert await read(dut, rng, flush) == value == int(dut.flush.value)
        await write(dut, rng, rng.choice([identity, curve, status, errors, first, 0xFFC]), value)
        assert await read(dut, rng, identity) == int.from_bytes(b"CBFV", "big")
    # Counters go on; a snapshot stands still.
    sums = [0] * counters
    for _ in range(300):
        counts = [rng.choice([0, 0, 1, 3]) for _ in range(counters)]
        await step(dut, counts=sum(count << (8 * number) for number, count in enumerate(counts)))
        sums = [total + count for total, count in zip(sums, counts)]
    await step(dut, counts=0)
    await write(dut, rng, control, 2)
    await step(dut, counts=1)
    for number, total in enumerate(sums):
        low = await read(dut, rng, first + 8 * number)
        assert low + (await read(dut, rng, first + 8 * number + 4) << 32) == total, number
    assert await read(dut, rng, first + 8 * counters) == 0
    # Errors stand until they are cleared; a reset is held for more than the pipelines are long.
    await step(dut, counts=0)
    assert await read(dut, rng, errors) == 7
    await write(dut, rng, control, 1)
    held = 0
    while int(dut.rst.value):
        held += 1
        await step(dut)
    assert held > 64
    assert await read(dut, rng, errors) == 7
    await write(dut, rng, control, 4)
    assert (await read(dut, rng, errors), await read(dut, rng, control)) == (0, 0)
