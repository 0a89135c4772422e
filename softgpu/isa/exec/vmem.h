/* SPDX-License-Identifier: MIT
 *
 * The loads, stores and atomics that the vector memory encodings share, by the suffix of their
 * names: flat_load_dword, global_load_dword, scratch_load_dword, buffer_load_dword.
 */
#ifndef SOFTGPU_ISA_EXEC_VMEM_H
#define SOFTGPU_ISA_EXEC_VMEM_H

/* X(encoding, suffix, enum isa_mem_kind without ISA_MEM_) */
#define ISA_VMEM_LOADS(X, enc)                                                                     \
    X(enc, ubyte, U8)                                                                              \
    X(enc, sbyte, I8)                                                                              \
    X(enc, ushort, U16)                                                                            \
    X(enc, sshort, I16)                                                                            \
    X(enc, ubyte_d16, U8_D16)                                                                      \
    X(enc, ubyte_d16_hi, U8_D16_HI)                                                                \
    X(enc, sbyte_d16, I8_D16)                                                                      \
    X(enc, sbyte_d16_hi, I8_D16_HI)                                                                \
    X(enc, short_d16, B16_D16)                                                                     \
    X(enc, short_d16_hi, B16_D16_HI)                                                               \
    X(enc, dword, B32)                                                                             \
    X(enc, dwordx2, B64)                                                                           \
    X(enc, dwordx3, B96)                                                                           \
    X(enc, dwordx4, B128)

#define ISA_VMEM_STORES(X, enc)                                                                    \
    X(enc, byte, U8)                                                                               \
    X(enc, byte_d16_hi, U8_D16_HI)                                                                 \
    X(enc, short, U16)                                                                             \
    X(enc, short_d16_hi, B16_D16_HI)                                                               \
    X(enc, dword, B32)                                                                             \
    X(enc, dwordx2, B64)                                                                           \
    X(enc, dwordx3, B96)                                                                           \
    X(enc, dwordx4, B128)

/* X(encoding, suffix = operation of atomic.h, compares); all exist in 32 bits and, with _x2, in
 * 64. One that compares has the value to compare with behind the new value. */
#define ISA_VMEM_ATOMICS(X, enc)                                                                   \
    X(enc, swap, 0)                                                                                \
    X(enc, cmpswap, 1)                                                                             \
    X(enc, add, 0)                                                                                 \
    X(enc, sub, 0)                                                                                 \
    X(enc, smin, 0)                                                                                \
    X(enc, umin, 0)                                                                                \
    X(enc, smax, 0)                                                                                \
    X(enc, umax, 0)                                                                                \
    X(enc, and, 0)                                                                                 \
    X(enc, or, 0)                                                                                  \
    X(enc, xor, 0)                                                                                 \
    X(enc, inc, 0)                                                                                 \
    X(enc, dec, 0)                                                                                 \
    X(enc, fcmpswap, 1)                                                                            \
    X(enc, fmin, 0)                                                                                \
    X(enc, fmax, 0)

#endif
