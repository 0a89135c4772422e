/* SPDX-License-Identifier: MIT
 *
 * What memory instructions do, written a second time and without regard for speed: the tests'
 * references. Operations are known by the names that the ISA guide gives them.
 */
#ifndef TESTS_UNIT_ISA_MEM_REFERENCE_H
#define TESTS_UNIT_ISA_MEM_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

/* A load's or store's data by the last part of its name: "ubyte_d16_hi", "dwordx3", "u16", "b64".
 */
struct ref_data {
    unsigned bytes;
    bool sign, d16, hi;
};
struct ref_data ref_data_parse(const char *suffix);

/* Registers after a load of `bytes` (little-endian), given what they were; and a store's bytes. */
void ref_load(struct ref_data data, const uint8_t *bytes, uint32_t *registers);
void ref_store(struct ref_data data, const uint32_t *registers, uint8_t *out_bytes);

/* The new value of an atomic: "add", "umin", "fcmpswap" ...; ds names are given the same ones. */
uint64_t ref_atomic(const char *name, unsigned bits, uint64_t old, uint64_t data, uint64_t cmp);

#endif
