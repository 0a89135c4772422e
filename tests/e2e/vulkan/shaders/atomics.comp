#version 450
/* SPDX-License-Identifier: MIT
 * Atomics on 32 and 64 bits in buffers and in shared memory, from all invocations at once. */
#extension GL_EXT_shader_atomic_int64 : require
#extension GL_ARB_gpu_shader_int64 : require

layout(local_size_x = 256) in;
layout(binding = 0) buffer Words {
    uint add, sub, low, high, and_, or_, xor_, swaps, last, exchanged;
} words;
layout(binding = 1) buffer Quads { uint64_t add, low, high, or_, swaps; } quads;
layout(binding = 2) buffer Tickets { uint taken[]; } tickets;
struct Sum { uint64_t wide; uint narrow; uint spare; };
layout(binding = 3) buffer Sums { Sum of[2]; } sums;

shared uint counter;
shared uint64_t wide;

void main()
{
    uint i = gl_GlobalInvocationID.x;

    if (gl_LocalInvocationIndex == 0) {
        counter = 0;
        wide = 0;
    }
    barrier();
    tickets.taken[atomicAdd(words.add, 1)] += 1;
    atomicAdd(words.sub, -3);
    atomicMin(words.low, 1000000 - i);
    atomicMax(words.high, i * 7);
    atomicAnd(words.and_, ~(1u << (i & 15)));
    atomicOr(words.or_, 1u << (i % 29));
    atomicXor(words.xor_, i);
    for (uint seen = words.swaps, old;; seen = old) { /* count with compare-and-swap */
        old = atomicCompSwap(words.swaps, seen, seen + 2);
        if (old == seen)
            break;
    }
    atomicAdd(words.exchanged, atomicExchange(words.last, i + 1));
    atomicAdd(quads.add, uint64_t(i) << 24);
    atomicMin(quads.low, (uint64_t(1) << 40) - i);
    atomicMax(quads.high, uint64_t(i) << 33);
    atomicOr(quads.or_, uint64_t(1) << (i % 61));
    for (uint64_t seen = quads.swaps, old;; seen = old) {
        old = atomicCompSwap(quads.swaps, seen, seen + 3);
        if (old == seen)
            break;
    }
    atomicAdd(counter, i);
    atomicAdd(wide, uint64_t(i) << 20);
    barrier();
    if (gl_LocalInvocationIndex == 0) {
        atomicAdd(sums.of[gl_WorkGroupID.x & 1].narrow, counter);
        atomicAdd(sums.of[gl_WorkGroupID.x & 1].wide, wide);
    }
}
